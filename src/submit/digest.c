#include "submit/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mail/address.h"
#include "mail/complete.h"
#include "mail/subject.h"
#include "submit/header_rules.h"
#include "util/buffer.h"
#include "util/text.h"

enum {
	SUBJECT_MAX = 120,		/* octets */
	SUBJECTS_MAX = 25,		/* different ones in the summary */
	TO_MAX = 50,			/* addresses */
};

/* Messages with the same subject. */
struct subject {
	struct buffer	text;
	size_t		messages;
};

struct writer {
	const struct digest_options	*options;
	struct message			*message;
	struct subject			 subject[SUBJECTS_MAX];
	size_t				 n_subjects;
	size_t				 others;	/* messages with
							 * others */
	char				 outer[40];	/* boundaries */
	char				 inner[40];
	struct buffer			 text;
};

static const struct envelope_file *
file_of(const struct writer *w, size_t i)
{
	return &w->options->member[i]->file;
}

static const struct header *
header_of(const struct writer *w, size_t i)
{
	return &w->options->member[i]->message.header;
}

static bool
is_8bit(const struct message *m)
{
	return m->header_8bit || m->body.has_8bit;
}

/* ----------------------------------------------------------- its header */

static void
count_subject(struct writer *w, const struct header *h)
{
	struct buffer	text = { 0 };

	subject_write(&text, h, SUBJECT_MAX);
	if (text.len == 0)
		buffer_add_text(&text, "(no subject)");
	for (size_t i = 0; i < w->n_subjects; i++)
		if (strcmp(w->subject[i].text.data, text.data) == 0) {
			w->subject[i].messages++;
			buffer_free(&text);
			return;
		}
	if (w->n_subjects == SUBJECTS_MAX) {
		w->others++;
		buffer_free(&text);
		return;
	}
	w->subject[w->n_subjects++] = (struct subject){ text, 1 };
}

static void
find_addresses(struct address_list *list, const struct header *h)
{
	static const char *const	names[] = { "To", "Cc" };

	for (size_t i = 0; i < h->n; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++) {
			struct address_faults	 faults = { 0 };
			struct failure		 ignored;
			const char		*value;
			size_t			 len;

			if (!field_is(&h->field[i], names[k]))
				continue;
			value = field_value(&h->field[i], &len);
			address_list_parse_lenient(list, &faults, value, len,
			    &ignored);
			address_faults_free(&faults);
		}
}

static bool
is_in(const struct address_list *list, const struct address *a)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->address[i].local, a->local) == 0 &&
		    strcasecmp(list->address[i].domain, a->domain) == 0)
			return true;
	return false;
}

/* Writes the addresses that every message shows. */
static void
write_to(struct writer *w)
{
	struct address_list	first = { 0 };
	bool			hidden[TO_MAX] = { false };
	size_t			n, shown = 0;

	find_addresses(&first, header_of(w, 0));
	n = first.n < TO_MAX ? first.n : TO_MAX;
	for (size_t i = 1; i < w->options->n; i++) {
		struct address_list	list = { 0 };

		find_addresses(&list, header_of(w, i));
		for (size_t k = 0; k < n; k++)
			hidden[k] = hidden[k] ||
			    !is_in(&list, &first.address[k]);
		address_list_free(&list);
	}
	buffer_add_text(&w->text, "To: ");
	for (size_t k = 0; k < n; k++) {
		if (hidden[k])
			continue;
		if (shown++ > 0)
			buffer_add_text(&w->text, ",\n\t");
		address_write(&w->text, &first.address[k]);
	}
	buffer_add_text(&w->text, shown > 0 ? "\n" :
	    "undisclosed-recipients:;\n");
	address_list_free(&first);
}

/* The same From field as in the messages, if it is the same in all of them. */
static void
write_from(struct writer *w)
{
	const struct field	*first = header_find(header_of(w, 0), "From",
				    0);
	bool			 same = first != NULL;

	for (size_t i = 1; same && i < w->options->n; i++) {
		const struct field	*f = header_find(header_of(w, i),
					    "From", 0);

		same = f != NULL && f->len == first->len &&
		    memcmp(f->text, first->text, f->len) == 0;
	}
	if (same)
		buffer_add(&w->text, first->text, first->len);
	else
		buffer_addf(&w->text, "From: <%s>\n",
		    file_of(w, 0)->envelope.reverse_path);
}

static void
write_digest_header(struct writer *w, bool has_8bit)
{
	const char	*domain = strrchr(
			    file_of(w, 0)->envelope.reverse_path, '@');
	struct buffer	*b = &w->text;

	write_from(w);
	write_to(w);
	buffer_addf(b, "Subject: [digest] %zu messages: %s\nDate: ",
	    w->options->n, w->subject[0].text.data);
	date_write(b, (time_t)w->options->now);
	buffer_add_text(b, "\nMessage-ID: ");
	message_id_write(b, (time_t)w->options->now, domain != NULL ?
	    domain + 1 : w->options->me->domain);
	buffer_addf(b, "\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=\"%s\"\n"
	    "Content-Transfer-Encoding: %s\n\n", w->outer,
	    has_8bit ? "8bit" : "7bit");
}

/* ------------------------------------------------------------ the parts */

