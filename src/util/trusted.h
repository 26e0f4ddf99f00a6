/*
 * trusted.h - read a small file whole, if it is one that may be trusted
 *
 * Only regular files are read, and none that everybody may write.  A link is
 * followed, since that is how containers lay out their secrets; what it leads
 * to is judged.  Nothing that was read stays behind in memory but in the
 * buffer, so buffer_wipe() ends a secret.
 */
#ifndef UTIL_TRUSTED_H
#define UTIL_TRUSTED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/buffer.h"
#include "util/failure.h"

enum trusted_rule {
	TRUSTED_SECRET	= 1 << 0,	/* others may not read it either */
	TRUSTED_OURS	= 1 << 1,	/* it belongs to us or to root */
};

enum trusted_answer { TRUSTED_READ, TRUSTED_MISSING, TRUSTED_REFUSED };

/*
 * TRUSTED_READ: the octets in *text, of the file in *st.  Otherwise why names
 * the path: EX_CONFIG, or EX_NOPERM where we may not read it, with its mode,
 * its owner and who we are.
 */
enum trusted_answer trusted_read(struct buffer *text, const char *path,
	    size_t limit, unsigned rules, struct stat *st, struct failure *why);

/* As trusted_read and trusted_value; a missing file is a failure. */
bool	trusted_read_value(struct buffer *value, const char *path,
	    unsigned rules, struct failure *why);

/* Without the one newline (LF or CRLF) at its end. */
size_t	trusted_value_length(const char *text, size_t len);

/*
 * Of what a file or a program holds: cuts one newline off the end.  False,
 * with the octets wiped, if nothing is left or a NUL is inside.
 */
bool	trusted_value(struct buffer *value, const char *name,
	    struct failure *why);

#endif
