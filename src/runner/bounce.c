#include "runner/bounce.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/complete.h"
#include "util/buffer.h"
#include "util/text.h"

enum { BLOCK = 64 * 1024 };

struct bounce_writer {
	const struct entry	*entry;
	const struct identity	*me;
	int64_t			 now;
	char			 boundary[40];
	struct buffer		 text;
};

static const char *
host_of(const struct identity *me)
{
	return me->helo != NULL && me->helo[0] != '[' ? me->helo : me->host;
}

/* Failed, and NOTIFY does not exclude failures (RFC 3461 section 4.1). */
static bool
is_reported(const struct envelope_file *d, size_t i)
{
	unsigned	notify = d->envelope.forward[i].notify;

	return d->outcomes[i].kind == OUTCOME_FAILED &&
	    (notify == 0 || (notify & NOTIFY_FAILURE));
}

bool
bounce_is_due(const struct envelope_file *d)
{
	if (d->notice_sent || d->envelope.reverse_path[0] == '\0')
		return false;
	for (size_t i = 0; i < d->envelope.n; i++)
		if (is_reported(d, i))
			return true;
	return false;
}

static bool
is_ascii(const char *text)
{
	return text_is_ascii(text, strlen(text));
}

static bool
entry_has_8bit(const struct entry *e)
{
	const struct envelope_file	*d = &e->file;

	for (size_t i = 0; i < d->envelope.n; i++)
		if (!is_ascii(d->envelope.forward[i].path) ||
		    !is_ascii(d->outcomes[i].text))
			return true;
	return e->message.header_8bit || e->message.body.has_8bit;
}

static void
write_bounce_header(struct bounce_writer *w)
{
	const char	*encoding = entry_has_8bit(w->entry) ? "8bit" : "7bit";
	struct buffer	*b = &w->text;

	buffer_addf(b, "From: Mail Delivery System <MAILER-DAEMON>\n"
	    "To: <%s>\nSubject: Mail could not be delivered\nDate: ",
	    w->entry->file.envelope.reverse_path);
	date_write(b, (time_t)w->now);
	buffer_add_text(b, "\nMessage-ID: ");
	message_id_write(b, (time_t)w->now, w->me->domain);
	buffer_addf(b, "\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"%s\"\nContent-Transfer-Encoding: %s\n\n",
	    w->boundary, encoding);
}

static void
begin_part(struct bounce_writer *w, const char *type, bool has_8bit)
{
	buffer_addf(&w->text, "\n--%s\nContent-Type: %s\n"
	    "Content-Transfer-Encoding: %s\n\n", w->boundary, type,
	    has_8bit ? "8bit" : "7bit");
}

static void
write_explanation(struct bounce_writer *w)
{
	const struct envelope_file	*d = &w->entry->file;
	struct buffer			*b = &w->text;
	size_t				 delivered = 0;
	bool				 in_doubt = false;

	begin_part(w, "text/plain; charset=utf-8", entry_has_8bit(w->entry));
	buffer_addf(b, "This is the mail system at host %s.\n\n"
	    "Your message could not be delivered to the recipients below, "
	    "and no\nfurther attempt will be made.\n", host_of(w->me));
	for (size_t i = 0; i < d->envelope.n; i++) {
		delivered += d->outcomes[i].kind == OUTCOME_DELIVERED;
		if (!is_reported(d, i))
			continue;
		in_doubt |= d->outcomes[i].in_doubt;
		buffer_addf(b, "\n<%s>\n    %s\n",
		    d->envelope.forward[i].path, d->outcomes[i].text);
	}
	if (in_doubt)
		buffer_add_text(b, "\nThe connection to the server was lost "
		    "after the whole message had been\nsent, so the message "
		    "may have been delivered.\n");
	if (delivered > 0)
		buffer_addf(b, "\nThe message was delivered to %zu other "
		    "address%s.\n", delivered, delivered > 1 ? "es" : "");
}

/*
 * Decodes xtext (RFC 3461 section 4).  Characters that are not printable ASCII
 * remain encoded.
 */
static void
add_xtext(struct buffer *b, const char *text)
{
	for (; *text != '\0'; text++) {
		char	hex[3] = "";
		long	c;

		if (*text == '+' && isxdigit((unsigned char)text[1]) &&
		    isxdigit((unsigned char)text[2])) {
			memcpy(hex, text + 1, 2);
			c = strtol(hex, NULL, 16);
			if (c >= ' ' && c < 127) {
				buffer_add_byte(b, (char)c);
				text += 2;
				continue;
			}
		}
		buffer_add_byte(b, *text >= ' ' && *text < 127 ? *text : '?');
	}
}

/* An address with its type, as utf-8-addr-xtext if need be (RFC 6533). */
static void
add_address(struct buffer *b, const char *path)
{
	bool	ascii = is_ascii(path);

	buffer_add_text(b, ascii ? "rfc822;" : "utf-8;");
	while (*path != '\0') {
		uint32_t	c;
		size_t		n = text_decode_utf8(path, strlen(path), &c);

		if (n == 0) {
			c = (unsigned char)*path;
			n = 1;
		}
		if (c >= ' ' && c < 127 &&
		    (ascii || strchr(" \\+=", (int)c) == NULL))
			buffer_add_byte(b, *path);
		else
			buffer_addf(b, "\\x{%lX}", (unsigned long)c);
		path += n;
	}
}

