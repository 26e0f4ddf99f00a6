#include "cli/login_options.h"

#include <getopt.h>
#include <stddef.h>
#include <sysexits.h>

#include "config/token_file.h"

enum { DEVICE = LOGIN_VALUES, BROWSER, CLIENT_CREDENTIALS, NO_CHECK };

static bool
check(const struct login_options *o, struct failure *why)
{
	const char *const	*v = o->value;

	if (o->device + o->browser + o->client_credentials > 1)
		return failed(why, EX_USAGE, "--device, --browser and "
		    "--client-credentials exclude each other");
	if ((v[LOGIN_KEY] != NULL) != (v[LOGIN_CERTIFICATE] != NULL))
		return failed(why, EX_USAGE, "--key and --certificate must be "
		    "given together");
	if (v[LOGIN_KEY] != NULL && v[LOGIN_CLIENT_SECRET_FILE] != NULL)
		return failed(why, EX_USAGE, "--key and --client-secret-file "
		    "exclude each other");
	return token_file_check_name(o->name, why);
}

bool
login_options_parse(struct login_options *o, int argc, char **argv,
    struct failure *why)
{
	static const struct option	known[] = {
		{ "provider", required_argument, NULL, LOGIN_PROVIDER },
		{ "client-id", required_argument, NULL, LOGIN_CLIENT_ID },
		{ "client-secret-file", required_argument, NULL,
		    LOGIN_CLIENT_SECRET_FILE },
		{ "certificate", required_argument, NULL, LOGIN_CERTIFICATE },
		{ "key", required_argument, NULL, LOGIN_KEY },
		{ "tenant", required_argument, NULL, LOGIN_TENANT },
		{ "user", required_argument, NULL, LOGIN_USER },
		{ "ca", required_argument, NULL, LOGIN_CA },
		{ "proxy", required_argument, NULL, LOGIN_PROXY },
		{ "usual-provider", required_argument, NULL,
		    LOGIN_USUAL_PROVIDER },
		{ "usual-user", required_argument, NULL, LOGIN_USUAL_USER },
		{ "device", no_argument, NULL, DEVICE },
		{ "browser", no_argument, NULL, BROWSER },
		{ "client-credentials", no_argument, NULL,
		    CLIENT_CREDENTIALS },
		{ "no-check", no_argument, NULL, NO_CHECK },
		{ NULL, 0, NULL, 0 },
	};
	int				c;

	*o = (struct login_options){ .name = NULL };
	failed(why, EX_USAGE, "%s", "");
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == '?')
			return false;
		if (c < LOGIN_VALUES)
			o->value[c] = optarg;
		o->device = o->device || c == DEVICE;
		o->browser = o->browser || c == BROWSER;
		o->client_credentials = o->client_credentials ||
		    c == CLIENT_CREDENTIALS;
		o->no_check = o->no_check || c == NO_CHECK;
	}
	if (optind != argc - 1)
		return false;
	o->name = argv[optind];
	return check(o, why);
}
