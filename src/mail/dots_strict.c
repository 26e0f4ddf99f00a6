#include "mail/dots_strict.h"

#include <string.h>

/* Up to a LF, copied in one go; whether that ended a line, too. */
static size_t
copy_text(struct dots_strict *d, const char *from, size_t len, char *to)
{
	const char	*lf = memchr(from, '\n', len);
	size_t		 n = lf != NULL ? (size_t)(lf + 1 - from) : len;
	bool		 cr = lf == NULL ? false :
			    lf == from ? d->cr : lf[-1] == '\r';

	memcpy(to, from, n);
	d->cr = from[n - 1] == '\r';
	d->state = lf != NULL && (cr || d->bare_lf) ? STRICT_LINE_START :
	    STRICT_IN_LINE;
	return n;
}

/* Behind a dot that begins a line: the end, or text from here on. */
static size_t
after_dot(struct dots_strict *d, char c)
{
	d->cr = false;
	if (c == '\n' && d->bare_lf)
		d->state = STRICT_ENDED;
	else if (c == '\r' && !d->bare_lf)
		d->state = STRICT_AFTER_DOT_CR;
	else
		d->state = STRICT_IN_LINE;
	return d->state != STRICT_IN_LINE;
}

size_t
dots_strict_decode(struct dots_strict *d, const char *from, size_t len,
    size_t *used, char *to)
{
	size_t	i = 0;
	size_t	out = 0;
	size_t	n;

	while (i < len && d->state != STRICT_ENDED) {
		switch (d->state) {
		case STRICT_LINE_START:
			if (from[i] == '.') {
				d->state = STRICT_AFTER_DOT;
				i++;
				break;
			}
			/* FALLTHROUGH */
		case STRICT_IN_LINE:
			n = copy_text(d, from + i, len - i, to + out);
			i += n;
			out += n;
			break;
		case STRICT_AFTER_DOT:
			i += after_dot(d, from[i]);
			break;
		case STRICT_AFTER_DOT_CR:
			if (from[i] == '\n') {
				d->state = STRICT_ENDED;
				i++;
			} else {
				to[out++] = '\r';
				d->cr = true;
				d->state = STRICT_IN_LINE;
			}
			break;
		case STRICT_ENDED:
			break;
		}
	}
	*used = i;
	return out;
}
