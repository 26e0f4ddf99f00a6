#include "cli/queue_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli/output.h"
#include "mail/body_lines.h"
#include "util/buffer.h"
#include "util/json.h"
#include "util/memory.h"
#include "util/visible.h"

static const char *
state_of(const struct entry *e)
{
	if (e->dir == SPOOL_FAILED)
		return "failed";
	if (e->locked)
		return "being sent";
	return e->file.held ? "held" : "waiting";
}

static const char *
status_of(const struct outcome *o)
{
	switch (o->kind) {
	case OUTCOME_WAITING:
	case OUTCOME_DEFERRED:
		return "waiting";
	case OUTCOME_DELIVERED:
		return "delivered";
	case OUTCOME_FAILED:
		break;
	}
	return "failed";
}

static void
print_visible(const char *before, const char *text, const char *after)
{
	fputs(before, stdout);
	output_visible(text, strlen(text));
	fputs(after, stdout);
}

/* Text that was made visible when it was stored. */
static void
print_text(const char *before, const char *text)
{
	fputs(before, stdout);
	output_text(text);
	putchar('\n');
}

static void
print_envelope(const struct entry *e)
{
	const struct envelope_file	*d = &e->file;

	printf("entry: %s\nstate: %s\narrived: ", e->name, state_of(e));
	output_time(d->arrived_us / 1000000);
	printf(e->dir == SPOOL_QUEUE ? "\nnext attempt: " : "\ngiven up: ");
	output_time(e->next);
	printf("\nattempts: %u\nsize: %llu\nuser: %lu", d->attempts,
	    (unsigned long long)d->message_size, (unsigned long)d->uid);
	print_visible(" ", d->caller, "\n");
	print_text("reason: ", d->reason);
	print_visible("from: <", d->envelope.reverse_path, ">\n");
	for (size_t i = 0; i < d->envelope.n; i++) {
		print_visible("to: <", d->envelope.forward[i].path, "> ");
		printf("%s", status_of(&d->outcomes[i]));
		print_text(d->outcomes[i].text[0] != '\0' ? ": " : "",
		    d->outcomes[i].text);
	}
	putchar('\n');
}

static void
print_line(void *context, const struct body_line *line)
{
	(void)context;
	output_visible(line->text, line->len);
	if (line->end > 0)
		putchar('\n');
}

/* Its lines may be those of a server: each is made visible. */
static void
print_transcript(const struct entry *e)
{
	const char	*at = e->transcript.data, *end;

	if (e->transcript.len == 0)
		return;
	end = at + e->transcript.len;
	printf("last attempt:\n");
	while (at < end) {
		const char	*line_end = memchr(at, '\n',
				    (size_t)(end - at));

		if (line_end == NULL)
			line_end = end;
		fputs("    ", stdout);
		output_visible(at, (size_t)(line_end - at));
		putchar('\n');
		at = line_end + 1;
	}
	putchar('\n');
}

bool
queue_show(const struct entry *e, struct failure *why)
{
	const struct header	*h = &e->message.header;

	print_envelope(e);
	print_transcript(e);
	for (size_t i = 0; i < h->n; i++) {
		const char	*line = h->field[i].text, *end;

		for (; (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
			output_visible(line, (size_t)(end - line));
			putchar('\n');
		}
	}
	putchar('\n');
	return body_each_line(&e->message.body, print_line, NULL, why);
}

static void
add_member(struct buffer *b, const char *name, const char *value)
{
	buffer_addf(b, "\"%s\":", name);
	json_string(b, value);
	buffer_add_byte(b, ',');
}

static void
add_entry(struct buffer *b, const struct entry *e)
{
	const struct envelope_file	*d = &e->file;

	buffer_add_byte(b, '{');
	add_member(b, "id", e->name);
	add_member(b, "state", state_of(e));
	buffer_addf(b, "\"arrived\":%lld,\"%s\":%lld,\"attempts\":%u,"
	    "\"size\":%llu,\"uid\":%lu,", (long long)d->arrived_us / 1000000,
	    e->dir == SPOOL_FAILED ? "given_up" : "next", (long long)e->next,
	    d->attempts,
	    (unsigned long long)d->message_size, (unsigned long)d->uid);
	add_member(b, "user", d->caller);
	add_member(b, "sender", d->envelope.reverse_path);
	add_member(b, "reason", d->reason);
	buffer_add_text(b, "\"recipients\":[");
	for (size_t i = 0; i < d->envelope.n; i++) {
		buffer_add_text(b, i > 0 ? ",{" : "{");
		add_member(b, "address", d->envelope.forward[i].path);
		add_member(b, "status", status_of(&d->outcomes[i]));
		buffer_add_text(b, "\"reply\":");
		json_string(b, d->outcomes[i].text);
		buffer_add_byte(b, '}');
	}
	buffer_add_text(b, "]}");
}

void
queue_show_json(const struct entry *e)
{
	struct buffer	b = { 0 };

	add_entry(&b, e);
	if (e->transcript.len > 0) {
		b.len--;	/* the brace */
		buffer_add_text(&b, ",\"transcript\":");
		json_string(&b, e->transcript.data);
		buffer_add_byte(&b, '}');
	}
	puts(b.data);
	buffer_free(&b);
}

struct json_array {
	size_t		n;
	struct buffer	b;
};

static void
print_element(void *context, const struct spool_item *item,
    const struct entry *e, const struct failure *why)
{
	struct json_array	*a = context;

	buffer_clear(&a->b);
	if (e != NULL) {
		add_entry(&a->b, e);
	} else {
		buffer_add_byte(&a->b, '{');
		add_member(&a->b, "id", item->name);
		add_member(&a->b, "state", "broken");
		buffer_add_text(&a->b, "\"reason\":");
		json_string(&a->b, why->text);
		buffer_add_byte(&a->b, '}');
	}
	printf("%s%s", a->n++ > 0 ? ",\n" : "", a->b.data);
}

bool
queue_show_list_json(struct queue_source *q, enum queue_source_part part,
    struct failure *why)
{
	struct json_array	a = { 0 };
	bool			good;

	putchar('[');
	good = queue_source_each(q, part, print_element, &a, why);
	puts("]");
	buffer_free(&a.b);
	return good;
}
