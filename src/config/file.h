/*
 * file.h - read a small file whole, if it is one that may be trusted
 *
 * Only regular files are read, and none that everybody may write.  A link is
 * followed, since that is how containers lay out their secrets; what it leads
 * to is judged.  Nothing that was read stays behind in memory but in the
 * buffer, so buffer_wipe() ends a secret.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/buffer.h"
#include "util/failure.h"

enum file_rule {
	FILE_SECRET	= 1 << 0,	/* others may not read it either */
	FILE_OURS	= 1 << 1,	/* it belongs to us or to root */
};

enum file_answer { FILE_READ, FILE_MISSING, FILE_REFUSED };

/*
 * FILE_READ: the octets in *text, of the file in *st.  Otherwise why names
 * the path: EX_CONFIG, or EX_NOPERM where we may not read it, with its mode,
 * its owner and who we are.
 */
enum file_answer file_read(struct buffer *text, const char *path, size_t limit,
	    unsigned rules, struct stat *st, struct failure *why);

/* As file_read and file_value; a missing file is a failure. */
bool	file_read_value(struct buffer *value, const char *path, unsigned rules,
	    struct failure *why);

/*
 * Of what a file or a program holds: cuts one newline off the end.  False,
 * with the octets wiped, if nothing is left or a NUL is inside.
 */
bool	file_value(struct buffer *value, const char *name, struct failure *why);

#endif
