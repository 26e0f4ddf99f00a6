/*
 * trusted.h - read a small file whole, if it is one that may be trusted
 *
 * Only regular files are read, and only those that nobody else can change:
 * they must belong to root or to us, and others must not be able to write
 * them, nor for root the group.  The same holds for the directories and links
 * on the way to them, since whoever can replace one of these can put another
 * file in the place of ours; what is in a sticky directory is safe there.
 *
 * A link is followed, since that is how containers lay out their secrets; what
 * it leads to is judged.  Nothing that was read stays behind in memory but in
 * the buffer, so buffer_wipe() ends a secret.
 */
#ifndef UTIL_TRUSTED_H
#define UTIL_TRUSTED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/buffer.h"
#include "util/failure.h"

enum trusted_rule {
	TRUSTED_SECRET	= 1 << 0,	/* others must not read it, either */
};

enum trusted_answer { TRUSTED_READ, TRUSTED_MISSING, TRUSTED_REFUSED };

/*
 * TRUSTED_READ: the octets in *text, of the file in *st.  Otherwise why names
 * the path: EX_CONFIG, with the chown and chmod to run if others can change it,
 * or EX_NOPERM if we may not read it, with its mode, its owner and who we are.
 */
enum trusted_answer trusted_read(struct buffer *text, const char *path,
	    size_t limit, unsigned rules, struct stat *st, struct failure *why);

/* As trusted_read and trusted_value; a missing file is a failure. */
bool	trusted_read_value(struct buffer *value, const char *path,
	    unsigned rules, struct failure *why);

/* Nobody else can change the directory, nor put another in its place. */
bool	trusted_directory(const char *path, struct failure *why);

/* Without the one newline (LF or CRLF) at its end. */
size_t	trusted_value_length(const char *text, size_t len);

/*
 * Of what a file or a program holds: cuts one newline off the end.  False,
 * with the octets wiped, if nothing is left or a NUL is inside.
 */
bool	trusted_value(struct buffer *value, const char *name,
	    struct failure *why);

#endif
