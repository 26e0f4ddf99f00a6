#include "cli/setup_verify.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "check/check.h"
#include "cli/findings.h"
#include "config/section.h"

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
setup_verify(const struct section *answers, const char *secret,
    const struct provider_table *providers)
{
	struct config		 config = { 0 };
	struct smarthost_list	 list = { 0 };
	struct identity		 me;
	struct findings		 print = { .verbose = false };
	struct check		 c = { .config = &config, .me = &me,
				    .report = findings_print,
				    .context = &print,
				    .providers = providers };
	const struct setting	*set = answers->setting[KEY_SMARTHOST];
	struct failure		 why;

	if (!copy_answers(&config, answers, secret, &why) ||
	    !smarthost_list_parse(&list, set->value, &why)) {
		config_free(&config);
		return why.status;
	}
	identity_find(&me, &config);
	findings_begin(&print);
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
