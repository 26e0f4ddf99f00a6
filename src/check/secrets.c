#include <sysexits.h>

#include "check/local.h"
#include "util/buffer.h"
#include "util/text.h"
#include "util/trusted.h"

static void
check_secret(struct check *c, const struct setting *set)
{
	struct check_finding	found = { .stage = CHECK_SECRETS,
				    .object = set->value,
				    .origin = set->origin };
	struct buffer		value = { 0 };
	struct failure		why;

	if (trusted_read_value(&value, set->value, TRUSTED_SECRET, &why)) {
		if (text_is_blank(value.data[value.len - 1])) {
			found.verdict = CHECK_WARNING;
			found.remedy = "remove the blank, unless it is part "
			    "of the password";
			check_report(c, &found, "the password ends with a "
			    "blank");
		} else {
			check_report(c, &found, "only permitted users can "
			    "read it");
		}
	} else if (why.status == EX_NOPERM) {
		found.verdict = CHECK_SKIPPED;
		found.remedy = "run relais check as root";
		check_report(c, &found, "%s", why.text);
	} else {
		check_report_failure(c, &found, &why);
	}
	buffer_wipe(&value);
}

void
check_secrets(struct check *c)
{
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next)
		if (s->setting[KEY_PASSWORD_FILE] != NULL)
			check_secret(c, s->setting[KEY_PASSWORD_FILE]);
}
