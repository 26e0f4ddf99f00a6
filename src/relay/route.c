#include "relay/route.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

/* One forward-path that waits, while they are being sorted. */
struct traveller {
	struct config_view	view;
	size_t			place;
	size_t			leader;	/* the first place of its route */
};

static bool
recipients_matter(const struct config *config)
{
	for (const struct section *s = config->first; s != NULL; s = s->next)
		if (s->kind == SECTION_TO)
			return true;
	return false;
}

/* What the server is told of the sender; the queue goes on knowing better. */
static void
stand_in_for_null(const struct config *config, struct route *r)
{
	const struct setting	*set;

	if (r->envelope.reverse_path[0] != '\0')
		return;
	set = config_find(config, &r->subject, KEY_NULL_SENDER);
	if (set != NULL)
		r->envelope.reverse_path = set->value;
}

static void
begin_route(struct route *r, const struct config *config, const char *user,
    const struct envelope *env, const char *to)
{
	*r = (struct route){
		.subject = { .from = env->reverse_path, .to = to,
		    .user = user },
		.envelope = *env,
	};
	config_view(&r->view, config, &r->subject);
	stand_in_for_null(config, r);
}

static int
compare_place(const struct traveller *a, const struct traveller *b)
{
	return a->place < b->place ? -1 : a->place > b->place;
}

static int
by_view(const void *a, const void *b)
{
	const struct traveller	*x = a;
	const struct traveller	*y = b;
	int			 order;

	order = memcmp(&x->view, &y->view, sizeof(x->view));
	return order != 0 ? order : compare_place(x, y);
}

static int
by_leader(const void *a, const void *b)
{
	const struct traveller	*x = a;
	const struct traveller	*y = b;

	if (x->leader != y->leader)
		return x->leader < y->leader ? -1 : 1;
	return compare_place(x, y);
}

/* All that wait, those of a route side by side. */
static struct traveller *
sort(const struct config *config, const char *user,
    const struct envelope *env, const struct outcome *outcomes, size_t *n)
{
	struct traveller	*all = memory_new(env->n, sizeof(*all));
	struct config_subject	 subject = { .from = env->reverse_path,
				    .user = user };

	*n = 0;
	for (size_t i = 0; i < env->n; i++) {
		if (outcomes[i].kind != OUTCOME_WAITING)
			continue;
		subject.to = env->forward[i].path;
		config_view(&all[*n].view, config, &subject);
		all[(*n)++].place = i;
	}
	qsort(all, *n, sizeof(*all), by_view);
	for (size_t i = 0; i < *n; i++)
		all[i].leader = i > 0 && memcmp(&all[i].view, &all[i - 1].view,
		    sizeof(all[i].view)) == 0 ? all[i - 1].leader :
		    all[i].place;
	qsort(all, *n, sizeof(*all), by_leader);
	return all;
}

static void
fill(struct routes *to, const struct config *config, const char *user,
    const struct envelope *env, const struct traveller *all, size_t n)
{
	struct route	*r = NULL;

	for (size_t i = 0; i < n; i++) {
		to->places[i] = all[i].place;
		to->paths[i] = env->forward[all[i].place];
		if (all[i].leader == all[i].place) {
			r = &to->route[to->n++];
			begin_route(r, config, user, env, to->paths[i].path);
			r->place = &to->places[i];
			r->envelope.forward = &to->paths[i];
			r->envelope.n = 0;
		}
		r->envelope.n++;
	}
}

void
routes_find(struct routes *to, const struct config *config, const char *user,
    const struct envelope *env, const struct outcome *outcomes)
{
	struct traveller	*all;
	size_t			 n;

	*to = (struct routes){ 0 };
	if (!recipients_matter(config)) {
		to->route = memory_new(1, sizeof(*to->route));
		to->n = 1;
		begin_route(to->route, config, user, env, NULL);
		return;
	}
	all = sort(config, user, env, outcomes, &n);
	to->route = memory_new(n, sizeof(*to->route));
	to->places = memory_new(n, sizeof(*to->places));
	to->paths = memory_new(n, sizeof(*to->paths));
	fill(to, config, user, env, all, n);
	free(all);
}

void
routes_free(struct routes *routes)
{
	free(routes->route);
	free(routes->places);
	free(routes->paths);
	*routes = (struct routes){ 0 };
}
