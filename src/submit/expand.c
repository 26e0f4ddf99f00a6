#include "submit/expand.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/address.h"
#include "mail/verdict.h"
#include "util/buffer.h"
#include "util/memory.h"

/* How often one mailbox may turn up, on average, before all are counted. */
enum { REPEATS = 10 };

/* Of one forward-path of the new envelope, while that is made. */
struct origin {
	size_t		 said;		/* SIZE_MAX: nobody said it */
	struct outcome	*failed;	/* owned, or NULL */
};

struct making {
	const struct expand_options	*rules;
	struct envelope		 env;		/* only its forward-paths */
	struct origin		*origin;	/* owned; one for each */
	size_t			 cap;
	struct failure		*why;
};

static bool
has_room(struct making *m)
{
	uint64_t	max = m->rules->max;

	if (max == 0 || m->env.n < max * REPEATS)
		return true;
	return failed(m->why, EX_USAGE, "the local names among the recipients "
	    "lead to many more addresses than recipient_limit = %llu allows",
	    (unsigned long long)max);
}

static struct origin *
add(struct making *m, const char *path, const struct forward_path *like,
    size_t said)
{
	m->origin = memory_room(m->origin, m->env.n, &m->cap,
	    sizeof(*m->origin));
	m->origin[m->env.n] = (struct origin){ .said = said };
	envelope_add_like(&m->env, path, like);
	return &m->origin[m->env.n - 1];
}

/* RFC 3463: no such mailbox, not an address, or our configuration's fault. */
static const char *
enhanced_of(int status)
{
	return status == EX_NOUSER ? "5.1.1" :
	    status == EX_DATAERR ? "5.1.3" : "5.3.5";
}

static void
add_failed(struct making *m, const char *path,
    const struct forward_path *like, size_t said, int status,
    const char *reason)
{
	struct outcome	*o = memory_new(1, sizeof(*o));

	o->kind = OUTCOME_FAILED;
	o->status = status;
	strlcpy(o->enhanced, enhanced_of(status), sizeof(o->enhanced));
	strlcpy(o->text, reason, sizeof(o->text));
	add(m, path, like, said)->failed = o;
}

static bool
add_all(struct making *m, const struct address_list *list,
    const struct forward_path *like, size_t said)
{
	struct buffer	path = { 0 };
	bool		good = true;

	for (size_t i = 0; good && i < list->n; i++) {
		buffer_clear(&path);
		address_write(&path, &list->address[i]);
		good = has_room(m);
		if (good)
			add(m, path.data, like, said);
	}
	buffer_free(&path);
	return good;
}

/* One path, to wherever it map; false if there is no room for more. */
static bool
lead(struct making *m, const char *path, const struct forward_path *like,
    size_t said)
{
	struct address_list	list = { 0 };
	struct address		a = { 0 };
	struct failure		why;
	bool			good = has_room(m);

	if (!good)
		return false;
	if (!address_parse_path(&a, path, strlen(path), &why))
		add_failed(m, path, like, said, why.status, why.text);
	else if (!local_names_is_local(m->rules->local_names, &a))
		add(m, path, like, said);
	else if (!local_names_resolve(m->rules->local_names, a.local, &list,
	    &why))
		add_failed(m, path, like, said, why.status, why.text);
	else
		good = add_all(m, &list, like, said);
	address_list_free(&list);
	address_free(&a);
	return good;
}

static bool
are_few_enough(const struct making *m, size_t n)
{
	uint64_t	max = m->rules->max;

	if (max == 0 || n <= max)
		return true;
	return failed(m->why, EX_USAGE, "%zu recipients are more than "
	    "recipient_limit = %llu allows", n, (unsigned long long)max);
}

static bool
lead_all(struct making *m, const struct envelope *said)
{
	const struct expand_options	*rules = m->rules;
	const struct recipients	*all = rules->bad;
	struct forward_path	 unseen = { .notify = NOTIFY_NEVER };

	for (size_t i = 0; i < said->n; i++) {
		const struct forward_path	*f = &said->forward[i];

		if (!lead(m, rules->redirect != NULL ? rules->redirect :
		    f->path, f, i))
			return false;
	}
	if (all != NULL && !are_few_enough(m, all->n_bad))
		return false;
	for (size_t i = 0; all != NULL && i < all->n_bad; i++)
		add_failed(m, all->bad[i].path, &unseen, said->n + i,
		    EX_DATAERR, all->bad[i].reason);
	return rules->bcc == NULL || rules->redirect != NULL ||
	    lead(m, rules->bcc, &unseen, SIZE_MAX);
}

