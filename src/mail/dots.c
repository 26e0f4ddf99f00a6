#include "mail/dots.h"

#include <string.h>

size_t
dots_decode(struct dots *d, const char *from, size_t len, char *to)
{
	const char	*lf;
	size_t		 out = 0;
	size_t		 n;

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
			lf = memchr(from + i, '\n', len - i);
			n = lf != NULL ? (size_t)(lf + 1 - from) - i : len - i;
			memmove(to + out, from + i, n);
			d->state = lf != NULL ? DOTS_LINE_START : DOTS_IN_LINE;
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

/* Copies the octets up to a LF and notes whether that LF ends a line. */
static size_t
copy_text(struct dots_smtp *d, const char *from, size_t len, char *to)
{
	const char	*lf = memchr(from, '\n', len);
	size_t		 n = lf != NULL ? (size_t)(lf + 1 - from) : len;
	bool		 cr = lf == NULL ? false :
			    lf == from ? d->cr : lf[-1] == '\r';

	memcpy(to, from, n);
	d->cr = from[n - 1] == '\r';
	d->state = lf != NULL && (cr || d->bare_lf) ? DOTS_SMTP_LINE_START :
	    DOTS_SMTP_IN_LINE;
	return n;
}

size_t
dots_smtp_decode(struct dots_smtp *d, const char *from, size_t len,
    size_t *used, char *to)
{
	size_t	i = 0;
	size_t	out = 0;
	size_t	n;

	while (i < len && d->state != DOTS_SMTP_ENDED) {
		switch (d->state) {
		case DOTS_SMTP_LINE_START:
			if (from[i] == '.') {
				d->state = DOTS_SMTP_AFTER_DOT;
				i++;
				break;
			}
			/* FALLTHROUGH */
		case DOTS_SMTP_IN_LINE:
			n = copy_text(d, from + i, len - i, to + out);
			i += n;
			out += n;
			break;
		case DOTS_SMTP_AFTER_DOT:
			d->cr = false;
			d->state = DOTS_SMTP_IN_LINE;
			if (from[i] == '\n' && d->bare_lf)
				d->state = DOTS_SMTP_ENDED;
			else if (from[i] == '\r' && !d->bare_lf)
				d->state = DOTS_SMTP_AFTER_DOT_CR;
			if (d->state != DOTS_SMTP_IN_LINE)
				i++;
			break;
		case DOTS_SMTP_AFTER_DOT_CR:
			if (from[i] == '\n') {
				d->state = DOTS_SMTP_ENDED;
				i++;
			} else {
				to[out++] = '\r';
				d->cr = true;
				d->state = DOTS_SMTP_IN_LINE;
			}
			break;
		case DOTS_SMTP_ENDED:
			break;
		}
	}
	*used = i;
	return out;
}
