#include "relay/delivery.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "mime/wire.h"
#include "smtp/smtp_paths.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/visible.h"

enum {
	BLOCK = 64 * 1024,
	/* That of RFC 5321 section 4.5.3.2.6 for the final reply. */
	TIMEOUT_MS = 10 * 60 * 1000,
};

/* One call of delivery_send(). */
struct sending {
	const struct delivery	*delivery;
	const struct envelope	*envelope;
	struct outcome		*outcomes;
	const char		*prefix;	/* of each text */
	struct smtp_paths	 paths;
	struct wire		 wire;
	bool			*chosen;	/* owned: for this run */
};

static void
remark(const struct delivery *d, char side, const char *text)
{
	if (d->trace != NULL)
		d->trace->line(d->trace->context, side, text);
}

/* "/usr/local/bin/send: ", "/srv/Maildir: " or "discard: " */
static char *
make_prefix(const struct smarthost_url *h)
{
	struct buffer	prefix = { 0 };

	buffer_addf(&prefix, "%.290s: ", h->scheme == SCHEME_DISCARD ?
	    "discard" : h->path);
	return buffer_take(&prefix);
}

/* Names the user of this process, not the one who submitted the message. */
static void
add_user(struct failure *why)
{
	const struct passwd	*pw = getpwuid(geteuid());

	if (pw != NULL)
		failure_suffix(why, " by user %s", pw->pw_name);
	else
		failure_suffix(why, " by uid %lu", (unsigned long)geteuid());
}

static void
add_remedy(const struct delivery *d, struct failure *why)
{
	if (why->status == EX_CONFIG) {
		failure_suffix(why, d->smarthost->scheme == SCHEME_COMMAND ?
		    "; correct the path, or make the program executable" :
		    "; create the directory, or make it writable");
		add_user(why);
	}
	failure_suffix(why, " (%s)", d->origin);
}

bool
delivery_is_nested(void)
{
	return getenv("RELAIS_SENDER") != NULL;
}

bool
delivery_open(const struct delivery *d, struct failure *why)
{
	char	*prefix;

	if (d->smarthost->scheme == SCHEME_DISCARD)
		return true;
	if (d->smarthost->scheme == SCHEME_COMMAND && delivery_is_nested())
		failed(why, EX_UNAVAILABLE, "not run, because this message is "
		    "sent by a program that relais runs as a smarthost");
	else if (delivery_process_open(d->process, d->smarthost, why))
		return true;
	prefix = make_prefix(d->smarthost);
	failure_prefix(why, "%s", prefix);
	add_remedy(d, why);
	free(prefix);
	return false;
}

void
delivery_refuse(const struct delivery *d, struct failure *why)
{
	char	*prefix = make_prefix(d->smarthost);

	failed(why, EX_UNAVAILABLE, "%sREQUIRETLS (RFC 8689) requires TLS, "
	    "which only a server can use, so the message was not sent (%s)",
	    prefix, d->origin);
	free(prefix);
}

/* Sets the outcome of the paths that were chosen. */
static void
set_outcomes(struct sending *s, const struct outcome *o,
    const struct failure *why)
{
	for (size_t i = 0; i < s->envelope->n; i++) {
		struct outcome	*to = &s->outcomes[i];

		if (to->kind != OUTCOME_WAITING || !s->chosen[i])
			continue;
		outcome_set(to, o);
		to->status = why->status;
		outcome_set_text(to, "%s%.690s%s", s->prefix,
		    why->text, !o->in_doubt ? "" : s->delivery->
		    smarthost->scheme == SCHEME_COMMAND ? "; the program may "
		    "have delivered the message" : "; the message may have "
		    "been delivered");
		if (o->kind == OUTCOME_DELIVERED && s->wire.remark != NULL)
			outcome_add_text(to, "; %s", s->wire.remark);
	}
}

/*
 * Chooses paths without an outcome, as many as fit, and adds them to the
 * buffer, after the reverse-path.  Returns their number.
 */
static size_t
choose_paths(struct sending *s, struct buffer *paths)
{
	const char	*reverse = smtp_paths_reverse(&s->paths);
	bool		 limited = s->delivery->smarthost->scheme ==
			    SCHEME_COMMAND;
	size_t		 n = 0;

	buffer_clear(paths);
	if (limited)
		buffer_add(paths, reverse, strlen(reverse) + 1);
	for (size_t i = 0; i < s->envelope->n; i++) {
		const char	*path = smtp_paths_forward(&s->paths, i);
		size_t		 len = strlen(path) + 1;

		s->chosen[i] = s->outcomes[i].kind == OUTCOME_WAITING &&
		    !(limited && n > 0 && paths->len + len >
		    DELIVERY_PATHS_MAX);
		if (!s->chosen[i])
			continue;
		if (limited)
			buffer_add(paths, path, len);
		n++;
	}
	return n;
}

/* Each CR is followed by a LF (mail/message.h). */
static bool
write_lines(struct delivery_process *p, const char *data, size_t len,
    struct failure *why)
{
	char	*lines = memory_new(len + 1, 1);
	size_t	 n = 0;
	bool	 good;

	for (size_t i = 0; i < len; i++)
		if (data[i] != '\r')
			lines[n++] = data[i];
	good = delivery_process_write(p, lines, n, why);
	free(lines);
	return good;
}

/* The fields that the host of final delivery adds. */
static bool
write_envelope(struct sending *s, struct failure *why)
{
	struct buffer	fields = { 0 };
	bool		good;

	buffer_addf(&fields, "Return-Path: <%s>\n",
	    smtp_paths_reverse(&s->paths));
	for (size_t i = 0; i < s->envelope->n; i++)
		if (s->chosen[i])
			buffer_addf(&fields, "X-Envelope-To: <%s>\n",
			    smtp_paths_forward(&s->paths, i));
	good = delivery_process_write(s->delivery->process, fields.data,
	    fields.len, why);
	buffer_free(&fields);
	return good;
}

