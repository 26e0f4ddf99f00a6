/*
 * config.h - relais.conf, the RELAIS_ environment and -o, as settings
 *
 * Every key is known here with its kind of value, so a value that has been
 * taken in is a good one; whatever is not is refused with file, line and the
 * nearest known key.  Each setting remembers where it was made, and messages
 * about it say so.
 *
 * The sections are kept in the order in which they count: what -o says, the
 * file's sections from first to last, the environment, the top of the file.
 * What is looked up is what counts for one subject: the first of them that
 * matches it and sets the key.  Of several settings of one key in one section
 * the last counts; header_add, header_set, header_remove and tls_pin add up.
 *
 * Credentials go with the smarthost of their own section, completed only by
 * what is stronger: the environment's with the top of the file's smarthost,
 * those of -o with any.  So neither RELAIS_SMARTHOST nor -o smarthost gets
 * the file's password sent to another host.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/failure.h"

enum config_key {
	KEY_SMARTHOST, KEY_USER, KEY_PASSWORD, KEY_PASSWORD_FILE,
	KEY_PASSWORD_COMMAND, KEY_TOKEN_COMMAND, KEY_AUTH, KEY_TLS, KEY_TLS_CA,
	KEY_TLS_PIN, KEY_TLS_NAME, KEY_TLS_CERTIFICATE, KEY_TLS_KEY, KEY_HELO,
	KEY_DOMAIN, KEY_FROM, KEY_FROM_MODE, KEY_ROOT, KEY_ALIASES,
	KEY_REDIRECT_ALL, KEY_ALWAYS_BCC, KEY_QUEUE, KEY_QUEUE_LIFETIME,
	KEY_CONNECTIONS, KEY_CONNECT_TIMEOUT, KEY_TIMEOUT, KEY_FAMILY,
	KEY_SOURCE_ADDRESS, KEY_MESSAGE_SIZE_LIMIT, KEY_RECIPIENT_LIMIT,
	KEY_IGNORE_DOTS, KEY_RECEIVED, KEY_NULL_SENDER, KEY_EARLY_BDAT,
	KEY_HEADER_ADD, KEY_HEADER_SET, KEY_HEADER_REMOVE,
	KEY_QUEUE_SIZE_LIMIT, KEY_INCLUDE, KEY_LOG,
	CONFIG_KEYS
};

/* Each takes room for all keys, and each is asked about each recipient. */
enum { CONFIG_SECTIONS_MAX = 1000 };

/* Its texts stand behind it, in the same block of memory. */
struct setting {
	char		*value;		/* as written, trimmed; one word
					 * of the line for tls_pin and
					 * header_remove */
	char		*origin;	/* "/etc/relais.conf:7",
					 * "environment RELAIS_FROM",
					 * "-o from" */
	struct setting	*next;		/* earlier ones of a key that adds up */
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
	char			*origin;	/* owned; NULL without pattern */
	struct setting		*setting[CONFIG_KEYS];	/* owned, or NULL */
	struct section		*next;
};

struct config {
	struct section	*first;		/* owned, with all behind it */
	char		*path;		/* owned; the file read, NULL: none */
	struct buffer	 ignored;	/* "/etc/relais.conf:7: socket\n" for each
					 * key that no longer has an effect */
};

/* Whose mail it is; NULL parts match no section. */
struct config_subject {
	const char	*from;
	const char	*to;
	const char	*user;
};

struct config_source {
	const char	*file;		/* -C, or NULL: the usual places */
	const char *const *overrides;	/* -o key=value, NULL at the end, or
					 * NULL */
};

/*
 * Reads everything.  Without -C the file is SYSCONFDIR/relais.conf; where
 * that is missing and we are not root, $XDG_CONFIG_HOME/relais.conf or
 * ~/.config/relais.conf, which then must be ours or root's.  No file at all
 * is no error (but for -C): the environment may say enough.
 *
 * EX_CONFIG with file and line; EX_USAGE for what -o says; EX_NOPERM for a
 * file that exists and that we may not read, with its mode, its owner and who
 * we are.  *config then still holds what the environment and -o said, and
 * defaults for the rest: enough to find the service's socket.
 */
bool	config_load(struct config *, const struct config_source *,
	    struct failure *why);

/* Which sections with a pattern match a subject, by their order. */
struct config_view {
	uint64_t	matches[(CONFIG_SECTIONS_MAX + 63) / 64];
};

/*
 * Two subjects with the same octets in their views get the same answer to
 * every question below.
 */
void	config_view(struct config_view *, const struct config *,
	    const struct config_subject *);

/* The file that is looked for first. */
const char *config_system_file(void);

/* The setting that counts, or NULL; subject may be NULL. */
const struct setting *config_find(const struct config *,
	    const struct config_subject *, enum config_key);

/*
 * A setting that was found, with the earlier ones of a key that adds up, in
 * the order of the file.  The array is freed by the caller.
 */
const struct setting **config_in_order(const struct setting *, size_t *n);

/* The section that the setting found stands in. */
const struct section *config_section(const struct config *,
	    const struct config_subject *, enum config_key);

/* The value that counts or the key's default (which may be NULL). */
const char *config_text(const struct config *, const struct config_subject *,
	    enum config_key);

bool	config_bool(const struct config *, const struct config_subject *,
	    enum config_key);		/* yes, no */
uint64_t config_number(const struct config *, const struct config_subject *,
	    enum config_key);		/* a count, or octets for a size */
int64_t	config_ms(const struct config *, const struct config_subject *,
	    enum config_key);		/* a duration, in milliseconds; 0 if
					 * there is neither value nor default */

/*
 * What goes with the smarthost that stands in that section, by the rule at
 * the top of this page; NULL: nothing.
 */
const struct setting *config_beside(const struct config *,
	    const struct section *, enum config_key);

/*
 * Of password, password_file, password_command and token_command the one
 * that goes with that smarthost; *key says which.  NULL: none.
 */
const struct setting *config_secret_beside(const struct config *,
	    const struct section *, enum config_key *key);

const char *config_key_name(enum config_key);
const char *config_default(enum config_key);	/* NULL: none */
bool	config_is_secret(enum config_key);	/* never show the value */

void	config_free(struct config *);	/* wipes secrets */

#endif
