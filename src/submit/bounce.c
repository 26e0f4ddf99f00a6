#include "submit/bounce.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "mail/complete.h"
#include "queue/commit.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/text.h"

enum { FOLD_AT = 76 };		/* octets of a line */

static const struct {
	const char	*subject;
	const char	*action;
	const char	*explanation;
} kinds[] = {
	[BOUNCE_FAILED] = { "Mail could not be delivered", "failed",
	    "Your message could not be delivered to the recipients below, "
	    "and no\nfurther attempt will be made." },
	[BOUNCE_DELAYED] = { "Mail is delayed", "delayed",
	    "Your message could not yet be delivered to the recipients below. "
	    " You do\nnot have to send it again: further attempts will be "
	    "made." },
	[BOUNCE_RELAYED] = { "Mail was relayed", "relayed",
	    "Your message was accepted for the recipients below by a server "
	    "that does\nnot report on further delivery." },
};

struct bounce_writer {
	const struct bounce_report	*report;
	const struct identity		*me;
	int64_t				 now;
	bool				 requires_tls;	/* as the message did */
	char				 boundary[40];
	struct buffer			 text;
};

static const char *
host_of(const struct identity *me)
{
	return me->helo != NULL && me->helo[0] != '[' ? me->helo : me->host;
}

/* RFC 3461 section 4.1. */
static bool
is_reported(const struct bounce_report *r, size_t i)
{
	const struct outcome	*o = &r->outcomes[i];
	unsigned		 notify = r->envelope->forward[i].notify;

	switch (r->kind) {
	case BOUNCE_FAILED:
		return o->kind == OUTCOME_FAILED &&
		    (notify == 0 || (notify & NOTIFY_FAILURE));
	case BOUNCE_DELAYED:
		return (o->kind == OUTCOME_WAITING ||
		    o->kind == OUTCOME_DEFERRED) && (notify & NOTIFY_DELAY) &&
		    !o->delay_reported;
	case BOUNCE_RELAYED:
		break;
	}
	return o->kind == OUTCOME_DELIVERED && (notify & NOTIFY_SUCCESS) &&
	    !o->dsn_offered && (r->attempted == NULL || r->attempted[i]);
}

bool
bounce_is_due(const struct bounce_report *r)
{
	if (r->envelope->reverse_path[0] == '\0')
		return false;
	for (size_t i = 0; i < r->envelope->n; i++)
		if (is_reported(r, i))
			return true;
	return false;
}

static bool
is_ascii(const char *text)
{
	return text_is_ascii(text, strlen(text));
}

static bool
report_has_8bit(const struct bounce_report *r)
{
	for (size_t i = 0; i < r->envelope->n; i++)
		if (!is_ascii(r->envelope->forward[i].path) ||
		    !is_ascii(outcome_text(&r->outcomes[i])))
			return true;
	return r->message->header_8bit || r->message->body.has_8bit;
}

