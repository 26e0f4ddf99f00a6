/*
 * provider.h - the table of mail providers, conf/providers
 *
 * The comment at the beginning of the table describes its sections and keys.
 * Every line must be valid, because a wrong line could send a password to the
 * wrong host.  The table is read only by relais setup and relais check.
 */
#ifndef SETUP_PROVIDER_H
#define SETUP_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/failure.h"

enum provider_key {
	PROVIDER_NAME, PROVIDER_DOMAINS, PROVIDER_MX, PROVIDER_SMARTHOST,
	PROVIDER_HOSTS, PROVIDER_LOGIN, PROVIDER_USER, PROVIDER_SENDER,
	PROVIDER_SPF, PROVIDER_CONNECTIONS, PROVIDER_PACE, PROVIDER_PAGE,
	PROVIDER_NOTE,
	PROVIDER_KEYS
};

enum provider_login {
	LOGIN_PASSWORD, LOGIN_APP_PASSWORD, LOGIN_API_KEY, LOGIN_OAUTH,
};

enum provider_user {
	PROVIDER_USER_ADDRESS,	/* the address of the account */
	PROVIDER_USER_ISSUED,	/* the provider's page shows it */
	PROVIDER_USER_FIXED,	/* .fixed_user */
};

enum provider_sender {
	PROVIDER_SENDER_ANY,	/* or unknown */
	PROVIDER_SENDER_ACCOUNT,
	PROVIDER_SENDER_VERIFIED,
};

struct provider {
	char			*id;		/* owned: "gmail" */
	char			*value[PROVIDER_KEYS];	/* owned, or NULL */
	char			*host;		/* owned; of the smarthost */
	enum provider_login	 login;
	enum provider_user	 user;
	const char		*fixed_user;	/* part of .value, or NULL */
	enum provider_sender	 sender;
};

struct provider_table {
	struct provider	*provider;	/* owned */
	size_t		 n;
	size_t		 cap;
};

/*
 * Reads a table, which no other user may be able to change.  False with
 * EX_CONFIG, EX_NOPERM or EX_IOERR, and the file and line; the table is then
 * empty.  A file that does not exist is EX_NOINPUT.
 */
bool	provider_table_read(struct provider_table *, const char *path,
	    struct failure *why);

/* Parses the text of a table; path is for messages. */
bool	provider_table_parse(struct provider_table *, const char *path,
	    const char *text, size_t len, struct failure *why);

/* Each returns the provider, or NULL. */
const struct provider *provider_by_id(const struct provider_table *,
	    const char *id);
const struct provider *provider_by_domain(const struct provider_table *,
	    const char *domain);
const struct provider *provider_by_mx(const struct provider_table *,
	    const char *host);
const struct provider *provider_by_smarthost(const struct provider_table *,
	    const char *host);

/* "the password of the account", "an app password" ...: for a sentence. */
const char *provider_login_text(enum provider_login);

void	provider_table_free(struct provider_table *);

#endif
