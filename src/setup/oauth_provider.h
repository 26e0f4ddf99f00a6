/*
 * oauth_provider.h - the table of authorization servers, conf/oauth-providers
 *
 * The comment at the beginning of the table describes its keys.  Every line
 * must be valid, because a wrong line could send a secret to the wrong host.
 * The table is read by relais login and relais setup.
 */
#ifndef SETUP_OAUTH_PROVIDER_H
#define SETUP_OAUTH_PROVIDER_H

#include <stdbool.h>

#include "util/buffer.h"
#include "util/failure.h"

enum oauth_key {
	OAUTH_NAME, OAUTH_TOKEN, OAUTH_DEVICE, OAUTH_AUTHORIZE,
	OAUTH_PARAMETERS, OAUTH_REDIRECT, OAUTH_SCOPE, OAUTH_CLIENT_SCOPE,
	OAUTH_SECRET, OAUTH_TENANT, OAUTH_SMARTHOST, OAUTH_PAGE, OAUTH_NOTE,
	OAUTH_KEYS
};

enum oauth_secret { OAUTH_SECRET_OPTIONAL, OAUTH_SECRET_REQUIRED,
    OAUTH_SECRET_NONE };

struct oauth_provider {
	char			*id;			/* "google" */
	char			*value[OAUTH_KEYS];	/* owned, or NULL */
	enum oauth_secret	 secret;
};

/*
 * Finds the section with this name, or, if the name contains a slash, the only
 * section of that file.  False with EX_USAGE and the names of the table if
 * there is none; as table_read().
 */
bool	oauth_provider_find(struct oauth_provider *, const char *name,
	    struct failure *why);

/*
 * Finds the section for a smarthost; .id is NULL if there is none.  False as
 * table_read().
 */
bool	oauth_provider_by_smarthost(struct oauth_provider *, const char *host,
	    struct failure *why);

/* For tests: parses a table, and finds a section as oauth_provider_find(). */
bool	oauth_provider_parse(struct oauth_provider *, const char *name,
	    const char *text, struct failure *why);

/*
 * Appends the URL of an endpoint, in which {tenant} is replaced by the tenant
 * or, if it is NULL, by the value of the key tenant.  False with EX_USAGE if
 * there is neither, or if the tenant is not a name or number.
 */
bool	oauth_provider_url(struct buffer *, const struct oauth_provider *,
	    enum oauth_key, const char *tenant, struct failure *why);

void	oauth_provider_free(struct oauth_provider *);

#endif