/* "550 5.1.1 no" in "host:25: RCPT TO:<a@b>: 550 5.1.1 no" */
static const char *
reply_of(const struct outcome *o)
{
	char		 code[8];
	const char	*at;

	snprintf(code, sizeof(code), ": %03d", o->code % 1000);
	at = strstr(o->text, code);
	return at != NULL ? at + 2 : o->text;
}

/*
 * The server's enhanced status code; without one, 5.0.0 for a permanent
 * failure, or 4.4.7: delivery time expired (RFC 3463).
 */
static const char *
enhanced_status(const struct outcome *o)
{
	if (o->enhanced[0] != '\0')
		return o->enhanced;
	if (o->code / 100 == 5 || o->status == EX_DATAERR ||
	    o->status == EX_NOUSER)
		return "5.0.0";
	return "4.4.7";
}

static void
write_recipient_status(struct bounce_writer *w, size_t i)
{
	const struct forward_path	*to;
	const struct outcome		*o = &w->entry->file.outcomes[i];
	struct buffer			*b = &w->text;

	to = &w->entry->file.envelope.forward[i];
	buffer_add_byte(b, '\n');
	if (to->orcpt != NULL) {
		buffer_add_text(b, "Original-Recipient: ");
		add_xtext(b, to->orcpt);
		buffer_add_byte(b, '\n');
	}
	buffer_add_text(b, "Final-Recipient: ");
	add_address(b, to->path);
	buffer_addf(b, "\nAction: failed\nStatus: %s\n", enhanced_status(o));
	if (o->code != 0) {
		buffer_add_text(b, "Diagnostic-Code: smtp; ");
		for (const char *c = reply_of(o); *c != '\0'; c++)
			buffer_add_byte(b, *c >= ' ' && *c < 127 ? *c : '?');
		buffer_add_byte(b, '\n');
	}
}

static void
write_status(struct bounce_writer *w)
{
	const struct envelope_file	*d = &w->entry->file;
	struct buffer			*b = &w->text;

	begin_part(w, "message/delivery-status", false);
	buffer_addf(b, "Reporting-MTA: dns; %s\n", host_of(w->me));
	if (d->envelope.envid != NULL) {
		buffer_add_text(b, "Original-Envelope-Id: ");
		add_xtext(b, d->envelope.envid);
		buffer_add_byte(b, '\n');
	}
	buffer_add_text(b, "Arrival-Date: ");
	date_write(b, (time_t)(d->arrived_us / 1000000));
	buffer_add_byte(b, '\n');
	for (size_t i = 0; i < d->envelope.n; i++)
		if (is_reported(d, i))
			write_recipient_status(w, i);
}

static bool
feed_bounce_text(struct bounce *n, struct bounce_writer *w, struct failure *why)
{
	bool	good = message_feed(&n->message, w->text.data, w->text.len,
		    why);

	buffer_clear(&w->text);
	return good;
}

static bool
feed_body(struct bounce *n, const struct body *body, struct failure *why)
{
	struct buffer	block = { 0 };
	uint64_t	at = 0;
	bool		good = true;

	while (good && at < body->size) {
		ssize_t	len = body_read(body, at, buffer_room(&block, BLOCK),
			    BLOCK, why);

		good = len > 0 && message_feed(&n->message, block.data,
		    (size_t)len, why);
		if (len == 0)
			failed(why, EX_IOERR,
			    "the queued message is truncated");
		at += len > 0 ? (uint64_t)len : 0;
	}
	buffer_free(&block);
	return good;
}

static bool
feed_original(struct bounce *n, struct bounce_writer *w, struct failure *why)
{
	const struct message	*m = &w->entry->message;
	bool	full = w->entry->file.envelope.ret == RETURN_FULL;

	begin_part(w, full ? "message/rfc822" : "text/rfc822-headers",
	    m->header_8bit || (full && m->body.has_8bit));
	header_write(&w->text, &m->header);
	if (!feed_bounce_text(n, w, why) ||
	    (full && !feed_body(n, &m->body, why)))
		return false;
	buffer_addf(&w->text, "\n--%s--\n", w->boundary);
	return feed_bounce_text(n, w, why);
}

bool
bounce_make(struct bounce *n, const struct entry *entry,
    const struct identity *me, int64_t now, struct failure *why)
{
	const char *const	spill[] = { entry->spool->spill, NULL };
	struct message_limits	limits = { .spill = spill };
	struct bounce_writer	w = { .entry = entry, .me = me, .now = now };
	bool			good;

	*n = (struct bounce){ .message.body.fd = -1 };
	snprintf(w.boundary, sizeof(w.boundary), "relais-%08x%08x%08x",
	    arc4random(), arc4random(), arc4random());
	envelope_set_reverse(&n->envelope, "");
	/* A bounce of the bounce must not be sent. */
	envelope_add(&n->envelope, entry->file.envelope.reverse_path)->notify
	    = NOTIFY_NEVER;
	message_begin(&n->message, &limits);
	write_bounce_header(&w);
	write_explanation(&w);
	write_status(&w);
	good = feed_bounce_text(n, &w, why) && feed_original(n, &w, why) &&
	    message_end(&n->message, why);
	buffer_free(&w.text);
	return good;
}

void
bounce_free(struct bounce *n)
{
	envelope_free(&n->envelope);
	message_free(&n->message);
}
