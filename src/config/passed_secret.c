#include "config/passed_secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/section.h"
#include "config/smarthost.h"
#include "util/buffer.h"
#include "util/privilege.h"

/*
 * Whether the smarthost, which is at the top of the configuration, requires a
 * secret that no key sets.
 */
static bool
is_required(const struct config *config, const struct section *home)
{
	enum config_key	key;

	if (home == NULL || config_secret(config, home, &key) != NULL ||
	    (home->kind != SECTION_TOP && home->kind != SECTION_ENVIRONMENT))
		return false;
	return config_credential(config, home, KEY_USER) != NULL ||
	    smarthost_list_has_user(home->setting[KEY_SMARTHOST]->value);
}

/*
 * The directory may contain only other credentials, for the program that runs
 * sendmail.  If this user has no permission to search the directory, which is
 * then that of another user, the error must say so, unless a client certificate
 * is sufficient.
 */
static bool
may_exist(const struct config *config, const char *path)
{
	return access(path, F_OK) == 0 || (errno == EACCES &&
	    !config_is_set(config, KEY_TLS_CERTIFICATE));
}

/* The section of the environment, which is followed by the top of the file. */
static struct section *
environment_section(struct config *config)
{
	struct section	**at = &config->first;

	while ((*at)->kind < SECTION_ENVIRONMENT)
		at = &(*at)->next;
	return (*at)->kind == SECTION_ENVIRONMENT ? *at :
	    section_insert(at, SECTION_ENVIRONMENT);
}

bool
passed_secret_add(struct config *config, struct failure *why)
{
	static const char	 origin[] = "environment CREDENTIALS_DIRECTORY";
	const char		*directory;
	struct buffer		 path = { 0 };
	bool			 good = true;

	if (!is_required(config, config_section(config, NULL, KEY_SMARTHOST)))
		return true;
	directory = getenv("CREDENTIALS_DIRECTORY");
	if (directory == NULL || directory[0] != '/' || privilege_is_raised())
		return true;
	buffer_addf(&path, "%s/relais.password", directory);
	if (may_exist(config, path.data))
		good = section_set(environment_section(config),
		    KEY_PASSWORD_FILE, path.data, path.len, origin, why) ||
		    failure_prefix(why, "%s: ", origin);
	buffer_free(&path);
	return good;
}