static void
begin_part(struct writer *w, const char *boundary, const char *type,
    bool has_8bit)
{
	buffer_addf(&w->text, "\n--%s\nContent-Type: %s\n"
	    "Content-Transfer-Encoding: %s\n\n", boundary, type,
	    has_8bit ? "8bit" : "7bit");
}

static void
write_arrival(struct writer *w, const char *what, size_t i)
{
	buffer_add_text(&w->text, what);
	date_write(&w->text, (time_t)(file_of(w, i)->arrived_us / 1000000));
	buffer_add_byte(&w->text, '\n');
}

static void
write_summary(struct writer *w, const char *rate)
{
	const struct digest_options	*o = w->options;
	const char			*period;
	struct buffer			*b = &w->text;

	buffer_addf(b, "This digest contains %zu messages from <%s>.\n"
	    "Each of them follows unchanged.\n\n", o->n,
	    file_of(w, 0)->envelope.reverse_path);
	period = rate != NULL ? strchr(rate, '/') : NULL;
	if (period != NULL)
		buffer_addf(b, "More than %.*s messages in one %s were sent to "
		    "the same recipients, so\nrelais on %s collected the "
		    "others (storm = %s).\n\n", (int)(period - rate), rate,
		    period + 1, o->me->host, rate);
	write_arrival(w, "First message: ", 0);
	write_arrival(w, "Last message:  ", o->n - 1);
	buffer_add_text(b, "\nSubjects:\n\n");
	for (size_t i = 0; i < w->n_subjects; i++)
		buffer_addf(b, "%5zu  %s\n", w->subject[i].messages,
		    w->subject[i].text.data);
	if (w->others > 0)
		buffer_addf(b, "... and %zu more message%s\n", w->others,
		    w->others == 1 ? "" : "s");
}

static bool
feed_text(struct writer *w, struct failure *why)
{
	bool	good = message_feed(w->message, w->text.data, w->text.len,
		    why);

	buffer_clear(&w->text);
	return good;
}

static bool
feed_digest(struct writer *w, const char *rate, struct failure *why)
{
	struct buffer	summary = { 0 };
	char		type[80];
	bool		has_8bit = false, all_8bit, good;

	for (size_t i = 0; i < w->options->n; i++)
		has_8bit |= is_8bit(&w->options->member[i]->message);
	write_summary(w, rate);
	summary = w->text;
	w->text = (struct buffer){ 0 };
	all_8bit = has_8bit || !text_is_ascii(summary.data, summary.len);

	write_digest_header(w, all_8bit);
	begin_part(w, w->outer, "text/plain; charset=utf-8", all_8bit);
	buffer_add(&w->text, summary.data, summary.len);
	snprintf(type, sizeof(type), "multipart/digest; boundary=\"%s\"",
	    w->inner);
	begin_part(w, w->outer, type, has_8bit);
	buffer_free(&summary);
	good = feed_text(w, why);
	for (size_t i = 0; good && i < w->options->n; i++) {
		const struct message	*m = &w->options->member[i]->message;

		begin_part(w, w->inner, "message/rfc822", is_8bit(m));
		header_write(&w->text, &m->header);
		good = feed_text(w, why) &&
		    message_feed_body(w->message, &m->body, why);
	}
	buffer_addf(&w->text, "\n--%s--\n\n--%s--\n", w->inner, w->outer);
	return good && feed_text(w, why) && message_end(w->message, why);
}

/* The keys about the header of the sender's messages apply to the digest. */
static void
complete_header(struct writer *w, const struct config_subject *subject)
{
	const struct digest_options	*o = w->options;
	const char			*domain = strrchr(subject->from, '@');
	struct completion		 completion = {
		.now = (time_t)o->now,
		.from = subject->from,
		.id_domain = domain != NULL ? domain + 1 : o->me->domain,
	};

	header_rules_apply(w->message, o->config, subject);
	header_complete(&w->message->header, &completion);
	if (config_bool(o->config, subject, KEY_RECEIVED))
		header_rules_add_received(&w->message->header, o->me,
		    (time_t)o->now);
}

bool
digest_make(struct message *m, const struct digest_options *o,
    struct failure *why)
{
	const char *const	 spill[] = { o->spool->spill, NULL };
	struct message_limits	 limits = { .spill = spill };
	struct config_subject	 subject = {
		.from = o->member[0]->file.envelope.reverse_path,
		.user = o->me->user,
	};
	struct writer		 w = { .options = o, .message = m };
	bool			 good;

	snprintf(w.outer, sizeof(w.outer), "relais-%08x%08x%08x",
	    arc4random(), arc4random(), arc4random());
	snprintf(w.inner, sizeof(w.inner), "relais-%08x%08x%08x",
	    arc4random(), arc4random(), arc4random());
	message_begin(m, &limits);
	for (size_t i = 0; i < o->n; i++)
		count_subject(&w, header_of(&w, i));
	good = feed_digest(&w, config_text(o->config, &subject, KEY_STORM),
	    why);
	if (good)
		complete_header(&w, &subject);
	for (size_t i = 0; i < w.n_subjects; i++)
		buffer_free(&w.subject[i].text);
	buffer_free(&w.text);
	return good;
}
