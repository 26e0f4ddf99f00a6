/*
 * visible.h - foreign bytes made safe for a terminal, a log, a message
 *
 * What a server, a header or a file says may hold escape sequences.  Control
 * characters become \ and three octal digits, a backslash is doubled; valid
 * UTF-8 above U+009F stays as it is, but for what ends a line or changes its
 * direction; every other byte above 126 is escaped.
 */
#ifndef UTIL_VISIBLE_H
#define UTIL_VISIBLE_H

#include <stddef.h>

/*
 * Writes at most size bytes, NUL included; what does not fit is cut at the
 * end of a whole character.  Returns its argument 'to'.
 */
char	*visible(char *to, size_t size, const char *text, size_t len);

#endif
