#include "check/login.h"

#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "check/local.h"
#include "config/token_status.h"
#include "util/clock.h"
#include "util/utc.h"

/* The message of relais-token, without its name and that of the login. */
static const char *
reason_of(const char *text, const char *name)
{
	static const char	program[] = "relais-token: ";

	if (strncmp(text, program, sizeof(program) - 1) == 0)
		text += sizeof(program) - 1;
	if (strncmp(text, name, strlen(name)) == 0 &&
	    strncmp(text + strlen(name), ": ", 2) == 0)
		text += strlen(name) + 2;
	return text;
}

/* No login that can be used. */
static void
report_unusable(struct check *c, struct check_finding *found,
    struct failure *why)
{
	const char	*reason = reason_of(why->text, found->object);
	const char	*commands = NULL;

	found->verdict = CHECK_FAIL;
	found->status = why->status;
	if (why->status == EX_NOPERM) {
		found->verdict = CHECK_SKIPPED;
		found->status = EX_OK;
	} else if (why->status == EX_UNAVAILABLE) {
		found->remedy = "install the package relais-token, or build "
		    "it from source with make token";
		reason = "relais-token, which provides the token, is not "
		    "installed";
	} else if ((commands = check_take_commands(why->text)) != NULL) {
		found->remedy = commands;
	}
	check_report(c, found, "%s", reason);
}

static void
report_trouble(struct check *c, struct check_finding *found,
    struct token_status *s)
{
	char	at[64];

	found->verdict = CHECK_WARNING;
	found->remedy = check_take_commands(s->trouble);
	found->facts = NULL;
	found->n_facts = 0;
	check_report(c, found, "the last renewal failed at %s: %s",
	    utc_text(at, sizeof(at), s->trouble_at), s->trouble);
}

void
check_oauth_login(struct check *c, const struct setting *set,
    enum config_key key)
{
	struct check_finding	found = { .stage = CHECK_SECRETS,
				    .object = set->value,
				    .origin = set->origin };
	struct token_status	s;
	struct failure		why;
	char			renewed[64], expires[64];
	const struct check_fact	facts[] = {
		{ "account", s.account, NULL },
		{ "provider", s.provider, NULL },
		{ "renewed", renewed, NULL },
		{ "expires", expires, NULL },
	};

	(void)key;
	if (!token_status_read(&s, set->value, &why)) {
		report_unusable(c, &found, &why);
		return;
	}
	utc_text(renewed, sizeof(renewed), s.renewed);
	utc_text(expires, sizeof(expires), s.expires);
	found.facts = facts;
	found.n_facts = sizeof(facts) / sizeof(facts[0]);
	check_report(c, &found, "login%s%s%s%s%s: the access token was last "
	    "renewed at %s and %s at %s", s.account[0] != '\0' ? " of " : "",
	    s.account, s.provider[0] != '\0' ? " (" : "", s.provider,
	    s.provider[0] != '\0' ? ")" : "", renewed,
	    s.expires > clock_now() ? "expires" : "expired", expires);
	if (s.trouble[0] != '\0')
		report_trouble(c, &found, &s);
}
