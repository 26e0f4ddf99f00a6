#include "cli/queue_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli/entry_state.h"
#include "cli/output.h"
#include "mail/body_lines.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/visible.h"

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
	struct entry_state		 all = { 0 };
	const char			*text;
	char				 reason[ENTRY_STATE_REASON];

	printf("entry: %s\n", e->name);
	entry_state_reason(reason, e, &all);
	entry_state_free(&all);
	print_text("state: ", reason[0] != '\0' ? reason :
	    entry_state_word(e));
	printf("arrived: ");
	output_time(d->arrived_us / 1000000);
	printf(e->dir == SPOOL_QUEUE ? "\nnext attempt: " : "\ngiven up: ");
	output_time(e->next);
	printf("\nattempts: %u\nsize: %llu\nuser: %lu", d->attempts,
	    (unsigned long long)d->message_size, (unsigned long)d->uid);
	print_visible(" ", d->caller, "\n");
	print_text("reason: ", entry_state_last(e));
	print_visible("from: <", d->envelope.reverse_path, ">\n");
	if (d->envelope.requiretls == REQUIRETLS_YES)
		printf("requiretls: yes\n");
	for (size_t i = 0; i < d->envelope.n; i++) {
		print_visible("to: <", d->envelope.forward[i].path, "> ");
		printf("%s", entry_state_recipient(&d->outcomes[i]));
		text = outcome_text(&d->outcomes[i]);
		print_text(text[0] != '\0' ? ": " : "", text);
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