/* Of those that were said; the reasons have no room for all of many. */
static bool
refuse_all(const struct making *m)
{
	enum { TOLD = 4 };
	size_t	told = 0;

	for (size_t i = 0; i < m->env.n; i++) {
		const struct outcome	*o = m->origin[i].failed;

		if (o == NULL)
			continue;
		if (told == 0)
			failed(m->why, o->status, "%s", o->text);
		else if (told < TOLD)
			failure_suffix(m->why, "; %s", o->text);
		told++;
	}
	if (told > TOLD)
		failure_suffix(m->why, "; and %zu more", told - TOLD);
	return false;
}

/* Nothing is left to send where every path that was said map nowhere. */
static bool
some_lead_somewhere(const struct making *m)
{
	for (size_t i = 0; i < m->env.n; i++)
		if (m->origin[i].said != SIZE_MAX &&
		    m->origin[i].failed == NULL)
			return true;
	return refuse_all(m);
}

/* The paths that were said are in order, and none is without a lead. */
static void
find_leads(const struct making *m, struct expand_map *map, size_t n_said,
    const size_t *places, size_t n)
{
	map->n = n_said;
	map->first = memory_new(n_said + 1, sizeof(*map->first));
	map->to = memory_new(n, sizeof(*map->to));
	for (size_t i = 0; i < n && m->origin[i].said != SIZE_MAX; i++) {
		map->to[i] = places[i];
		map->first[m->origin[i].said + 1] = i + 1;
	}
}

static void
take_over(struct making *m, struct envelope *env)
{
	struct envelope	old = { .forward = env->forward, .n = env->n };

	envelope_free(&old);
	env->forward = m->env.forward;
	env->n = m->env.n;
	env->cap = m->env.cap;
	m->env = (struct envelope){ 0 };
}

static bool
finish(struct making *m, struct envelope *env, struct outcome **outcomes,
    struct expand_map *map)
{
	size_t	 n = m->env.n;
	size_t	*places = memory_new(n, sizeof(*places));
	bool	 good;

	envelope_unique_places(&m->env, places);
	good = are_few_enough(m, m->env.n);
	if (good) {
		*outcomes = memory_new(m->env.n, sizeof(**outcomes));
		for (size_t i = 0; i < n; i++)
			if (m->origin[i].failed != NULL)
				(*outcomes)[places[i]] = *m->origin[i].failed;
		/* Others get the message, so only the recipient is bad. */
		for (size_t i = 0; i < m->env.n; i++)
			if ((*outcomes)[i].status == EX_DATAERR)
				(*outcomes)[i].status = EX_NOUSER;
		if (map != NULL)
			find_leads(m, map, env->n, places, n);
		take_over(m, env);
	}
	free(places);
	return good;
}

bool
expand_recipients(const struct expand_options *rules, struct envelope *env,
    struct outcome **outcomes, struct expand_map *map, struct failure *why)
{
	struct making	m = { .rules = rules, .why = why };
	size_t		n;
	bool		good;

	good = lead_all(&m, env) && some_lead_somewhere(&m);
	n = m.env.n;
	good = good && finish(&m, env, outcomes, map);
	for (size_t i = 0; i < n; i++)
		free(m.origin[i].failed);
	free(m.origin);
	envelope_free(&m.env);
	return good;
}

const struct outcome *
expand_map_worst(const struct expand_map *map, const struct outcome *outcomes,
    size_t i, bool queued)
{
	const struct outcome	*worst = &outcomes[map->to[map->first[i]]];

	for (size_t k = map->first[i]; k < map->first[i + 1]; k++) {
		const struct outcome	*o = &outcomes[map->to[k]];

		if (verdict_rank(o, queued) > verdict_rank(worst, queued))
			worst = o;
	}
	return worst;
}

void
expand_map_free(struct expand_map *map)
{
	free(map->first);
	free(map->to);
	*map = (struct expand_map){ 0 };
}
