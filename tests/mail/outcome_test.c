/*
 * The worst outcome of a message, its exit status, and the description of the
 * problems.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/outcome.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/memory.h"

/*
 * Each outcome is a letter of the table below and a text, or "=" for that of the
 * previous one, whose text it shares; the forward-paths are a@x, b@x and so on.
 */
struct example {
	const char	*outcomes;
	bool		 queued;
	const char	*worst;		/* its letter and text; or NULL */
	int		 status;
	const char	*lines;
};

static const struct mark {
	char			letter;
	enum outcome_kind	kind;
	int			status;
} marks[] = {
	{ '+', OUTCOME_DELIVERED, EX_OK },
	{ '-', OUTCOME_FAILED, EX_NOUSER },
	{ '!', OUTCOME_FAILED, EX_UNAVAILABLE },
	{ '~', OUTCOME_DEFERRED, EX_PROTOCOL },
	{ '?', OUTCOME_WAITING, EX_OK },
};

static const struct mark *
mark_of(char letter)
{
	const struct mark	*m = marks;

	while (m->letter != letter)
		m++;
	return m;
}

static size_t
read_outcomes(const char *text, struct envelope *env, struct outcome *to)
{
	char	path[] = "a@x";
	size_t	n = 0;

	while (*text != '\0') {
		size_t	len = strcspn(text, " ");

		to[n] = (struct outcome){ .kind = OUTCOME_WAITING };
		if (text[0] == '=') {
			outcome_set(&to[n], &to[n - 1]);
		} else {
			to[n].kind = mark_of(text[0])->kind;
			to[n].status = mark_of(text[0])->status;
			outcome_set_text(&to[n], "%.*s", (int)len - 1,
			    text + 1);
		}
		path[0] = (char)('a' + n++);
		envelope_add(env, path);
		text += len + (text[len] == ' ');
	}
	return n;
}

static void
add_line(void *context, const struct outcome *o, const char *line)
{
	(void)o;
	buffer_addf(context, "%s|", line);
}

static void
is_described(void **state)
{
	const struct example	*e = *state;
	struct envelope		 env = { 0 };
	struct outcome		 outcomes[12];
	const struct outcome	*worst;
	struct buffer		 lines = { 0 };
	size_t			 n = read_outcomes(e->outcomes, &env,
				    outcomes);

	worst = outcome_worst(outcomes, n, e->queued);
	assert_int_equal(worst == NULL, e->worst == NULL);
	if (worst != NULL) {
		assert_int_equal(worst->kind, mark_of(e->worst[0])->kind);
		assert_string_equal(outcome_text(worst), e->worst + 1);
	}
	assert_int_equal(outcome_status(outcomes, n, e->queued), e->status);
	buffer_add_text(&lines, "");
	outcome_describe(&env, outcomes, e->queued, add_line, &lines);
	assert_string_equal(lines.data, e->lines);
	buffer_free(&lines);
	envelope_free(&env);
	for (size_t i = 0; i < n; i++)
		outcome_clear(&outcomes[i]);
}

#define DESCRIBES(sentence, outcomes, queued, worst, status, lines) \
	{ sentence, is_described, NULL, NULL, \
	    &(struct example){ outcomes, queued, worst, status, lines } }

