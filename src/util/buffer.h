/*
 * buffer.h - an array of bytes that grows
 *
 * A zeroed struct buffer is empty.  .data is followed by a NUL that .len does
 * not include, so text can be used as a string.  .data is NULL until something
 * is added.
 */
#ifndef UTIL_BUFFER_H
#define UTIL_BUFFER_H

#include <stdarg.h>
#include <stddef.h>

struct buffer {
	char	*data;		/* owned */
	size_t	 len;
	size_t	 cap;
};

void	buffer_add(struct buffer *, const void *data, size_t len);
void	buffer_add_text(struct buffer *, const char *text);
void	buffer_add_byte(struct buffer *, char byte);
void	buffer_addf(struct buffer *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	buffer_vaddf(struct buffer *, const char *fmt, va_list)
	    __attribute__((format(printf, 2, 0)));

/* Returns room for n more bytes at .len, which is unchanged. */
char	*buffer_room(struct buffer *, size_t n);

void	buffer_clear(struct buffer *);	/* .len = 0; keeps the memory */
void	buffer_free(struct buffer *);	/* leaves an empty buffer */
void	buffer_wipe(struct buffer *);	/* zeroes and frees */

/* Returns .data, never NULL, which the caller frees; empties the buffer. */
char	*buffer_take(struct buffer *);

#endif
