#include "smtp/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/buffer.h"
#include "util/memory.h"
#include "util/visible.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The reply code of "550", "550 text" or "550-text"; otherwise -1. */
static int
line_code(const char *line, size_t len)
{
	if (len < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
	    !is_digit(line[2]))
		return -1;
	if (len > 3 && line[3] != ' ' && line[3] != '-')
		return -1;
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
}

/* The length of "5.1.1" before a space or the end (RFC 3463), or 0. */
static size_t
enhanced_length(const char *text, int code)
{
	size_t	at = 1;

	if (text[0] != '0' + code / 100 || code / 100 == 3)
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t	digits = 0;

		if (text[at++] != '.')
			return 0;
		while (digits < 4 && is_digit(text[at]))
			at++, digits++;
		if (digits < 1 || digits > 3)
			return 0;
	}
	return text[at] == ' ' || text[at] == '\0' ? at : 0;
}

static void
add_line(struct reply *r, bool first, const char *text)
{
	size_t	n = enhanced_length(text, r->code);

	/* The first line determines the code, which others may repeat. */
	if (first)
		strlcpy(r->enhanced, text, n + 1);	/* n <= 9 */
	if (n > 0 && n == strlen(r->enhanced) &&
	    strncmp(text, r->enhanced, n) == 0)
		text += n + (text[n] == ' ');
	if (!first)
		strlcat(r->text, "\n", sizeof(r->text));
	strlcat(r->text, text, sizeof(r->text));
}

static bool
invalid_reply(struct failure *why, const char *reason, const char *line)
{
	return failed(why, EX_PROTOCOL, "invalid SMTP reply from the server "
	    "(%s): \"%.120s\"", reason, line);
}

static bool
read_line(struct stream *s, struct buffer *line, struct failure *why)
{
	switch (stream_read_line(s, line, REPLY_LINE_MAX, NULL, why)) {
	case STREAM_LINE:
		return true;
	case STREAM_LONG:
		return failed(why, EX_PROTOCOL, "invalid SMTP reply from "
		    "the server (a line of more than %d octets)",
		    REPLY_LINE_MAX);
	case STREAM_CLOSED:
		return failed(why, EX_TEMPFAIL,
		    "the server closed the connection");
	case STREAM_FAILED:
		break;
	}
	return false;
}

/*
 * Makes a line visible and masks secrets, but not in the reply code, which may
 * be the same as part of a secret.
 */
static void
show_line(char *to, size_t size, const struct buffer *line,
    const struct reply_listener *listener)
{
	enum { CODE = 4 };

	visible(to, size, line->data, line->len);
	if (listener == NULL || listener->secrets == NULL)
		return;
	if (line_code(line->data, line->len) == -1)
		secrets_mask(listener->secrets, to, size);
	else if (line->len > CODE)
		secrets_mask(listener->secrets, to + CODE, size - CODE);
}

bool
reply_read(struct reply *r, struct stream *s,
    const struct reply_listener *listener, struct failure *why)
{
	char		*shown = NULL;	/* not on the stack: most lines are
					 * short */
	struct buffer	line = { 0 };
	size_t		size;
	size_t		total = 0;
	bool		more = true;

	r->code = 0;
	r->enhanced[0] = r->text[0] = '\0';
	for (int n = 0; more; n++) {
		int	code;

		buffer_clear(&line);
		if (!read_line(s, &line, why))
			goto fail;
		size = 4 * line.len + 1;
		shown = memory_resize(shown, size, 1);
		show_line(shown, size, &line, listener);
		if (listener != NULL)
			listener->line(listener->context, shown, &line);
		code = line_code(line.data, line.len);
		total += line.len;
		if (code == -1) {
			invalid_reply(why, "no reply code", shown);
			goto fail;
		}
		if (n > 0 && code != r->code) {
			invalid_reply(why, "two reply codes in one reply",
			    shown);
			goto fail;
		}
		if (n >= REPLY_LINES_MAX || total > REPLY_TOTAL_MAX) {
			invalid_reply(why, "too many lines", shown);
			goto fail;
		}
		r->code = code;
		add_line(r, n == 0, line.len > 4 ? shown + 4 : "");
		more = line.len > 3 && line.data[3] == '-';
	}
	free(shown);
	buffer_free(&line);
	return true;
fail:
	free(shown);
	buffer_free(&line);
	return false;
}

bool
reply_is_positive(const struct reply *r)
{
	return r->code / 100 == 2;
}

bool
reply_is_intermediate(const struct reply *r)
{
	return r->code / 100 == 3;
}

bool
reply_is_transient(const struct reply *r)
{
	return r->code / 100 == 4;
}

bool
reply_is_permanent(const struct reply *r)
{
	return r->code / 100 == 5;
}

bool
reply_is_same(const struct reply *a, const struct reply *b)
{
	return a->code == b->code && strcmp(a->enhanced, b->enhanced) == 0 &&
	    strcmp(a->text, b->text) == 0;
}

char *
reply_line(const struct reply *r, char *to, size_t size)
{
	int	n = snprintf(to, size, "%03d%s%s", r->code,
		    r->enhanced[0] != '\0' ? " " : "", r->enhanced);

	if (r->text[0] == '\0' || n < 0 || (size_t)n >= size)
		return to;
	strlcat(to, " ", size);
	for (const char *at = r->text; *at != '\0';) {
		size_t	line = strcspn(at, "\n");
		size_t	len = strlen(to);

		snprintf(to + len, size - len, "%.*s", (int)line, at);
		at += line;
		if (*at == '\n') {
			strlcat(to, " / ", size);
			at++;
		}
	}
	return to;
}
