/*
 * credentials.h - read the user name and the password or token
 *
 * The secret comes from password, from password_file (without one newline at
 * its end), or from the output of password_command or token_command, or of
 * relais-token for the login that token names.  If none of these keys is set,
 * password_file can be that of passed_secret.h.
 */
#ifndef CONFIG_CREDENTIALS_H
#define CONFIG_CREDENTIALS_H

#include <stdbool.h>

#include "config/command_process.h"
#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

struct credentials {
	char	*user;		/* owned, or NULL */
	char	*password;	/* owned, or NULL; wiped when freed */
	char	*token;		/* owned, or NULL; wiped when freed */
	bool	 by_token;	/* token or token_command is set */
	const struct setting *login;	/* token, if it is used; borrowed from
					 * the configuration */
	bool	 is_exposed;	/* read from a password_file that all users can
				 * read; see credentials_warn() */
	char	 origin[256];	/* of the secret, for messages:
				 * "/etc/relais.conf:3 (password_file)" */
};

/* Where the credentials come from; nothing has been read. */
struct credentials_choice {
	const char		*user;		/* borrowed; NULL: none */
	const struct setting	*user_set;	/* NULL: from the URL */
	const struct setting	*secret;	/* or NULL */
	enum config_key		 key;		/* of .secret */
};

/* Chooses by the rules of credentials_read(), and reads no file. */
void	credentials_choose(struct credentials_choice *, const struct config *,
	    const struct config_subject *, const char *url_user);

/*
 * Reads the credentials for the smarthost of this subject (config_credential).
 * url_user is the user in the URL of the smarthost, or NULL; it takes
 * precedence over the key user, because it applies to one host only.  Without a
 * user, nothing is read and the result is true.
 *
 * False with EX_CONFIG if a command fails, or if the secret is empty or can be
 * read by other users; EX_NOPERM if this user has no permission to read the
 * file; EX_TEMPFAIL if the command timed out or exited with that status.
 */
bool	credentials_read(struct credentials *, const struct config *,
	    const struct config_subject *, const char *url_user,
	    struct command_process *, struct failure *why);

/*
 * Call this after the server has refused the token: if it comes from the key
 * token, it is renewed.  Returns whether there is another token now.
 */
bool	credentials_renew(struct credentials *, struct command_process *);

/*
 * Returns a setting of password_file, token, proxy_password_file, tls_key,
 * tls_certificate or tls_ca that names a file which this user has no permission
 * to read, or NULL.
 */
const struct setting *credentials_unreadable(const struct config *);

/*
 * Logs a warning for each file with a secret that is accepted although all
 * users can read it (trusted_is_exposed()).
 */
void	credentials_warn(const struct config *, const struct log *);

/* Wipes the secret after use, but not user and origin. */
void	credentials_wipe(struct credentials *);

void	credentials_free(struct credentials *);

#endif
