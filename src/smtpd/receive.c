#include "smtpd/receive.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "mail/dots_strict.h"
#include "util/memory.h"

static void
begin(struct serving *s)
{
	s->limits = (struct message_limits){
		.spill = s->policy->spill,
		.spare = s->policy->spare,
		.size_max = s->policy->size_max,
	};
	message_begin(&s->message, &s->limits);
	s->receiving = true;
}

/* After the first failure only the octets are counted. */
static void
feed(struct serving *s, const char *data, size_t len)
{
	s->received += len;
	if (!s->failed)
		s->failed = !message_feed(&s->message, data, len, &s->failure);
}

static void
answer_bad_message(struct serving *s)
{
	uint64_t	max = s->policy->size_max;

	answer_failure(&s->answer, &s->failure);
	if (s->failure.status == EX_DATAERR && max > 0 && s->received > max) {
		s->answer.code = 552;	/* RFC 1870 section 6.3 */
		strlcpy(s->answer.enhanced, "5.3.4",
		    sizeof(s->answer.enhanced));
	}
}

/* One answer, or one for each forward-path. */
static bool
answer_all(struct serving *s, const struct outcome *outcomes,
    const char *queued, struct failure *why)
{
	bool	good = true;

	if (!s->lmtp) {
		if (outcomes != NULL)
			answer_outcomes(&s->answer, &s->envelope, outcomes,
			    queued);
		return serving_answer(s, why);
	}
	for (size_t i = 0; good && i < s->envelope.n; i++) {
		if (outcomes != NULL)
			answer_outcome(&s->answer, &outcomes[i], queued);
		good = serving_answer(s, why);
	}
	return good;
}

static bool
deliver(struct serving *s, struct failure *why)
{
	const struct serve_policy	*p = s->policy;
	struct outcome			*outcomes;
	const char			*queued;
	bool				 good;

	outcomes = memory_new(s->envelope.n, sizeof(*outcomes));
	queued = p->message(p->context, &s->envelope, &s->message, outcomes);
	good = answer_all(s, outcomes, queued, why);
	free(outcomes);
	s->fruitless = 0;
	return good;
}

static bool
end(struct serving *s, struct failure *why)
{
	bool	good;

	if (!s->failed)
		s->failed = !message_end(&s->message, &s->failure);
	if (s->failed) {
		answer_bad_message(s);
		good = answer_all(s, NULL, NULL, why);
	} else {
		good = deliver(s, why);
	}
	serving_forget(s);
	return good;
}

/* What came with some octets missing is nobody's message. */
static bool
input_ended(struct serving *s)
{
	serving_forget(s);
	s->over = true;
	return true;
}

static bool
read_data(struct serving *s, struct failure *why)
{
	struct dots_strict	dots = { .bare_lf = s->bare_lf };
	char			text[STREAM_IN + 1];

	while (dots.state != STRICT_ENDED) {
		const char	*in;
		ssize_t		 n;
		size_t		 used, out;

		stream_set_timeout(s->stream, s->policy->idle_ms);
		n = stream_peek(s->stream, &in, why);
		if (n == -1)
			return false;
		if (n == 0)
			return input_ended(s);
		out = dots_strict_decode(&dots, in, (size_t)n, &used, text);
		stream_take(s->stream, used);
		if (out > 0)
			feed(s, text, out);
	}
	return end(s, why);
}

bool
receive_data(struct serving *s, struct failure *why)
{
	if (s->envelope.n == 0 || s->receiving) {
		answer_set(&s->answer, 503, "5.5.1", s->receiving ?
		    "this message comes by BDAT" : s->mail ?
		    "no recipient was accepted" : "MAIL comes first");
		return serving_answer(s, why);
	}
	answer_set(&s->answer, 354, "", "the message, and a dot behind it");
	if (!serving_answer(s, why) || !stream_flush(s->stream, why))
		return false;
	begin(s);
	return read_data(s, why);
}

/* Reads a chunk; its octets count only if keep. */
static bool
read_chunk(struct serving *s, uint64_t size, bool keep, struct failure *why)
{
	while (size > 0) {
		const char	*in;
		ssize_t		 n;

		stream_set_timeout(s->stream, s->policy->idle_ms);
		n = stream_peek(s->stream, &in, why);
		if (n == -1)
			return false;
		if (n == 0)
			return input_ended(s);
		if ((uint64_t)n > size)
			n = (ssize_t)size;
		if (keep)
			feed(s, in, (size_t)n);
		stream_take(s->stream, (size_t)n);
		size -= (uint64_t)n;
	}
	return true;
}

static bool
parse_bdat(char *argument, uint64_t *size, bool *last)
{
	char		*word = argument + strcspn(argument, " \t");
	const char	*wrong;

	*last = false;
	if (*word != '\0') {
		*word++ = '\0';
		word += strspn(word, " \t");
		if (strcasecmp(word, "LAST") != 0)
			return false;
		*last = true;
	}
	if (argument[0] < '0' || argument[0] > '9')
		return false;
	*size = (uint64_t)strtonum(argument, 0, INT64_MAX, &wrong);
	return wrong == NULL;
}

/* A large message may come in any number of them, but not in empty ones. */
static void
take_chunk(struct serving *s, uint64_t size)
{
	if (size > 0)
		s->fruitless--;
	answer_set(&s->answer, 250, "2.0.0", "%llu octets",
	    (unsigned long long)size);
}

bool
receive_bdat(struct serving *s, char *argument, struct failure *why)
{
	uint64_t	size;
	bool		last;
	bool		keep = s->envelope.n > 0;

	if (!parse_bdat(argument, &size, &last)) {
		/* Where the chunk ends is unknown: nothing makes sense now. */
		s->over = true;
		answer_set(&s->answer, 421, "4.5.2",
		    "BDAT needs a size, and LAST or nothing behind it");
		return serving_answer(s, why);
	}
	if (keep && !s->receiving)
		begin(s);
	if (!stream_flush(s->stream, why) ||
	    !read_chunk(s, size, keep, why))
		return false;
	if (s->over)
		return true;
	if (!keep)
		answer_set(&s->answer, 503, "5.5.1", "no recipient was "
		    "accepted");
	else if (last)
		return end(s, why);
	else if (s->failed)
		answer_bad_message(s);
	else
		take_chunk(s, size);
	return serving_answer(s, why);
}