static bool
write_message(struct sending *s, struct failure *why)
{
	struct delivery_process	*p = s->delivery->process;
	char			*block = memory_new(BLOCK, 1);
	ssize_t			 n = 0;
	bool			 good;

	wire_rewind(&s->wire);
	good = write_lines(p, s->wire.head.data, s->wire.head.len, why);
	while (good && (n = wire_read(&s->wire, block, BLOCK, why)) > 0)
		good = write_lines(p, block, (size_t)n, why);
	free(block);
	return good && n == 0;
}

static void
trace_end(const struct delivery *d, const struct buffer *output,
    const struct failure *why)
{
	char	shown[1024];

	for (const char *at = output->data, *end; d->trace != NULL &&
	    at != NULL && *at != '\0'; at = end + strspn(end, "\r\n")) {
		end = at + strcspn(at, "\r\n");
		if (end > at)
			remark(d, 'S', visible(shown, sizeof(shown), at,
			    (size_t)(end - at)));
	}
	remark(d, '*', why->text);
}

/* One file, or one run of a program. */
static enum delivery_end
send_once(struct sending *s, struct buffer *paths, struct failure *why)
{
	const struct delivery	*d = s->delivery;
	bool			 is_command = d->smarthost->scheme ==
				    SCHEME_COMMAND;
	struct delivery_request	 request = { .smarthost = d->smarthost,
				    .timeout_ms = d->timeout_ms > 0 ?
				    d->timeout_ms : TIMEOUT_MS,
				    .paths = is_command ? paths : NULL };
	struct outcome		 o = { .step = STEP_FINAL };
	struct delivery_result	*r = memory_new(1, sizeof(*r));
	struct buffer		 output = { 0 };
	enum delivery_end	 end = DELIVERY_END;
	char			 text[60];

	snprintf(text, sizeof(text), "message, %llu octets with CRLF",
	    (unsigned long long)s->wire.size);
	remark(d, '*', text);
	if (!delivery_process_begin(d->process, &request, why) ||
	    (!is_command && !write_envelope(s, why)) ||
	    !write_message(s, why)) {
		delivery_process_abandon(d->process);
		failure_prefix(why, "%s", s->prefix);
		free(r);
		return DELIVERY_END_NEXT;
	}
	if (!delivery_process_end(d->process, &request, r, &output, why)) {
		r->kind = DELIVERY_IN_DOUBT;
		r->why = *why;
	}
	trace_end(d, &output, &r->why);
	switch (r->kind) {
	case DELIVERY_DONE:
		o.kind = OUTCOME_DELIVERED;
		set_outcomes(s, &o, &r->why);
		break;
	case DELIVERY_REFUSED:
		o.kind = OUTCOME_FAILED;
		set_outcomes(s, &o, &r->why);
		break;
	case DELIVERY_IN_DOUBT:
		o.kind = OUTCOME_DEFERRED;
		o.in_doubt = true;
		set_outcomes(s, &o, &r->why);
		*why = r->why;
		failure_prefix(why, "%s", s->prefix);
		end = DELIVERY_END_STOP;
		break;
	case DELIVERY_NOT_DONE:
		*why = r->why;
		failure_prefix(why, "%s", s->prefix);
		if (why->status == EX_CONFIG)
			add_remedy(d, why);
		end = DELIVERY_END_NEXT;
		break;
	}
	buffer_free(&output);
	free(r);
	return end;
}

static enum delivery_end
discard(struct sending *s)
{
	const struct outcome	o = { .kind = OUTCOME_DELIVERED,
				    .step = STEP_FINAL };
	struct failure		why;

	for (size_t i = 0; i < s->envelope->n; i++)
		s->chosen[i] = true;
	failed(&why, EX_OK, "the message was discarded");
	set_outcomes(s, &o, &why);
	remark(s->delivery, '*', why.text);
	s->delivery->after_transaction(s->delivery->context);
	return DELIVERY_END;
}

enum delivery_end
delivery_send(const struct delivery *d, const struct envelope *env,
    const struct message *message, struct outcome *outcomes,
    struct failure *why)
{
	char			*prefix = make_prefix(d->smarthost);
	struct sending		 s = { .delivery = d, .envelope = env,
				    .outcomes = outcomes, .prefix = prefix };
	struct wire_abilities	 abilities = { .eight_bit = true };
	struct buffer		 paths = { 0 };
	enum delivery_end	 end = DELIVERY_END;
	bool			 more;

	s.chosen = memory_new(env->n, sizeof(*s.chosen));
	if (d->smarthost->scheme == SCHEME_DISCARD) {
		end = discard(&s);
	} else {
		smtp_paths_prepare_by(&s.paths, &(struct smtp_paths_rules){
		    .prefix = prefix, .smtputf8 = true }, env, message,
		    outcomes);
		abilities.utf8 = s.paths.utf8;
		more = wire_prepare(&s.wire, message, &abilities, why);
		if (!more) {
			failure_prefix(why, "%s", prefix);
			end = DELIVERY_END_STOP;
		}
		while (more && choose_paths(&s, &paths) > 0) {
			end = send_once(&s, &paths, why);
			more = d->after_transaction(d->context) &&
			    end == DELIVERY_END;
		}
		/* Also reports paths that cannot be passed. */
		d->after_transaction(d->context);
		wire_free(&s.wire);
		smtp_paths_free(&s.paths);
	}
	buffer_free(&paths);
	free(s.chosen);
	free(prefix);
	return end;
}
