#include "cli/login_options.h"

#include <stddef.h>
#include <string.h>
#include <sysexits.h>

#include "config/token_file.h"

static const char value_names[LOGIN_VALUES][24] = {
	[LOGIN_PROVIDER] = "--provider", [LOGIN_CLIENT_ID] = "--client-id",
	[LOGIN_CLIENT_SECRET_FILE] = "--client-secret-file",
	[LOGIN_CERTIFICATE] = "--certificate", [LOGIN_KEY] = "--key",
	[LOGIN_TENANT] = "--tenant", [LOGIN_USER] = "--user",
	[LOGIN_CA] = "--ca", [LOGIN_PROXY] = "--proxy",
	[LOGIN_USUAL_PROVIDER] = "--usual-provider",
	[LOGIN_USUAL_USER] = "--usual-user",
};

static bool
check(const struct login_options *o, struct failure *why)
{
	const char *const	*v = o->value;

	if (o->device + o->browser + o->client_credentials > 1)
		return failed(why, EX_USAGE, "--device, --browser and "
		    "--client-credentials cannot be combined");
	if ((v[LOGIN_KEY] != NULL) != (v[LOGIN_CERTIFICATE] != NULL))
		return failed(why, EX_USAGE, "--key and --certificate must be "
		    "given together");
	if (v[LOGIN_KEY] != NULL && v[LOGIN_CLIENT_SECRET_FILE] != NULL)
		return failed(why, EX_USAGE, "--key and --client-secret-file "
		    "cannot be combined");
	return token_file_check_name(o->name, why);
}

/* Returns the flag with this name, or NULL. */
static bool *
find_flag(struct login_options *o, const char *word)
{
	if (strcmp(word, "--device") == 0)
		return &o->device;
	if (strcmp(word, "--browser") == 0)
		return &o->browser;
	if (strcmp(word, "--client-credentials") == 0)
		return &o->client_credentials;
	return strcmp(word, "--no-check") == 0 ? &o->no_check : NULL;
}

bool
login_options_parse(struct login_options *o, int argc, char **argv,
    struct failure *why)
{
	bool	*flag;

	*o = (struct login_options){ .name = NULL };
	failed(why, EX_USAGE, "%s", "");
	for (int i = 1; i < argc; i++) {
		int	n = 0;

		while (n < LOGIN_VALUES && strcmp(argv[i], value_names[n]) != 0)
			n++;
		if (n < LOGIN_VALUES && i + 1 < argc)
			o->value[n] = argv[++i];
		else if ((flag = find_flag(o, argv[i])) != NULL)
			*flag = true;
		else if (argv[i][0] != '-' && o->name == NULL)
			o->name = argv[i];
		else
			return false;
	}
	return o->name != NULL && check(o, why);
}
