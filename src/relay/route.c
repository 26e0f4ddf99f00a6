#include "relay/route.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

/* A forward-path whose outcome is waiting. */
struct recipient {
	struct config_view	view;
	size_t			place;	/* index in the envelope */
	size_t			group;	/* .place of the first recipient with
					 * the same view */
};

static bool
has_to_section(const struct config *config)
{
	for (const struct section *s = config->first; s != NULL; s = s->next)
		if (s->kind == SECTION_TO)
			return true;
	return false;
}

/* The route has the whole envelope; null_sender replaces the null sender. */
static void
route_init(struct route *r, const struct config *config, const char *user,
    const struct envelope *env, const char *to)
{
	const struct setting	*set;

	*r = (struct route){
		.subject = { .from = env->reverse_path, .to = to,
		    .user = user },
		.envelope = *env,
	};
	config_view(&r->view, config, &r->subject);
	/* A bounce of an earlier configuration must not be lost. */
	if (env->requiretls == REQUIRETLS_NO &&
	    config_bool(config, &r->subject, KEY_REQUIRETLS))
		r->envelope.requiretls = env->reverse_path[0] == '\0' ?
		    REQUIRETLS_IF_OFFERED : REQUIRETLS_YES;
	if (env->reverse_path[0] != '\0')
		return;
	set = config_find(config, &r->subject, KEY_NULL_SENDER);
	if (set != NULL)
		r->envelope.reverse_path = set->value;
}

static int
compare_number(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int
compare_view(const void *a, const void *b)
{
	const struct recipient	*x = a;
	const struct recipient	*y = b;
	int			 order;

	order = memcmp(&x->view, &y->view, sizeof(x->view));
	return order != 0 ? order : compare_number(x->place, y->place);
}

static int
compare_group(const void *a, const void *b)
{
	const struct recipient	*x = a;
	const struct recipient	*y = b;
	int			 order = compare_number(x->group, y->group);

	return order != 0 ? order : compare_number(x->place, y->place);
}

/*
 * Returns the waiting recipients, sorted by group and place.  The caller frees
 * them.
 */
static struct recipient *
sort_recipients(const struct config *config, const char *user,
    const struct envelope *env, const struct outcome *outcomes, size_t *n)
{
	struct recipient	*all = memory_new(env->n, sizeof(*all));
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
	qsort(all, *n, sizeof(*all), compare_view);
	for (size_t i = 0; i < *n; i++)
		all[i].group = i > 0 && memcmp(&all[i].view, &all[i - 1].view,
		    sizeof(all[i].view)) == 0 ? all[i - 1].group :
		    all[i].place;
	qsort(all, *n, sizeof(*all), compare_group);
	return all;
}

void
route_list_make(struct route_list *to, const struct config *config,
    const char *user, const struct envelope *env,
    const struct outcome *outcomes)
{
	struct recipient	*all;
	struct route		*r = NULL;
	size_t			 n;

	*to = (struct route_list){ 0 };
	if (!has_to_section(config)) {
		to->route = memory_new(1, sizeof(*to->route));
		to->n = 1;
		route_init(to->route, config, user, env, NULL);
		return;
	}
	all = sort_recipients(config, user, env, outcomes, &n);
	to->route = memory_new(n, sizeof(*to->route));
	to->places = memory_new(n, sizeof(*to->places));
	to->paths = memory_new(n, sizeof(*to->paths));
	for (size_t i = 0; i < n; i++) {
		to->places[i] = all[i].place;
		to->paths[i] = env->forward[all[i].place];
		if (r == NULL || all[i].group == all[i].place) {
			r = &to->route[to->n++];
			route_init(r, config, user, env, to->paths[i].path);
			r->place = &to->places[i];
			r->envelope.forward = &to->paths[i];
			r->envelope.n = 0;
		}
		r->envelope.n++;
	}
	free(all);
}

void
route_list_free(struct route_list *routes)
{
	free(routes->route);
	free(routes->places);
	free(routes->paths);
	*routes = (struct route_list){ 0 };
}
