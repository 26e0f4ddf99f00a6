/*
 * source.h - read a configuration file of another program line by line
 *
 * The file is untrusted input: it must be a regular file of at most 1 MiB
 * without NUL characters.
 */
#ifndef IMPORT_SOURCE_H
#define IMPORT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"
#include "util/failure.h"

struct source {
	char		*path;		/* owned */
	struct buffer	 text;		/* owned; may contain secrets */
	size_t		 next;		/* where the next line begins */
	unsigned	 line;		/* number of the current line */
	struct buffer	 origin;	/* owned; see source_origin() */
};

enum source_answer { SOURCE_READ, SOURCE_MISSING, SOURCE_FAILED };

/*
 * Reads a whole file.  SOURCE_MISSING with EX_NOINPUT if it does not exist;
 * SOURCE_FAILED with EX_NOPERM, EX_DATAERR or EX_IOERR.  The text of both
 * begins with the path.  *source must be freed in all cases.
 */
enum source_answer source_read(struct source *, const char *path,
	    struct failure *why);

/* Does the same with a text in memory. */
bool	source_from_text(struct source *, const char *path, const char *text,
	    size_t len, struct failure *why);

/*
 * Returns the next line without its line end (LF or CRLF), or NULL.  The caller
 * may change the line, which is valid until the source is freed.
 */
char	*source_line(struct source *);

/* Returns a text without the blanks at its ends, which are removed. */
char	*source_trim(char *text);

/* Returns "path:line" of the current line, valid until the next call. */
const char *source_origin(struct source *);

void	source_free(struct source *);	/* wipes the text */

#endif
