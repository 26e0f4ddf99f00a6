#include "util/log_record.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/json.h"
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

/* "sendmail[4711]: " */
static void
add_tag(struct buffer *b, const char *tag)
{
	add_visible(b, tag, TAG_MAX, "");
	buffer_addf(b, "[%ld]: ", (long)getpid());
}

void
log_record_file(struct buffer *b, const struct log_event *e)
{
	char		date[40], host[256] = "";
	time_t		now = clock_now();
	struct tm	tm;
	size_t		len;

	if (localtime_r(&now, &tm) != NULL && (len = strftime(date,
	    sizeof(date), "%Y-%m-%dT%T%z", &tm)) > 2) {
		/* "+0000" is written "+00:00". */
		buffer_add(b, date, len - 2);
		buffer_add_byte(b, ':');
		buffer_add(b, date + len - 2, 2);
		buffer_add_byte(b, ' ');
	}
	if (gethostname(host, sizeof(host) - 1) == -1 || host[0] == '\0')
		strlcpy(host, "localhost", sizeof(host));
	add_word(b, host, TAG_MAX);
	buffer_add_byte(b, ' ');
	add_tag(b, e->tag);
	add_line(b, e);
	buffer_add_byte(b, '\n');
}

void
log_record_syslog(struct buffer *b, const struct log_event *e)
{
	char		date[32];
	time_t		now = clock_now();
	struct tm	tm;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(date, sizeof(date), "%b %e %T", &tm) == 0)
		date[0] = '\0';
	buffer_addf(b, "<%d>%s ", LOG_MAIL | e->priority, date);
	add_tag(b, e->tag);
	add_line(b, e);
}

/*
 * JSON.
 */

static void
add_member(struct buffer *b, const char *name, const char *value, size_t max)
{
	buffer_addf(b, ",\"%s\":", name);
	json_string_max(b, value, max);
}

static const char *
level_name(int priority)
{
	return priority == LOG_ERR ? "error" : priority == LOG_WARNING ?
	    "warning" : priority == LOG_NOTICE ? "notice" : "info";
}

void
log_record_json(struct buffer *b, const struct log_event *e)
{
	struct timespec	now = { 0 };
	struct tm	tm;
	char		date[40] = "";

	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%dT%T", &tm);
	buffer_addf(b, "{\"time\":\"%s.%03ldZ\"", date,
	    now.tv_nsec / 1000000);
	add_member(b, "level", level_name(e->priority), TAG_MAX);
	add_member(b, "tag", e->tag, TAG_MAX);
	buffer_addf(b, ",\"pid\":%ld", (long)getpid());
	if (e->status != NULL)
		add_member(b, "status", e->status, TAG_MAX);
	for (size_t i = 0; i < e->n; i++) {
		const struct log_field	*f = &e->fields[i];

		if (f->value == NULL)
			continue;
		if (f->kind == LOG_NUMBER)
			buffer_addf(b, ",\"%s\":%s", f->key,
			    strcmp(f->value, "-") == 0 ? "null" : f->value);
		else
			add_member(b, f->key, f->value, value_max[f->kind]);
	}
	if (e->message != NULL)
		add_member(b, "message", e->message + strspn(e->message, ": "),
		    MESSAGE_MAX);
	buffer_add_text(b, "}\n");
}

/*
 * The journal.
 */

/* A value with a line feed has its length before it. */
static void
add_journal_field(struct buffer *b, const char *name, const char *value,
    size_t max)
{
	size_t	len = strlen(value);

	if (len > max) {
		len = max;
		for (int i = 0; i < 3 && (value[len] & 0xc0) == 0x80; i++)
			len--;
	}
	buffer_add_text(b, name);
	if (memchr(value, '\n', len) == NULL) {
		buffer_add_byte(b, '=');
	} else {
		buffer_add_byte(b, '\n');
		for (int shift = 0; shift < 64; shift += 8)
			buffer_add_byte(b, (char)((uint64_t)len >> shift));
	}
	buffer_add(b, value, len);
	buffer_add_byte(b, '\n');
}

void
log_record_journal(struct buffer *b, const struct log_event *e)
{
	char	name[40];

	/* The line consists of visible characters. */
	buffer_add_text(b, "MESSAGE=");
	add_line(b, e);
	buffer_addf(b, "\nPRIORITY=%d\nSYSLOG_FACILITY=%d\n"
	    "SYSLOG_PID=%ld\n", e->priority, LOG_FAC(LOG_MAIL),
	    (long)getpid());
	add_journal_field(b, "SYSLOG_IDENTIFIER", e->tag, TAG_MAX);
	if (e->status != NULL)
		buffer_addf(b, "RELAIS_STATUS=%s\n", e->status);
	for (size_t i = 0; i < e->n; i++) {
		const struct log_field	*f = &e->fields[i];

		if (f->value == NULL || (f->kind == LOG_NUMBER &&
		    strcmp(f->value, "-") == 0))
			continue;
		snprintf(name, sizeof(name), "RELAIS_%s", f->key);
		for (char *p = name; *p != '\0'; p++)
			if (*p >= 'a' && *p <= 'z')
				*p = (char)(*p - 'a' + 'A');
		add_journal_field(b, name, f->value, value_max[f->kind]);
	}
}
