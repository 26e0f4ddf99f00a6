#include <stdlib.h>
#include <sysexits.h>

#include "check/local.h"
#include "config/section.h"
#include "relay/tls_policy.h"
#include "util/buffer.h"
#include "util/memory.h"

/* The names of the facts: "from" or "[from *@shop.example] smarthost". */
static char *
fact_name(const struct section *s, enum config_key key)
{
	struct buffer	name = { 0 };

	if (s->pattern != NULL)
		buffer_addf(&name, "[%s %s] ", section_name(s->kind),
		    s->pattern);
	buffer_add_text(&name, config_key_name(key));
	return buffer_take(&name);
}

/* Every setting as a fact. */
static void
report_settings(struct check *c)
{
	struct check_fact	*facts = NULL;
	size_t			 n = 0, cap = 0;

	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next)
		for (enum config_key k = 0; k < CONFIG_KEYS; k++) {
			size_t			  lines;
			const struct setting	**all = config_in_order(
						    s->setting[k], &lines);

			for (size_t i = 0; i < lines; i++) {
				facts = memory_room(facts, n, &cap,
				    sizeof(*facts));
				facts[n++] = (struct check_fact){
				    fact_name(s, k), config_is_secret(k) ?
				    "(hidden)" : all[i]->value,
				    all[i]->origin };
			}
			free(all);
		}
	check_report(c, &(struct check_finding){ .stage = CHECK_CONFIG,
	    .verdict = CHECK_OK, .object = c->config->path, .facts = facts,
	    .n_facts = n }, "%zu setting%s", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)facts[i].name);
	free(facts);
}

/* A section can have the only smarthost. */
static void
check_has_smarthost(struct check *c)
{
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next)
		if (s->setting[KEY_SMARTHOST] != NULL)
			return;
	check_report(c, &(struct check_finding){ .stage = CHECK_CONFIG,
	    .verdict = CHECK_FAIL, .status = EX_CONFIG,
	    .object = c->config->path, .remedy = "run \"relais setup\", or "
	    "set smarthost" }, "no smarthost is configured, so mail does not "
	    "leave this machine");
}

/* A TLS module that cannot be loaded is reported with the smarthost. */
static void
check_groups(struct check *c)
{
	const struct setting	*set;
	struct failure		 why;

	if (!tls_policy_check_groups(c->config, &set, &why) && set != NULL)
		check_report(c, &(struct check_finding){ .stage = CHECK_CONFIG,
		    .verdict = CHECK_FAIL, .status = why.status,
		    .object = "tls_groups", .origin = set->origin,
		    .remedy = "remove the groups that this version of OpenSSL "
		    "does not support; X25519:P-256 is small and widely "
		    "supported" },
		    "%s", why.text);
}

void
check_config(struct check *c)
{
	report_settings(c);
	check_has_smarthost(c);
	check_contradictions(c);
	check_sections(c);
	check_groups(c);
	check_commands(c);
	check_log(c);
}
