#include "cli/queue_json.h"

#include <stdio.h>
#include <string.h>

#include "cli/entry_state.h"
#include "queue/id.h"
#include "util/buffer.h"
#include "util/json.h"

static void
add_member(struct buffer *b, const char *name, const char *value)
{
	buffer_addf(b, "\"%s\": ", name);
	json_string(b, value);
}

/* What the start of each object has. */
struct head {
	const char	*queue;
	const char	*id;
	int64_t		 arrived;
	uint64_t	 size;
	const char	*sender;
};

static void
add_head(struct buffer *b, const struct head *h)
{
	buffer_add_byte(b, '{');
	add_member(b, "queue_name", h->queue);
	buffer_add_text(b, ", ");
	add_member(b, "queue_id", h->id);
	buffer_addf(b, ", \"arrival_time\": %lld, \"message_size\": %llu, "
	    "\"forced_expire\": false, ", (long long)h->arrived,
	    (unsigned long long)h->size);
	add_member(b, "sender", h->sender);
	buffer_add_text(b, ", \"recipients\": [");
}

static void
add_recipients(struct buffer *b, const struct entry *e, bool delivered_too)
{
	const struct envelope_file	*d = &e->file;
	bool				 first = true;

	for (size_t i = 0; i < d->envelope.n; i++) {
		const struct outcome	*o = &d->outcomes[i];
		bool			 delivered = o->kind ==
					    OUTCOME_DELIVERED;

		if (delivered && !delivered_too)
			continue;
		buffer_add_text(b, first ? "{" : ", {");
		add_member(b, "address", d->envelope.forward[i].path);
		buffer_add_text(b, ", ");
		if (!delivered || outcome_text(o)[0] != '\0') {
			add_member(b, delivered ? "reply" : "delay_reason",
			    delivered ? outcome_text(o) :
			    entry_state_reply(e, i));
			buffer_add_text(b, ", ");
		}
		add_member(b, "status", entry_state_recipient(o));
		buffer_add_byte(b, '}');
		first = false;
	}
}

/* Without the brace at the end. */
static void
add_entry(struct buffer *b, const struct entry *e, bool delivered_too,
    struct entry_state *all)
{
	const struct envelope_file	*d = &e->file;
	const struct head		 head = {
		.queue = entry_state_queue(e),
		.id = e->name,
		.arrived = d->arrived_us / 1000000,
		.size = d->message_size,
		.sender = d->envelope.reverse_path[0] != '\0' ?
		    d->envelope.reverse_path : "MAILER-DAEMON",
	};
	char				 reason[ENTRY_STATE_REASON];

	add_head(b, &head);
	add_recipients(b, e, delivered_too);
	buffer_add_text(b, "], ");
	add_member(b, "state", entry_state_word(e));
	entry_state_reason(reason, e, all);
	buffer_add_text(b, ", ");
	add_member(b, "reason", reason[0] != '\0' ? reason :
	    entry_state_last(e));
	buffer_addf(b, ", \"%s\": %lld, \"attempts\": %u, \"uid\": %lu, ",
	    e->dir == SPOOL_FAILED ? "given_up" : "next_attempt",
	    (long long)e->next, d->attempts, (unsigned long)d->uid);
	add_member(b, "user", d->caller);
}

/* A file that cannot be read as an entry. */
static void
add_broken(struct buffer *b, const struct spool_item *item,
    const struct failure *why)
{
	const struct head	head = {
		.queue = "corrupt",
		.id = item->name,
		.arrived = id_is_valid(item->name) ? id_time(item->name) : 0,
		.size = item->size,
		.sender = "",
	};

	add_head(b, &head);
	buffer_add_text(b, "], ");
	add_member(b, "state", "broken");
	buffer_add_text(b, ", ");
	add_member(b, "reason", why->text);
}

struct list {
	struct buffer		line;
	struct entry_state	all;
};

static void
print_line(void *context, const struct spool_item *item,
    const struct entry *e, const struct failure *why)
{
	struct list	*list = context;
	struct buffer	*b = &list->line;

	buffer_clear(b);
	if (e != NULL)
		add_entry(b, e, false, &list->all);
	else
		add_broken(b, item, why);
	buffer_add_text(b, "}\n");
	fputs(b->data, stdout);
}

bool
queue_json_list(struct queue_source *q, enum queue_source_part part,
    struct failure *why)
{
	struct list	list = { 0 };
	bool		good = queue_source_each(q, part, print_line, &list,
			    why);

	buffer_free(&list.line);
	entry_state_free(&list.all);
	return good;
}

void
queue_json_show(const struct entry *e)
{
	struct entry_state	all = { 0 };
	struct buffer		b = { 0 };

	add_entry(&b, e, true, &all);
	entry_state_free(&all);
	if (e->transcript.len > 0) {
		buffer_add_text(&b, ", ");
		add_member(&b, "transcript", e->transcript.data);
	}
	buffer_add_text(&b, "}\n");
	fputs(b.data, stdout);
	buffer_free(&b);
}
