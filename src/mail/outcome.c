#include "mail/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/buffer.h"
#include "util/memory.h"
#include "util/visible.h"

enum { NAMED_MAX = 10 };	/* forward-paths in a line */

/*
 * An outcome to describe.  After they have been sorted, those that are
 * described in one line follow each other.
 */
struct problem {
	const struct outcome	*outcome;
	size_t			 index;
	const char		*text;		/* .own, or that of the outcome */
	char			*own;		/* owned; the text with a
						 * substitute for the
						 * forward-path; or NULL: the
						 * text does not contain it */
	size_t			 n;		/* of the line; only in the
						 * first problem */
};

/* A text, preceded by the number of outcomes that use it. */
struct shared_text {
	unsigned	users;
	char		text[];
};

const char *
outcome_text(const struct outcome *o)
{
	return o->text != NULL ? o->text : "";
}

bool
outcome_is_like(const struct outcome *a, const struct outcome *b)
{
	return a->kind == b->kind && a->status == b->status &&
	    a->code == b->code && a->step == b->step &&
	    a->in_doubt == b->in_doubt && a->text == b->text &&
	    a->not_attempted == b->not_attempted &&
	    a->delay_reported == b->delay_reported &&
	    strcmp(a->enhanced, b->enhanced) == 0;
}

static void
release_text(struct outcome *o)
{
	/* .users is the first member of struct shared_text. */
	if (o->users != NULL && --*o->users == 0)
		free(o->users);
	o->text = NULL;
	o->users = NULL;
}

static void
replace_text(struct outcome *o, const char *text)
{
	size_t			 size = strlen(text) + 1;
	struct shared_text	*shared = memory_resize(NULL,
				    sizeof(*shared) + size, 1);

	shared->users = 1;
	memcpy(shared->text, text, size);
	release_text(o);
	o->text = shared->text;
	o->users = &shared->users;
}

void
outcome_set_text(struct outcome *o, const char *fmt, ...)
{
	char	text[OUTCOME_TEXT_MAX];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	replace_text(o, text);
}

void
outcome_add_text(struct outcome *o, const char *fmt, ...)
{
	char	text[OUTCOME_TEXT_MAX];
	size_t	len = strlcpy(text, outcome_text(o), sizeof(text));
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	replace_text(o, text);
}

void
outcome_share_text(struct outcome *o, const struct outcome *like)
{
	if (like->users != NULL)
		++*like->users;
	release_text(o);
	o->text = like->text;
	o->users = like->users;
}

void
outcome_set(struct outcome *to, const struct outcome *from)
{
	outcome_share_text(to, from);
	*to = *from;
}

void
outcome_clear(struct outcome *o)
{
	release_text(o);
	*o = (struct outcome){ 0 };
}

