#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check/local.h"
#include "util/buffer.h"

/* A protection, and the first release of Linux that has it. */
struct protection {
	const char	*name;
	const char	*since;
	bool		 is_on;
};

static void
add_names(struct buffer *to, const struct protection *p, size_t n, bool are_on)
{
	const char	*before = are_on ? "has " : "lacks ";

	if (!are_on && to->len > 0)
		buffer_add_text(to, "; ");
	for (size_t i = 0; i < n; i++) {
		if (p[i].is_on != are_on)
			continue;
		buffer_addf(to, "%s%s", before, p[i].name);
		if (!are_on)
			buffer_addf(to, " (needs Linux %s)", p[i].since);
		before = ", ";
	}
}

void
check_report_protections(struct check *c, const struct sandbox_state *on)
{
	const struct protection		all[] = {
		{ "no_new_privs", "3.5", on->no_new_privs },
		{ "seccomp", "3.17", on->filter },
		{ "Landlock for files", "5.19", on->landlock >= 2 },
		{ "Landlock for TCP ports", "6.7", on->landlock >= 4 },
		{ "Landlock for abstract sockets", "6.12",
		  on->landlock >= 6 },
	};
	enum { N = sizeof(all) / sizeof(all[0]) };
	char				version[12] = "off";
	const struct check_fact		facts[] = {
		{ "no_new_privs", on->no_new_privs ? "on" : "off", NULL },
		{ "seccomp", on->filter ? "on" : "off", NULL },
		{ "landlock", version, NULL },
	};
	struct check_finding		found = { .stage = CHECK_PROGRAM,
					    .object = "sandbox",
					    .facts = facts,
					    .n_facts = sizeof(facts) /
					    sizeof(facts[0]) };
	struct buffer			text = { 0 };
	size_t				n_on = 0;

	if (on->landlock > 0)
		snprintf(version, sizeof(version), "%d", on->landlock);
	for (size_t i = 0; i < N; i++)
		n_on += all[i].is_on;
	if (n_on > 0)
		add_names(&text, all, N, true);
	if (n_on < N)
		add_names(&text, all, N, false);
	if (!on->filter && on->landlock == 0) {
		found.verdict = CHECK_WARNING;
		found.remedy = "use a kernel with seccomp and Landlock, and "
		    "permit both in the container; without them, a smarthost "
		    "that takes over relais has all permissions of its user";
	}
	check_report(c, &found, "%s", text.data);
	buffer_free(&text);
}

void
check_protections(struct check *c)
{
	struct sandbox_state	state;

	if (sandbox_try(&state))
		check_report_protections(c, &state);
	else
		check_report(c, &(struct check_finding){
		    .stage = CHECK_PROGRAM, .verdict = CHECK_SKIPPED,
		    .object = "sandbox" }, "cannot start a process to try "
		    "it: %s", strerror(errno));
}
