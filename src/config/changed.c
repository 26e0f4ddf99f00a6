#include "config/changed.h"

#include <stddef.h>

#include "config/token_file.h"

/*
 * Not the modification time, which cp -p and mv preserve.
 */
int64_t
config_file_changed_us(const struct stat *st)
{
	return (int64_t)st->st_ctim.tv_sec * 1000000 +
	    st->st_ctim.tv_nsec / 1000;
}

static bool
stat_file(const struct setting *set, enum config_key key, struct stat *st)
{
	if (key == KEY_TOKEN)
		return token_file_stat_login(set->value, st);
	return stat(set->value, st) == 0;
}

int64_t
config_changed_us(const struct config *config)
{
	static const enum config_key	keys[] = { KEY_PASSWORD_FILE, KEY_TOKEN,
		KEY_TLS_CA, KEY_TLS_CERTIFICATE, KEY_TLS_KEY,
		KEY_PROXY_PASSWORD_FILE };
	int64_t				newest = config->changed_us;

	for (const struct section *s = config->first; s != NULL; s = s->next)
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
			struct stat	st;

			if (s->setting[keys[i]] != NULL &&
			    stat_file(s->setting[keys[i]], keys[i], &st) &&
			    config_file_changed_us(&st) > newest)
				newest = config_file_changed_us(&st);
		}
	return newest;
}