static void
write_bounce_header(struct bounce_writer *w)
{
	const char	*encoding = report_has_8bit(w->report) ? "8bit" : "7bit";
	struct buffer	*b = &w->text;

	buffer_addf(b, "From: Mail Delivery System <MAILER-DAEMON>\n"
	    "To: <%s>\nSubject: %s\nDate: ",
	    w->report->envelope->reverse_path,
	    kinds[w->report->kind].subject);
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
	const struct bounce_report	*r = w->report;
	struct buffer			*b = &w->text;
	size_t				 delivered = 0;
	bool				 in_doubt = false;

	begin_part(w, "text/plain; charset=utf-8", report_has_8bit(r));
	buffer_addf(b, "This is the mail system at host %s.\n\n%s\n",
	    host_of(w->me), kinds[r->kind].explanation);
	for (size_t i = 0; i < r->envelope->n; i++) {
		delivered += r->outcomes[i].kind == OUTCOME_DELIVERED;
		if (!is_reported(r, i))
			continue;
		in_doubt |= r->outcomes[i].in_doubt;
		buffer_addf(b, "\n<%s>\n    %s\n",
		    r->envelope->forward[i].path,
		    outcome_text(&r->outcomes[i]));
	}
	if (in_doubt)
		buffer_add_text(b, "\nThe connection to the server was lost "
		    "after the whole message had been\nsent, so the message "
		    "may have been delivered.\n");
	if (delivered > 0 && r->kind != BOUNCE_RELAYED)
		buffer_addf(b, "\nThe message was delivered to %zu other "
		    "address%s.\n", delivered, delivered > 1 ? "es" : "");
	if (r->kind == BOUNCE_DELAYED) {
		buffer_add_text(b, "\nIf it cannot be delivered by ");
		date_write(b, (time_t)r->retry_until);
		buffer_add_text(b, ",\nit will be given up, and you will "
		    "be notified.\n");
	}
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
			c = (long)strtoimax(hex, NULL, 16);
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

/*
 * Finds "550 5.1.1 no" in "host:25: RCPT TO:<a@b>: 550 5.1.1 no", without
 * advice that was added to it.  Returns its length.
 */
static size_t
find_reply(const struct outcome *o, const char **reply)
{
	const char	*text = outcome_text(o);
	size_t		 len = strlen(text);
	char		 code[8];

	snprintf(code, sizeof(code), ": %03d", o->code % 1000);
	*reply = strstr(text, code);
	*reply = *reply != NULL ? *reply + 2 : text;
	if (o->reply_end > 0 && o->reply_end < len &&
	    text + o->reply_end > *reply)
		len = o->reply_end;
	return len - (size_t)(*reply - text);
}

/* Writes text in lines of at most FOLD_AT octets if it has enough spaces. */
static void
add_folded(struct buffer *b, size_t column, const char *text, size_t len)
{
	const char	*end = text + len;

	while (text < end) {
		size_t	n = 1;

		while (text + n < end && text[n] != ' ')
			n++;
		if (column + n > FOLD_AT && *text == ' ' && n > 1) {
			buffer_add_byte(b, '\n');
			column = 0;
		}
		for (size_t i = 0; i < n; i++)
			buffer_add_byte(b, text[i] >= ' ' && text[i] < 127 ?
			    text[i] : '?');
		column += n;
		text += n;
	}
}

/*
 * The server that replied: "host" in "host:25: RCPT ...".  An address is
 * written as an address literal.
 */
static void
add_remote(struct buffer *b, const struct outcome *o)
{
	static const char	 expired[] = "given up after ";
	const char		*host = outcome_text(o), *end;

	if (strncmp(host, expired, sizeof(expired) - 1) == 0 &&
	    (host = strstr(host, ": ")) != NULL)
		host += 2;
	end = host != NULL ? strstr(host, ": ") : NULL;
	while (end != NULL && end > host && isdigit((unsigned char)end[-1]))
		end--;
	if (end == NULL || end < host + 2 || *--end != ':' || *host == '/')
		return;
	for (const char *c = host; c < end; c++)
		if (*c <= ' ' || *c >= 127)
			return;
	buffer_add_text(b, "Remote-MTA: dns; ");
	if (*host == '[')
		buffer_addf(b, "[IPv6:%.*s", (int)(end - host - 1), host + 1);
	else if (strspn(host, "0123456789.") == (size_t)(end - host))
		buffer_addf(b, "[%.*s]", (int)(end - host), host);
	else
		buffer_addf(b, "%.*s", (int)(end - host), host);
	buffer_add_byte(b, '\n');
}

/*
 * The server's enhanced status code.  Without one (RFC 3463): 2.0.0; 4.0.0 for
 * a delay; 5.1.1 for a name that is unknown here; 5.6.7 for a non-ASCII
 * address; 5.0.0 for another permanent failure; or 4.4.7, delivery time
 * expired, which also replaces the code of the last deferral.
 */
static const char *
enhanced_status(const struct bounce_report *r, size_t i)
{
	const struct outcome	*o = &r->outcomes[i];
	const char		*path = r->envelope->forward[i].path;
	bool			 temporary = o->status == EX_TEMPFAIL ||
				    o->code / 100 == 4;

	switch (r->kind) {
	case BOUNCE_RELAYED:
		return o->enhanced[0] == '2' ? o->enhanced : "2.0.0";
	case BOUNCE_DELAYED:
		return o->enhanced[0] == '4' ? o->enhanced : "4.0.0";
	case BOUNCE_FAILED:
		break;
	}
	if (temporary)
		return "4.4.7";
	if (o->enhanced[0] == '5')
		return o->enhanced;
	if (o->code == 0 && !is_ascii(path))
		return "5.6.7";	/* RFC 6531 section 3.5 */
	if (o->code / 100 == 5 || o->status == EX_DATAERR)
		return "5.0.0";
	return o->status == EX_NOUSER ? "5.1.1" : "4.4.7";
}

static void
write_recipient_status(struct bounce_writer *w, size_t i)
{
	const struct bounce_report	*r = w->report;
	const struct forward_path	*to = &r->envelope->forward[i];
	const struct outcome		*o = &r->outcomes[i];
	struct buffer			*b = &w->text;
	const char			*reply;
	size_t				 len;

	buffer_add_byte(b, '\n');
	if (to->orcpt != NULL) {
		buffer_add_text(b, "Original-Recipient: ");
		add_xtext(b, to->orcpt);
		buffer_add_byte(b, '\n');
	}
	buffer_add_text(b, "Final-Recipient: ");
	add_address(b, to->path);
	buffer_addf(b, "\nAction: %s\nStatus: %s\n", kinds[r->kind].action,
	    enhanced_status(r, i));
	if (o->code != 0) {
		add_remote(b, o);
		buffer_add_text(b, "Diagnostic-Code: smtp; ");
		len = find_reply(o, &reply);
		add_folded(b, strlen("Diagnostic-Code: smtp; "), reply, len);
		buffer_add_byte(b, '\n');
	}
	if (r->attempted == NULL || r->attempted[i]) {
		buffer_add_text(b, "Last-Attempt-Date: ");
		date_write(b, (time_t)w->now);
		buffer_add_byte(b, '\n');
	}
	if (r->kind == BOUNCE_DELAYED) {
		buffer_add_text(b, "Will-Retry-Until: ");
		date_write(b, (time_t)r->retry_until);
		buffer_add_byte(b, '\n');
	}
}

static void
write_status(struct bounce_writer *w)
{
	const struct bounce_report	*r = w->report;
	struct buffer			*b = &w->text;

	begin_part(w, "message/delivery-status", false);
	buffer_addf(b, "Reporting-MTA: dns; %s\n", host_of(w->me));
	if (r->envelope->envid != NULL) {
		buffer_add_text(b, "Original-Envelope-Id: ");
		add_xtext(b, r->envelope->envid);
		buffer_add_byte(b, '\n');
	}
	buffer_add_text(b, "Arrival-Date: ");
	date_write(b, (time_t)r->arrived);
	buffer_add_byte(b, '\n');
	for (size_t i = 0; i < r->envelope->n; i++)
		if (is_reported(r, i))
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

/*
 * RET=FULL is for failures only (RFC 3461 section 4.3), and has no effect with
 * REQUIRETLS (RFC 8689 section 5).
 */
static bool
feed_original(struct bounce *n, struct bounce_writer *w, struct failure *why)
{
	const struct message	*m = w->report->message;
	bool	full = w->report->envelope->ret == RETURN_FULL &&
		    w->report->kind == BOUNCE_FAILED && !w->requires_tls;

	begin_part(w, full ? "message/rfc822" : "text/rfc822-headers",
	    m->header_8bit || (full && m->body.has_8bit));
	header_write(&w->text, &m->header);
	if (!feed_bounce_text(n, w, why) ||
	    (full && !message_feed_body(&n->message, &m->body, why)))
		return false;
	buffer_addf(&w->text, "\n--%s--\n", w->boundary);
	return feed_bounce_text(n, w, why);
}

/* A section [to] may set requiretls only for some of the recipients. */
static bool
requires_tls(const struct bounce_report *r, const struct config *config,
    const char *user)
{
	struct config_subject	subject = { .from = r->envelope->reverse_path,
				    .user = user };

	if (r->envelope->requiretls != REQUIRETLS_NO)
		return true;
	for (size_t i = 0; i < r->envelope->n; i++) {
		subject.to = r->envelope->forward[i].path;
		if (is_reported(r, i) &&
		    config_bool(config, &subject, KEY_REQUIRETLS))
			return true;
	}
	return false;
}

bool
bounce_make(struct bounce *n, const struct bounce_report *r,
    const struct prepare_options *options, struct failure *why)
{
	const char *const	spill[] = { r->spool->spill, NULL };
	struct message_limits	limits = { .spill = spill };
	struct prepare_options	preparation = {
		.config = options->config,
		.me = options->me,
		.local_names = options->local_names,
		.about = r->envelope->reverse_path,
	};
	struct bounce_writer	w = { .report = r, .me = options->me,
				    .now = clock_now() };
	bool			good;

	*n = (struct bounce){ .message.body.fd = -1 };
	snprintf(w.boundary, sizeof(w.boundary), "relais-%08x%08x%08x",
	    arc4random(), arc4random(), arc4random());
	w.requires_tls = requires_tls(r, options->config, r->caller);
	if (w.requires_tls)
		n->envelope.requiretls = REQUIRETLS_IF_OFFERED;
	envelope_set_reverse(&n->envelope, "");
	/* A bounce of the bounce must not be sent. */
	envelope_add(&n->envelope, r->envelope->reverse_path)->notify =
	    NOTIFY_NEVER;
	message_begin(&n->message, &limits);
	write_bounce_header(&w);
	write_explanation(&w);
	write_status(&w);
	good = feed_bounce_text(n, &w, why) && feed_original(n, &w, why) &&
	    message_end(&n->message, why);
	buffer_free(&w.text);
	return good && prepare_message(&preparation, &n->envelope, &n->message,
	    &n->outcomes, why);
}

bool
bounce_queue(const struct bounce *n, const struct bounce_report *r,
    char id[ID_SIZE], struct failure *why)
{
	const struct spool_submission	submission = {
		.envelope = &n->envelope,
		.message = &n->message,
		.outcomes = n->outcomes,
		.next = clock_now(),
		.uid = r->uid,
		.caller = r->caller,
	};

	if (spool_commit(r->spool, &submission, id, why))
		return true;
	id[0] = '\0';
	return false;
}

void
bounce_free(struct bounce *n)
{
	outcome_list_free(n->outcomes, n->envelope.n);
	n->outcomes = NULL;
	envelope_free(&n->envelope);
	message_free(&n->message);
}
