/*
 * login_options.h - the options of relais login, which passes them to
 * relais-token
 */
#ifndef CLI_LOGIN_OPTIONS_H
#define CLI_LOGIN_OPTIONS_H

#include <stdbool.h>

#include "util/failure.h"

/* The options that take a value. */
enum login_option {
	LOGIN_PROVIDER,
	LOGIN_CLIENT_ID,
	LOGIN_CLIENT_SECRET_FILE,
	LOGIN_CERTIFICATE,
	LOGIN_KEY,
	LOGIN_TENANT,
	LOGIN_USER,

	/* Only from relais to relais-token: settings of relais.conf. */
	LOGIN_CA,
	LOGIN_PROXY,
	LOGIN_USUAL_PROVIDER,	/* if no other provider is known */
	LOGIN_USUAL_USER,
	LOGIN_VALUES
};

struct login_options {
	const char	*value[LOGIN_VALUES];	/* or NULL */
	bool		 device;
	bool		 browser;
	bool		 client_credentials;
	bool		 no_check;
	const char	*name;
};

/*
 * argv[0] is not an option.  False with EX_USAGE; an empty text means that the
 * usage should be shown.
 */
bool	login_options_parse(struct login_options *, int argc, char **argv,
	    struct failure *why);

#endif
