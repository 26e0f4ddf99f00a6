#include "util/log_record.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "util/visible.h"

enum { TAG_MAX = 64, MESSAGE_MAX = 3072 };

/* The octets of a value, including a NUL. */
static const size_t value_max[] = {
	[LOG_NUMBER] = 24, [LOG_WORD] = 200, [LOG_ADDRESS] = 400,
	[LOG_IDENTIFIER] = 300, [LOG_TEXT] = 1200,
};

/* Appends text that may already contain escapes. */
static void
add_visible(struct buffer *b, const char *text, size_t max,
    const char *special)
{
	char	*to = buffer_room(b, max);

	visible_more(to, max, text, special);
	b->len += strlen(to);
}

/*
 * Blanks, quotation marks and angle brackets, which could look like the
 * beginning of another value, are escaped.
 */
static void
add_word(struct buffer *b, const char *text, size_t max)
{
	char	*to = buffer_room(b, max);

	visible_word(to, max, text);
	b->len += strlen(to);
}

static void
add_value(struct buffer *b, const struct log_field *f)
{
	const size_t	max = value_max[f->kind];

	switch (f->kind) {
	case LOG_NUMBER:
	case LOG_WORD:
		add_word(b, f->value, max);
		break;
	case LOG_ADDRESS:
	case LOG_IDENTIFIER:
		buffer_add_byte(b, '<');
		add_word(b, f->value, max);
		buffer_add_byte(b, '>');
		break;
	case LOG_TEXT:
		buffer_add_byte(b, '"');
		add_visible(b, f->value, max, "\"");
		buffer_add_byte(b, '"');
		break;
	}
}

/* "sent id=1 from=<joe@example.org>", "id=1 failed". */
static void
add_line(struct buffer *b, const struct log_event *e)
{
	const char	*blank = "";

	if (e->status != NULL) {
		buffer_add_text(b, e->status);
		blank = " ";
	}
	for (size_t i = 0; i < e->n; i++) {
		const struct log_field	*f = &e->fields[i];

		if (f->value == NULL)
			continue;
		buffer_add_text(b, blank);
		buffer_add_text(b, f->name);
		buffer_add_byte(b, '=');
		add_value(b, f);
		blank = " ";
	}
	if (e->message != NULL)
		add_visible(b, e->message, MESSAGE_MAX, "");
}

void
log_record_plain(struct buffer *b, const struct log_event *e)
{
	add_visible(b, e->tag, TAG_MAX, "");
	buffer_add_text(b, ": ");
	add_line(b, e);
	buffer_add_byte(b, '\n');
}

void
log_record_syslog(struct buffer *b, const struct log_event *e)
{
	char		date[32];
	time_t		now = time(NULL);
	struct tm	tm;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(date, sizeof(date), "%b %e %T", &tm) == 0)
		date[0] = '\0';
	buffer_addf(b, "<%d>%s ", LOG_MAIL | e->priority, date);
	add_visible(b, e->tag, TAG_MAX, "");
	buffer_addf(b, "[%ld]: ", (long)getpid());
	add_line(b, e);
}
