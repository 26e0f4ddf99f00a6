/*
 * config.h - the settings of relais.conf, the RELAIS_ variables and -o
 *
 * A value is checked when it is read.  The error for an invalid value contains
 * the file, the line and the expected form.  Each setting has its origin, for
 * error messages.
 *
 * The sections are in order of precedence: -o, the sections of the file from
 * first to last, the environment, the top of the file.  The value of a key for
 * a message comes from the first section that matches the message and sets the
 * key.  If a section sets a key several times, the last setting is used; the
 * settings of header_add, header_set, header_remove and tls_pin accumulate.
 *
 * Credentials are used only for the smarthost of their own section.  In
 * addition, credentials of the environment are used for the smarthost at the
 * top of the file, and those of -o for any smarthost.  So RELAIS_SMARTHOST and
 * -o smarthost do not send the password of the file to another host.  A
 * password from the service manager (passed_secret.h) is a credential of the
 * environment.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/failure.h"

/*
 * In the order of relais.conf(5).  Code relies on these groups: from user or
 * password to token_command, from tls to tls_min, and from family to proxy.
 */
enum config_key {
	KEY_SMARTHOST, KEY_USER, KEY_PASSWORD, KEY_PASSWORD_FILE,
	KEY_PASSWORD_COMMAND, KEY_TOKEN, KEY_TOKEN_COMMAND, KEY_TOKEN_PROXY,
	KEY_AUTH, KEY_TLS, KEY_TLS_CA, KEY_TLS_PIN, KEY_TLS_NAME,
	KEY_TLS_CERTIFICATE, KEY_TLS_KEY, KEY_TLS_GROUPS, KEY_TLS_MIN,
	KEY_REQUIRETLS, KEY_HELO, KEY_DOMAIN, KEY_FROM, KEY_FROM_MODE,
	KEY_NULL_SENDER, KEY_ROOT, KEY_ALIASES, KEY_REDIRECT_ALL,
	KEY_ALWAYS_BCC, KEY_HEADER_ADD, KEY_HEADER_SET, KEY_HEADER_REMOVE,
	KEY_RECEIVED, KEY_IGNORE_DOTS, KEY_MESSAGE_SIZE_LIMIT,
	KEY_RECIPIENT_LIMIT, KEY_QUEUE, KEY_QUEUE_LIFETIME, KEY_QUEUE_RETRY,
	KEY_QUEUE_SIZE_LIMIT, KEY_STORM, KEY_ALARM_COMMAND, KEY_ALARM_AFTER,
	KEY_CONNECTIONS, KEY_PACE, KEY_SOCKET, KEY_CLIENTS, KEY_LIMIT,
	KEY_CONNECT_TIMEOUT, KEY_TIMEOUT, KEY_FAMILY, KEY_SOURCE_ADDRESS,
	KEY_CONNECT_COMMAND, KEY_PROXY, KEY_PROXY_PASSWORD_FILE, KEY_EARLY_BDAT,
	KEY_INCLUDE, KEY_LOG, KEY_LOG_ADDRESSES,
	CONFIG_KEYS
};

/* A section has room for all keys, and is matched with each recipient. */
enum { CONFIG_SECTIONS_MAX = 1000 };

/* The texts are in the same block of memory. */
struct setting {
	char		*value;		/* without surrounding blanks; for
					 * tls_pin and header_remove, one word
					 * of the line */
	char		*origin;	/* "/etc/relais.conf:7",
					 * "environment RELAIS_FROM",
					 * "-o from" */
	struct setting	*next;		/* the previous one, if the key
					 * accumulates */
	struct setting	*replaced;	/* an earlier line of the same file and
					 * section, which has no effect, with
					 * its secret wiped; or NULL */
};

enum section_kind {
	SECTION_OVERRIDE,	/* -o */
	SECTION_FROM,
	SECTION_TO,
	SECTION_USER,
	SECTION_ENVIRONMENT,
	SECTION_TOP,
};

struct section {
	enum section_kind	 kind;
	char			*pattern;	/* owned; NULL: matches all */
	char			*origin;	/* owned; NULL without a
						 * pattern */
	struct setting		*setting[CONFIG_KEYS];	/* owned, or NULL */
	struct section		*next;
};

