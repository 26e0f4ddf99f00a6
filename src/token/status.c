#include "token/status.h"

#include <stdio.h>
#include <string.h>

#include "util/visible.h"

void
status_print(const struct store *s)
{
	static const struct {
		enum store_key	 key;
		const char	*name;
	} lines[] = {
		{ STORE_PROVIDER, "provider" },
		{ STORE_ACCOUNT, "account" },
		{ STORE_GRANT, "grant" },
		{ STORE_LOGIN_AT, "login_at" },
		{ STORE_RENEWED, "renewed" },
		{ STORE_EXPIRES, "expires" },
		{ STORE_TROUBLE_AT, "trouble_at" },
		{ STORE_TROUBLE, "trouble" },
	};
	char	shown[2048];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const char	*value = s->value[lines[i].key];

		if (value != NULL)
			printf("%s %s\n", lines[i].name, visible_more(shown,
			    sizeof(shown), value, ""));
	}
}
