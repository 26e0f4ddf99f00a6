/*
 * credentials.h - user name, password and token, from wherever they are kept
 *
 * password in the configuration, password_file (one trailing newline cut),
 * password_command and token_command (words, run without a shell, with
 * closed descriptors, a clean environment and a time limit).  A file that
 * others can read is refused with the chmod to run.
 */
#ifndef CONFIG_CREDENTIALS_H
#define CONFIG_CREDENTIALS_H

#include <stdbool.h>

#include "config/command_process.h"
#include "config/config.h"
#include "util/failure.h"

struct credentials {
	char	*user;		/* owned, or NULL */
	char	*password;	/* owned, or NULL; wiped when freed */
	char	*token;		/* owned, or NULL; wiped when freed */
	bool	 by_token;	/* token_command is set */
	char	 origin[256];	/* of the password or token, for messages:
				 * "/etc/relais.conf:3 (password_file)" */
};

/*
 * Those that go with the smarthost for this subject (config_section of
 * KEY_SMARTHOST, config_beside).  url_user: the one in the URL, or NULL; it
 * wins over the key user, since it is named for one host alone.  None at all
 * is no error, and a host without a user gets none.  EX_CONFIG: a command
 * that fails, a secret that is empty or that others can read; EX_NOPERM: a
 * file that we may not read, saying who may; EX_TEMPFAIL: a command that took
 * too long or says so itself, by that status.
 */
bool	credentials_read(struct credentials *, const struct config *,
	    const struct config_subject *, const char *url_user,
	    struct command_process *, struct failure *why);

/* The secrets alone, once they have served; who and whence stays known. */
void	credentials_wipe(struct credentials *);

void	credentials_free(struct credentials *);

#endif
