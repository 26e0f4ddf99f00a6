#include "cli/setup_verify.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "check/check.h"
#include "cli/output.h"
#include "config/section.h"

static void
print_finding(void *context, const struct check_finding *f)
{
	static const char	verdicts[CHECK_VERDICTS][8] = {
		[CHECK_OK] = "ok", [CHECK_WARNING] = "warning",
		[CHECK_FAIL] = "FAIL", [CHECK_SKIPPED] = "skipped",
	};

	(void)context;
	printf("  %-8s %-9s ", verdicts[f->verdict],
	    check_stage_name(f->stage));
	if (f->object != NULL) {
		output_text(f->object);
		printf(": ");
	}
	output_text(f->text);
	if (f->remedy != NULL) {
		printf("\n                     ");
		output_text(f->remedy);
	}
	putchar('\n');
	fflush(stdout);
}

/* Copies the answers, with the password itself in place of its file. */
static bool
copy_answers(struct config *config, const struct section *answers,
    const char *secret, struct failure *why)
{
	struct section	*top = section_insert(&config->first, SECTION_TOP);
	bool		 good = true;

	for (enum config_key k = 0; good && k < CONFIG_KEYS; k++) {
		const struct setting	*set = answers->setting[k];
		enum config_key		 key = k;
		const char		*value;

		if (set == NULL)
			continue;
		value = set->value;
		if (k == KEY_PASSWORD_FILE && secret != NULL) {
			key = KEY_PASSWORD;
			value = secret;
		}
		good = section_set(top, key, value, strlen(value),
		    set->origin, why);
	}
	return good;
}

int
setup_verify(const struct section *answers, const char *secret)
{
	struct config		 config = { 0 };
	struct smarthost_list	 list = { 0 };
	struct identity		 me;
	struct check		 c = { .config = &config, .me = &me,
				    .report = print_finding };
	const struct setting	*set = answers->setting[KEY_SMARTHOST];
	struct failure		 why;

	if (!copy_answers(&config, answers, secret, &why) ||
	    !smarthost_list_parse(&list, set->value, &why)) {
		config_free(&config);
		return why.status;
	}
	identity_find(&me, &config);
	printf("\nTesting the connection; no message is sent:\n");
	for (size_t i = 0; i < list.n; i++)
		check_smarthost(&c, &(struct check_target){
		    .smarthost = &list.host[i], .origin = set->origin,
		    .sender = config_text(&config, NULL, KEY_FROM),
		    .recipient = config_text(&config, NULL, KEY_ROOT) });
	identity_free(&me);
	smarthost_list_free(&list);
	config_free(&config);
	return c.status;
}
