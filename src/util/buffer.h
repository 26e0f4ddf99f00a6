/*
 * buffer.h - bytes that grow
 *
 * A zeroed struct buffer is an empty one.  .data is followed by a NUL that is
 * not counted, so text can be read as a string; it is NULL while nothing has
 * been added.
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

/* Makes room for n more bytes and returns where they go; .len stays. */
char	*buffer_room(struct buffer *, size_t n);

void	buffer_clear(struct buffer *);	/* empty; the memory is kept */
void	buffer_free(struct buffer *);	/* ready for use again */
void	buffer_wipe(struct buffer *);	/* as buffer_free, zeroed first */

/* Hands the bytes (never NULL) over to the caller; the buffer is empty. */
char	*buffer_take(struct buffer *);

#endif
