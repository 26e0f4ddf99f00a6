/*
 * draft.h - a relais.conf that is being made
 *
 * A value that is not valid in relais.conf becomes a note, which is a comment
 * at the end of the file, so the draft is always accepted by config_load().
 * The secrets are kept apart from the text: the text names the files that they
 * belong in.
 */
#ifndef IMPORT_DRAFT_H
#define IMPORT_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "util/buffer.h"
#include "util/failure.h"

struct draft_secret {
	char	*path;		/* owned; the value of password_file */
	char	*value;		/* owned; NULL if it was not found */
	char	*origin;	/* owned; where the secret is now */
};

struct draft {
	struct config		 config;
	struct section		*top;
	struct section	       **tail;
	struct buffer		 notes;		/* the comments at the end */
	size_t			 n_notes;
	char			*secret_path;	/* owned; the first file */
	struct draft_secret	*secrets;	/* owned */
	size_t			 n_secrets;
	size_t			 secrets_cap;
};

/* secret_path is the password_file; ".2" and so on is appended for others. */
void	draft_start(struct draft *, const char *secret_path);

/*
 * Returns the section with this pattern, which is added if necessary.  Returns
 * NULL, and adds a note, if the pattern is not valid.
 */
struct section *draft_section(struct draft *, enum section_kind,
	    const char *pattern, const char *origin);

/*
 * False, with a note, if the value is not valid.  The default is not set at the
 * top of the file: /etc/aliases must exist if it is set.
 */
bool	draft_set(struct draft *, struct section *, enum config_key,
	    const char *value, const char *origin);

/*
 * Sets password_file.  The same secret from the same place gets the same file.
 * value may be NULL; where it is now is then unknown, and origin says why.
 */
void	draft_set_secret(struct draft *, struct section *, const char *value,
	    const char *origin);

/* Adds "# origin: text".  The text must not contain a secret. */
void	draft_note(struct draft *, const char *origin, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* False with EX_CONFIG if config_load() would not accept the draft. */
bool	draft_check(const struct draft *, struct failure *why);

/*
 * Appends the text of relais.conf.  If the secrets are not written, a comment
 * names the place of each.
 */
void	draft_print(const struct draft *, bool secrets_written,
	    struct buffer *to);

void	draft_free(struct draft *);	/* wipes the secrets */

#endif
