#include "mail/dots.h"

#include <string.h>

/* The octets of a line up to its end, copied in one go. */
static size_t
copy_line(struct dots *d, const char *from, size_t len, char *to)
{
	const char	*lf = memchr(from, '\n', len);
	size_t		 n = lf != NULL ? (size_t)(lf + 1 - from) : len;

	memmove(to, from, n);
	d->state = lf != NULL ? DOTS_LINE_START : DOTS_IN_LINE;
	return n;
}

size_t
dots_decode(struct dots *d, const char *from, size_t len, char *to)
{
	size_t	out = 0;
	size_t	n;

	for (size_t i = 0; i < len;) {
		switch (d->state) {
		case DOTS_LINE_START:
			if (from[i] == '.') {
				d->state = DOTS_AFTER_DOT;
				i++;
				break;
			}
			/* FALLTHROUGH */
		case DOTS_IN_LINE:
			n = copy_line(d, from + i, len - i, to + out);
			i += n;
			out += n;
			break;
		case DOTS_AFTER_DOT:
			if (from[i] == '\n') {
				d->state = DOTS_ENDED;
			} else if (from[i] == '\r') {
				d->state = DOTS_AFTER_DOT_CR, i++;
			} else {
				if (from[i] != '.')
					to[out++] = '.';
				d->state = DOTS_IN_LINE;
			}
			break;
		case DOTS_AFTER_DOT_CR:
			if (from[i] == '\n') {
				d->state = DOTS_ENDED;
			} else {
				to[out++] = '.';
				to[out++] = '\r';
				d->state = DOTS_IN_LINE;
			}
			break;
		case DOTS_ENDED:
			return out;
		}
	}
	return out;
}