struct outcome *
outcome_list_copy(const struct outcome *list, size_t n)
{
	struct outcome	*copy = memory_new(n, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		outcome_set(&copy[i], &list[i]);
	return copy;
}

void
outcome_list_free(struct outcome *list, size_t n)
{
	for (size_t i = 0; list != NULL && i < n; i++)
		release_text(&list[i]);
	free(list);
}

enum outcome_rank
outcome_rank(const struct outcome *o, bool queued)
{
	switch (o->kind) {
	case OUTCOME_DELIVERED:
		return OUTCOME_RANK_DELIVERED;
	case OUTCOME_WAITING:
		return OUTCOME_RANK_WAITING;
	case OUTCOME_DEFERRED:
		return queued ? OUTCOME_RANK_QUEUED : OUTCOME_RANK_DEFERRED;
	case OUTCOME_FAILED:
		break;
	}
	return o->status == EX_NOUSER ? OUTCOME_RANK_NO_USER :
	    OUTCOME_RANK_FAILED;
}

static bool
is_problem(const struct outcome *o, bool queued)
{
	return outcome_rank(o, queued) >= OUTCOME_RANK_WAITING;
}

const struct outcome *
outcome_worst(const struct outcome *outcomes, size_t n, bool queued)
{
	const struct outcome	*worst = NULL;

	for (size_t i = 0; i < n; i++)
		if (is_problem(&outcomes[i], queued) && (worst == NULL ||
		    outcome_rank(&outcomes[i], queued) >
		    outcome_rank(worst, queued)))
			worst = &outcomes[i];
	return worst;
}

int
outcome_status(const struct outcome *outcomes, size_t n, bool queued)
{
	const struct outcome	*worst = outcome_worst(outcomes, n, queued);

	if (worst == NULL)
		return EX_OK;
	if (worst->kind == OUTCOME_DEFERRED)
		for (size_t i = 0; i < n; i++)
			if (outcomes[i].kind == OUTCOME_FAILED)
				return EX_TEMPFAIL;
	return worst->status;
}

/*
 * Sets the text of list[i] for comparison: many servers repeat the address in
 * the reply, and so does our own text about RCPT.  A text that another recipient
 * shares, such as the reply to DATA, stays unchanged.
 */
static void
set_compared_text(struct problem *list, size_t n, size_t i, const char *path)
{
	struct problem	*p = &list[i];
	const char	*text = outcome_text(p->outcome), *at;
	size_t		 len = strlen(path);
	struct buffer	 own = { 0 };

	p->text = text;
	if ((i > 0 && list[i - 1].outcome->text == p->outcome->text) ||
	    (i + 1 < n && list[i + 1].outcome->text == p->outcome->text))
		return;
	while (len > 0 && (at = strstr(text, path)) != NULL) {
		buffer_add(&own, text, (size_t)(at - text));
		buffer_add_byte(&own, '\n');	/* the text has none */
		text = at + len;
	}
	if (own.len == 0)
		return;
	buffer_add_text(&own, text);
	p->text = p->own = buffer_take(&own);
}

/* Sorts by text and kind. */
static int
compare_problems(const struct problem *a, const struct problem *b)
{
	int	order = a->text == b->text ? 0 : strcmp(a->text, b->text);

	return order != 0 ? order :
	    (a->outcome->kind > b->outcome->kind) -
	    (a->outcome->kind < b->outcome->kind);
}

/* Sorts by text, kind and index. */
static int
compare_text(const void *a, const void *b)
{
	const struct problem	*x = a;
	const struct problem	*y = b;
	int			 order = compare_problems(x, y);

	return order != 0 ? order : x->index < y->index ? -1 : 1;
}

static int
compare_first(const void *a, const void *b)
{
	const struct problem *const	*x = a;
	const struct problem *const	*y = b;

	return (*x)->index < (*y)->index ? -1 : 1;
}

/* Describes p[0] to p[p->n - 1]. */
static void
write_problem(struct buffer *to, const struct envelope *env,
    const struct problem *p)
{
	char	shown[400];

	buffer_clear(to);
	buffer_add_text(to, "not sent to ");
	for (size_t i = 0; i < p->n && i < NAMED_MAX; i++) {
		const char	*path = env->forward[p[i].index].path;

		buffer_addf(to, "%s%s", i > 0 ? ", " : "", visible(shown,
		    sizeof(shown), path, strlen(path)));
	}
	if (p->n > NAMED_MAX)
		buffer_addf(to, " and %zu more", p->n - NAMED_MAX);
	/* Without a text, no attempt was made. */
	if (outcome_text(p->outcome)[0] != '\0')
		buffer_addf(to, ": %s", outcome_text(p->outcome));
}

void
outcome_describe(const struct envelope *env, const struct outcome *outcomes,
    bool queued, void (*line)(void *context, const struct outcome *,
    const char *text), void *context)
{
	struct problem	*list = memory_new(env->n, sizeof(*list));
	struct problem	**first = memory_new(env->n, sizeof(*first));
	struct buffer	 text = { 0 };
	size_t		 n = 0, lines = 0;

	for (size_t i = 0; i < env->n; i++)
		if (is_problem(&outcomes[i], queued))
			list[n++] = (struct problem){ .outcome = &outcomes[i],
			    .index = i };
	for (size_t i = 0; i < n; i++)
		set_compared_text(list, n, i, env->forward[list[i].index].path);
	qsort(list, n, sizeof(*list), compare_text);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || compare_problems(first[lines - 1], &list[i]) != 0)
			first[lines++] = &list[i];
		first[lines - 1]->n++;
	}
	qsort(first, lines, sizeof(*first), compare_first);
	for (size_t i = 0; i < lines; i++) {
		write_problem(&text, env, first[i]);
		line(context, first[i]->outcome, text.data);
	}
	for (size_t i = 0; i < n; i++)
		free(list[i].own);
	buffer_free(&text);
	free(first);
	free(list);
}
