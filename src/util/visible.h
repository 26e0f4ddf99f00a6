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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes at most size bytes, NUL included; what does not fit is cut at the
 * end of a whole character.  Returns its argument 'to'.
 */
char	*visible(char *to, size_t size, const char *text, size_t len);

/*
 * The same for a text that may hold visible parts already: its backslashes
 * stay as they are.  ASCII characters in special are escaped, too.
 */
char	*visible_more(char *to, size_t size, const char *text,
	    const char *special);

/* A Unicode character that needs no escape. */
bool	visible_is_safe(uint32_t c);

#endif
