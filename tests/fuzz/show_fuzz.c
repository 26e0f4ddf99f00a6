/*
 * show_fuzz.c - an entry of the queue as mailq and relais queue print it
 *
 * The first octet selects the directory and whether an attempt is being made;
 * the file of the entry follows, and a part of it is also its transcript and
 * the name of an invalid file beside it.  The text is safe for a terminal, and
 * each line of JSON is an object.  An invalid entry is tried again with the
 * right lengths.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/mailq.h"
#include "cli/queue_json.h"
#include "cli/queue_show.h"
#include "cli/queue_source.h"
#include "fuzz/entry_text.h"
#include "fuzz/must.h"
#include "util/json.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

enum { FAILED = 1, LOCKED = 2, TRANSCRIPT = 4, PART = 300 };

/* The functions that print have no argument for these. */
static const struct entry	*present;
static char			*part;		/* of the input */

/* ------------------------------------ in the place of cli/queue_source.c */

void
queue_source_open(struct queue_source *q, const struct config *config)
{
	(void)q, (void)config;
	abort();
}

bool
queue_source_is_open(const struct queue_source *q)
{
	(void)q;
	return false;
}

bool
queue_source_each(struct queue_source *q, enum queue_source_part which,
    queue_source_fn *each, void *context, struct failure *why)
{
	struct spool_item	item = { .name = present->name,
				    .size = present->size, .is_file = true };

	(void)q;
	if (which == QUEUE_SOURCE_BOTH || (which == QUEUE_SOURCE_FAILED) ==
	    (present->dir == SPOOL_FAILED))
		each(context, &item, present, NULL);
	item.name = part;
	failed(why, EX_DATAERR, "%s: line 1 is invalid", part);
	each(context, &item, NULL, why);
	return true;
}

bool
queue_source_count(struct queue_source *q, struct health_state *state,
    struct failure *why)
{
	(void)q, (void)state, (void)why;
	abort();
}

void
queue_source_close(struct queue_source *q)
{
	(void)q;
	abort();
}

/* ---------------------------------------------------------- what is printed */

/* Standard output while it is kept. */
struct output {
	FILE	*before;
	char	*text;
	size_t	 len;
};

static void
begin(struct output *o)
{
	FILE	*f = open_memstream(&o->text, &o->len);

	must(f != NULL);
	o->before = stdout;
	stdout = f;
}

/* Calls line() for each line, which must be visible text.  The last line of a
 * message may have no end. */
static void
end(struct output *o, void (*line)(const char *text, size_t len))
{
	const char	*at;
	size_t		 len;

	must(fclose(stdout) == 0);
	stdout = o->before;
	must(o->len > 0 && strlen(o->text) == o->len);
	for (at = o->text; *at != '\0'; at += len + (at[len] == '\n')) {
		len = strcspn(at, "\n");
		for (size_t i = 0, n; i < len; i += n) {
			uint32_t	c;

			n = text_decode_utf8(at + i, len - i, &c);
			must(n > 0 && visible_is_safe(c));
		}
		line(at, len);
	}
	free(o->text);
}

static void
any_line(const char *text, size_t len)
{
	(void)text, (void)len;
}

/* Braces and brackets outside of strings are balanced. */
static void
json_line(const char *text, size_t len)
{
	struct buffer	ascii = { 0 };
	int		depth = 0;
	bool		quoted = false;

	must(text[0] == '{' && text[len - 1] == '}');
	must(json_to_ascii(&ascii, text, len));
	for (size_t i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && strchr("{[", text[i]) != NULL)
			depth++;
		else if (!quoted && strchr("}]", text[i]) != NULL)
			must(--depth > 0 || i + 1 == len);
	}
	must(!quoted && depth == 0);
	buffer_free(&ascii);
}

static void
print(const struct entry *e)
{
	struct queue_source	q = { .service = NULL };
	struct output		o;
	struct failure		why;

	present = e;
	begin(&o);
	must(mailq_print(&q, true, &why) && mailq_print(&q, false, &why) &&
	    mailq_print_failed(&q, &why) && queue_show(e, &why));
	end(&o, any_line);
	begin(&o);
	must(queue_json_list(&q, QUEUE_SOURCE_BOTH, &why));
	queue_json_show(e);
	end(&o, json_line);
}

static bool
try(uint8_t how, const void *data, size_t len)
{
	struct entry	e;
	bool		valid = entry_text_open(&e, data, len);

	if (valid) {
		e.dir = how & FAILED ? SPOOL_FAILED : SPOOL_QUEUE;
		e.locked = how & LOCKED;
		e.next = how;
		if (how & TRANSCRIPT)
			buffer_add_text(&e.transcript, part);
		print(&e);
	}
	entry_close(&e);
	return valid;
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	part = memory_copy_n((const char *)data + (len > PART ? len - PART :
	    1), len > PART ? PART : len - 1);
	entry_text_try(try, data, len);
	free(part);
	return 0;
}