static const struct CMUnitTest outcome_spec[] = {
	DESCRIBES("all recipients are delivered", "+1 +2", false, NULL, EX_OK,
	    ""),
	DESCRIBES("the first refused recipient is the worst",
	    "+1 -2 -3", false, "-2",
	    EX_NOUSER, "not sent to b@x: 2|not sent to c@x: 3|"),
	DESCRIBES("a failure for another reason is worse than a refused "
	    "recipient",
	    "-1 +2 !3 !4",
	    false, "!3", EX_UNAVAILABLE, "not sent to a@x: 1|"
	    "not sent to c@x: 3|not sent to d@x: 4|"),
	DESCRIBES("a deferred recipient without a queue is worse than a "
	    "failure",
	    "+1 -2 !3 ~4 ~5",
	    false, "~4", EX_TEMPFAIL, "not sent to b@x: 2|"
	    "not sent to c@x: 3|not sent to d@x: 4|not sent to e@x: 5|"),
	DESCRIBES("a deferred recipient is the worst even if it is the first",
	    "~1 -2", false, "~1", EX_TEMPFAIL,
	    "not sent to a@x: 1|not sent to b@x: 2|"),
	DESCRIBES("without a failure, the first deferred recipient is the "
	    "worst",
	    "+1 ~2 ~3", false, "~2", EX_PROTOCOL,
	    "not sent to b@x: 2|not sent to c@x: 3|"),
	DESCRIBES("a deferred recipient in the queue is not a problem",
	    "+1 ~2", true, NULL, EX_OK,
	    ""),
	DESCRIBES("a failure is a problem even if another recipient is queued",
	    "~1 -2", true, "-2", EX_NOUSER,
	    "not sent to b@x: 2|"),
	DESCRIBES("a recipient that was not tried is a problem", "?1", true,
	    "?1",
	    EX_OK, "not sent to a@x: 1|"),
	DESCRIBES("a deferred recipient without a text is a problem",
	    "~", false, "~",
	    EX_PROTOCOL, "not sent to a@x|"),
	DESCRIBES("problems with the same text are described once",
	    "-z -a -z +z -a -z", false, "-z", EX_NOUSER,
	    "not sent to a@x, c@x, f@x: z|not sent to b@x, e@x: a|"),
	DESCRIBES("texts that differ only in the recipient are described once",
	    "-RCPT:<a@x>:no:a@x -RCPT:<b@x>:no:b@x -RCPT:<c@x>:no:b@x "
	    "-RCPT:<d@x>:no:d@x", false, "-RCPT:<a@x>:no:a@x", EX_NOUSER,
	    "not sent to a@x, b@x, d@x: RCPT:<a@x>:no:a@x|"
	    "not sent to c@x: RCPT:<c@x>:no:b@x|"),
	DESCRIBES("a shared text that contains one recipient is described once",
	    "-DATA:<a@x>:no = = -RCPT:<d@x>:no", false, "-DATA:<a@x>:no",
	    EX_NOUSER, "not sent to a@x, b@x, c@x: DATA:<a@x>:no|"
	    "not sent to d@x: RCPT:<d@x>:no|"),
	DESCRIBES("ten recipients are named, and the others are counted",
	    "-z -z -z -z -z -z -z -z -z -z -z -z", false, "-z", EX_NOUSER,
	    "not sent to a@x, b@x, c@x, d@x, e@x, f@x, g@x, h@x, i@x, j@x and "
	    "2 more: z|"),
	DESCRIBES("problems of different kinds are described separately",
	    "-z ~z", false, "~z", EX_TEMPFAIL,
	    "not sent to a@x: z|not sent to b@x: z|"),
};

/* Every second text is different. */
static void
a_hundred_thousand_problems_are_described_quickly(void **state)
{
	enum { N = 100000 };
	struct envelope	 env = { 0 };
	struct outcome	*outcomes = memory_new(N, sizeof(*outcomes));
	struct buffer	 lines = { 0 };
	int64_t		 start = clock_ms();

	(void)state;
	for (size_t i = 0; i < N; i++) {
		outcomes[i].kind = OUTCOME_FAILED;
		outcome_set_text(&outcomes[i],
		    "the same beginning of all of them, then %zu", i / 2);
		envelope_add(&env, "a@x");
	}
	outcome_describe(&env, outcomes, false, add_line, &lines);
	assert_true(lines.len > N / 2 * 40);
	assert_true(clock_ms() - start < 5000);
	buffer_free(&lines);
	envelope_free(&env);
	outcome_list_free(outcomes, N);
}

static const struct CMUnitTest bounds_spec[] = {
	cmocka_unit_test(a_hundred_thousand_problems_are_described_quickly),
};

int
main(void)
{
	return cmocka_run_group_tests(outcome_spec, NULL, NULL) +
	    cmocka_run_group_tests(bounds_spec, NULL, NULL);
}