struct config {
	struct section	*first;		/* owned, with its successors */
	char		*path;		/* owned; the file that was read */
	int64_t		 changed_us;	/* when it, or one that it includes,
					 * was changed last (changed.h) */
	char		*unreadable;	/* owned; why the user has no
					 * permission to read all of it; or
					 * NULL */
};

/* The message that sections are matched with; NULL matches no section. */
struct config_subject {
	const char	*from;		/* the sender */
	const char	*to;		/* a recipient */
	const char	*user;		/* the user who runs sendmail */
};

struct config_source {
	const char	*file;		/* of -C; NULL: the default files */
	const char *const *overrides;	/* of -o: key=value, followed by NULL;
					 * or NULL */
};

/*
 * Reads the whole configuration.  The default file is SYSCONFDIR/relais.conf.
 * If it does not exist and the user is not root, it is
 * $XDG_CONFIG_HOME/relais.conf or ~/.config/relais.conf.  A file of -C must
 * exist; a default file may be missing, because the environment may be
 * sufficient.
 *
 * False with EX_CONFIG, file and line; EX_USAGE for an error in -o; EX_NOPERM,
 * with mode and owner, if the user has no permission to read the file;
 * .unreadable is then set, too, for a caller that can do without it.  *config
 * must be freed even after a failure; it contains the settings that were read.
 */
bool	config_load(struct config *, const struct config_source *,
	    struct failure *why);

/* Whether the section applies to a subject, which may be NULL. */
bool	config_section_matches(const struct section *,
	    const struct config_subject *);

/* The sections with a pattern that match a subject: a bit for each. */
struct config_view {
	uint64_t	matches[(CONFIG_SECTIONS_MAX + 63) / 64];
};

/*
 * Fills in the view of a subject.  All functions below return the same results
 * for two subjects whose views have the same octets.
 */
void	config_view(struct config_view *, const struct config *,
	    const struct config_subject *);

/* SYSCONFDIR/relais.conf. */
const char *config_system_file(void);

/*
 * Returns $XDG_CONFIG_HOME/relais.conf or ~/.config/relais.conf, which the
 * caller frees, or NULL if neither variable has an absolute path.
 */
char	*config_user_file(void);

/*
 * Returns the setting with the highest precedence, or NULL.  The subject may be
 * NULL.
 */
const struct setting *config_find(const struct config *,
	    const struct config_subject *, enum config_key);

/* Whether the setting exists and is not "off". */
bool	config_is_on(const struct setting *);

/*
 * Returns an array of the setting and the previous ones of a key that
 * accumulates, in the order of the file.  The caller frees the array.
 */
const struct setting **config_in_order(const struct setting *, size_t *n);

/* Whether any section sets the key. */
bool	config_is_set(const struct config *, enum config_key);

/* Returns the section of the setting that config_find() returns, or NULL. */
const struct section *config_section(const struct config *,
	    const struct config_subject *, enum config_key);

/* Returns the value of the key, or its default, which may be NULL. */
const char *config_text(const struct config *, const struct config_subject *,
	    enum config_key);

/* Returns the value or default of a key whose values are yes and no. */
bool	config_bool(const struct config *, const struct config_subject *,
	    enum config_key);

/* Returns a count, or a size in octets; 0 without a value and a default. */
uint64_t config_number(const struct config *, const struct config_subject *,
	    enum config_key);

/* Returns a duration in milliseconds; 0 without a value and a default. */
int64_t	config_ms(const struct config *, const struct config_subject *,
	    enum config_key);

/*
 * Sets a rate, *count in *ms milliseconds.  False if the key is not set or its
 * value is off.
 */
bool	config_rate(const struct config *, const struct config_subject *,
	    enum config_key, uint64_t *count, int64_t *ms);

/*
 * Returns the setting of a key that is used for the smarthost of the section,
 * by the rule for credentials above, or NULL.
 */
const struct setting *config_credential(const struct config *,
	    const struct section *, enum config_key);

/*
 * Does the same for password, password_file, password_command, token and
 * token_command, and sets *key to the one that is used.
 */
const struct setting *config_secret(const struct config *,
	    const struct section *, enum config_key *key);

const char *config_key_name(enum config_key);
const char *config_default(enum config_key);	/* or NULL */
bool	config_is_secret(enum config_key);	/* must not be shown */
bool	config_is_token(enum config_key);	/* provides an access token */

void	config_free(struct config *);	/* wipes secrets */

#endif
