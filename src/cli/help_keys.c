#include "cli/help_keys.h"

#include <stdio.h>

#include "config/keys.h"
#include "config/value.h"
#include "util/buffer.h"

void
help_keys(void)
{
	for (enum config_key k = 0; k < CONFIG_KEYS; k++) {
		const struct key	*key = key_of(k);
		struct buffer		 form = { 0 };

		value_describe(&form, &key->rule);
		printf("  %-20s %s", key->name, form.data);
		if (key->rule.least != NULL)
			printf(", from %s to %s", key->rule.least,
			    key->rule.most);
		if (key->fallback != NULL)
			printf("; default: %s", key->fallback);
		putchar('\n');
		buffer_free(&form);
	}
}
