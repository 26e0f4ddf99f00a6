#include "token/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/login_options.h"
#include "cli/output.h"
#include "setup/oauth_provider.h"
#include "token/browser.h"
#include "token/client.h"
#include "token/code.h"
#include "token/confine.h"
#include "token/device.h"
#include "token/exchange.h"
#include "token/renew.h"
#include "token/store.h"
#include "util/file.h"
#include "util/memory.h"
#include "util/trusted.h"

enum { HTTP_MS = 30 * 1000, LOCK_MS = 30 * 1000 };

#define REFRESH_TOKEN		"refresh_token"
#define CLIENT_CREDENTIALS	"client_credentials"

enum flow { FLOW_DEVICE, FLOW_BROWSER, FLOW_CLIENT };

struct login {
	struct login_options	 o;
	struct http_options	 http;
	struct oauth_provider	 provider;
	struct store		 store;
	struct buffer		 secret;	/* of a file; wiped */
	bool			 has_browser;
	enum flow		 flow;
	char			*endpoint;	/* of the flow; or NULL */
};

/*
 * Reads the files of the options before root becomes another user, who could be
 * unable to read them.
 */
static bool
read_files(struct login *l, struct failure *why)
{
	const char	*name = l->o.value[LOGIN_PROVIDER];
	const char	*file = l->o.value[LOGIN_CLIENT_SECRET_FILE];
	struct stat	 st;

	return (name == NULL || oauth_provider_find(&l->provider, name,
	    why)) && (file == NULL || trusted_read_value(&l->secret, file,
	    TRUSTED_SECRET, &st, why));
}

/* Removes the values of an earlier login with another provider. */
static void
forget_other_provider(struct store *s, const char *provider)
{
	const char	*earlier = s->value[STORE_PROVIDER];

	if (earlier != NULL && strcmp(earlier, provider) == 0)
		return;
	for (size_t k = 0; k < STORE_KEYS; k++)
		store_set(s, (enum store_key)k, NULL);
}

/* The provider of the option, of the earlier login, or of the smarthost. */
static bool
choose_provider(struct login *l, struct failure *why)
{
	const char	*name = l->o.value[LOGIN_PROVIDER];
	char		*path = NULL;
	bool		 good = true;

	if (name == NULL)
		name = l->store.value[STORE_PROVIDER];
	if (name == NULL)
		name = l->o.value[LOGIN_USUAL_PROVIDER];
	if (name == NULL)
		return failed(why, EX_USAGE, "the provider is not known: add "
		    "--provider google, --provider microsoft, or --provider "
		    "FILE");
	if (strchr(name, '/') != NULL)
		path = realpath(name, NULL);
	name = memory_copy(path != NULL ? path : name);
	if (l->provider.id == NULL)
		good = oauth_provider_find(&l->provider, name, why);
	if (good) {
		forget_other_provider(&l->store, name);
		store_set(&l->store, STORE_PROVIDER, name);
	}
	free((char *)(uintptr_t)name);
	free(path);
	return good;
}

/* Client credentials, if the option or the earlier login says so. */
static bool
is_for_client(const struct login *l)
{
	const char	*earlier = l->store.value[STORE_GRANT];

	return l->o.client_credentials || (!l->o.device && !l->o.browser &&
	    earlier != NULL && strcmp(earlier, CLIENT_CREDENTIALS) == 0);
}

static bool
choose_flow(struct login *l, struct failure *why)
{
	const struct oauth_provider	*p = &l->provider;
	bool				 device, browser;

	device = p->value[OAUTH_DEVICE] != NULL;
	browser = p->value[OAUTH_AUTHORIZE] != NULL;
	if (is_for_client(l)) {
		l->flow = FLOW_CLIENT;
		return p->value[OAUTH_CLIENT_SCOPE] != NULL || failed(why,
		    EX_USAGE, "%s does not accept client credentials for mail",
		    p->value[OAUTH_NAME]);
	}
	if (p->value[OAUTH_SCOPE] == NULL || (!device && !browser))
		return failed(why, EX_USAGE, "%s accepts only "
		    "--client-credentials", p->value[OAUTH_NAME]);
	if (l->o.device && !device)
		return failed(why, EX_USAGE, "%s does not permit --device "
		    "for mail: omit it",
		    p->value[OAUTH_NAME]);
	if (l->o.browser && !browser)
		return failed(why, EX_USAGE, "%s does not permit --browser: "
		    "omit it", p->value[OAUTH_NAME]);
	l->flow = l->o.device || !browser || (!l->o.browser && device &&
	    !l->has_browser) ? FLOW_DEVICE : FLOW_BROWSER;
	return true;
}

static bool
set_url(char **to, const struct login *l, enum oauth_key key,
    struct failure *why)
{
	struct buffer	url = { 0 };

	if (!oauth_provider_url(&url, &l->provider, key,
	    l->store.value[STORE_TENANT], why)) {
		buffer_free(&url);
		return false;
	}
	*to = buffer_take(&url);
	return true;
}

/* The endpoints and the scope of the flow. */
static bool
set_endpoints(struct login *l, struct failure *why)
{
	const struct oauth_provider	*p = &l->provider;
	bool				 client = l->flow == FLOW_CLIENT;
	char				*token;

	if (l->o.value[LOGIN_TENANT] != NULL)
		store_set(&l->store, STORE_TENANT, l->o.value[LOGIN_TENANT]);
	/* "common" is not a tenant that an application can belong to. */
	if (client && l->store.value[STORE_TENANT] == NULL &&
	    p->value[OAUTH_TENANT] != NULL)
		return failed(why, EX_USAGE, "client credentials require the "
		    "ID of the tenant: add --tenant ID");
	if (!set_url(&token, l, OAUTH_TOKEN, why) || (!client &&
	    !set_url(&l->endpoint, l, l->flow == FLOW_DEVICE ? OAUTH_DEVICE :
	    OAUTH_AUTHORIZE, why)))
		return false;
	store_set(&l->store, STORE_TOKEN_ENDPOINT, token);
	store_set(&l->store, STORE_GRANT, client ? CLIENT_CREDENTIALS :
	    REFRESH_TOKEN);
	store_set(&l->store, STORE_SCOPE, p->value[client ?
	    OAUTH_CLIENT_SCOPE : OAUTH_SCOPE]);
	free(token);
	return true;
}

/*
 * Sets a value to that of the option, of the earlier login or of relais.conf,
 * or to the answer of the user.
 */
static bool
complete(struct login *l, enum store_key key, const char *given,
    const char *usual, const char *question)
{
	char	*answer;

	if (given == NULL && l->store.value[key] == NULL)
		given = usual;
	if (given != NULL)
		store_set(&l->store, key, given);
	if (l->store.value[key] == NULL && ask_is_possible()) {
		answer = ask(question, NULL);
		store_set(&l->store, key, answer);
		free(answer);
	}
	return l->store.value[key] != NULL;
}

static bool
complete_client(struct login *l, struct failure *why)
{
	const struct oauth_provider	*p = &l->provider;
	bool				 known;

	known = l->o.value[LOGIN_CLIENT_ID] != NULL ||
	    l->store.value[STORE_CLIENT_ID] != NULL;
	if (!known && ask_is_possible()) {
		printf("%s requires a registered application; register one "
		    "at\n    %s\n", p->value[OAUTH_NAME],
		    p->value[OAUTH_PAGE]);
		if (p->value[OAUTH_NOTE] != NULL)
			printf("%s.\n", p->value[OAUTH_NOTE]);
	}
	return complete(l, STORE_CLIENT_ID, l->o.value[LOGIN_CLIENT_ID], NULL,
	    "Client ID of the application") || failed(why, EX_USAGE,
	    "a client ID is required: register an application at %s, and add "
	    "--client-id ID", p->value[OAUTH_PAGE]);
}

/* A renewal may have another working directory. */
static void
set_path(struct store *s, enum store_key key, const char *path)
{
	char	*absolute = path != NULL ? file_absolute(path) : NULL;

	store_set(s, key, absolute);
	free(absolute);
}

static bool
has_secret(const struct login *l)
{
	return l->store.value[STORE_CLIENT_SECRET] != NULL ||
	    l->store.value[STORE_PRIVATE_KEY] != NULL;
}

/* The client secret, or the key, if the flow requires one. */
static bool
complete_secret(struct login *l, struct failure *why)
{
	struct store	*s = &l->store;
	bool		 required;

	required = l->flow == FLOW_CLIENT ||
	    l->provider.secret == OAUTH_SECRET_REQUIRED;
	if (l->secret.len > 0 || l->o.value[LOGIN_KEY] != NULL) {
		store_set(s, STORE_CLIENT_SECRET, l->secret.data);
		set_path(s, STORE_PRIVATE_KEY, l->o.value[LOGIN_KEY]);
		set_path(s, STORE_CERTIFICATE, l->o.value[LOGIN_CERTIFICATE]);
	}
	if (required && !has_secret(l) && ask_is_possible() &&
	    ask_secret(&l->secret, "Client secret of the application (not "
	    "shown): ") && l->secret.len > 0)
		store_set(s, STORE_CLIENT_SECRET, l->secret.data);
	return !required || has_secret(l) || failed(why, EX_USAGE,
	    "a client secret is required: add --client-secret-file FILE%s",
	    l->flow == FLOW_CLIENT ? ", or --key FILE and --certificate FILE" :
	    "");
}

static bool
complete_account(struct login *l, struct failure *why)
{
	return complete(l, STORE_ACCOUNT, l->o.value[LOGIN_USER],
	    l->o.value[LOGIN_USUAL_USER],
	    "Address of the mailbox that sends") || failed(why, EX_USAGE,
	    "the mailbox is not known: add --user ADDRESS");
}

static void
print_left(int64_t seconds)
{
	if (!isatty(STDOUT_FILENO))
		return;
	printf("\rWaiting for the login: %lld:%02lld left ",
	    (long long)seconds / 60, (long long)seconds % 60);
	fflush(stdout);
}

static void
clear_left(void)
{
	if (isatty(STDOUT_FILENO))
		printf("\r%*s\r", 40, "");
}

static void
print_device(const struct device *d, const struct login *l)
{
	printf("Open this address in a browser, on any device, and enter the "
	    "code:\n\n    %s\n    code: %s\n\n", d->uri, d->user_code);
	if (d->complete_uri != NULL)
		printf("This address contains the code:\n\n    %s\n\n",
		    d->complete_uri);
	printf("Log in there as ");
	output_text(l->store.value[STORE_ACCOUNT]);
	printf(".\n");
	if (!isatty(STDOUT_FILENO))
		printf("Waiting for the login.\n");
	fflush(stdout);
}

static bool
log_in_with_device(struct login *l, struct exchange *e, struct failure *why)
{
	struct device	d;
	bool		good;

	confine_no_new_privileges();
	good = device_begin(&d, &l->store, &l->http, l->endpoint, why);
	if (good) {
		print_device(&d, l);
		d.waiting = print_left;
		good = device_wait(&d, &l->store, &l->http, e, why);
		clear_left();
	}
	device_free(&d);
	return good;
}

static void
print_remark(const char *line)
{
	printf("(%s)\n", line);
	fflush(stdout);
}

static void
print_code(const struct code *c, bool opened)
{
	if (opened)
		printf("A browser was started to open this address.  If it "
		    "does not, open the address yourself:\n\n    %s\n\n",
		    c->url);
	else
		printf("Open this address in a browser:\n\n    %s\n\n"
		    "After the login, the browser opens an address that begins "
		    "with\n%s.  If the browser runs on another machine, either "
		    "run\n\n    ssh -L %u:127.0.0.1:%u THIS-MACHINE\n\n"
		    "there before the login", c->url, c->redirect_uri,
		    c->listener.port, c->listener.port);
	if (!opened && isatty(STDIN_FILENO))
		printf(", or copy that address, which the browser cannot open,"
		    "\nand paste it here, followed by Enter");
	printf("%sWaiting for the login, at most 15 minutes.\n",
	    opened ? "" : ".\n\n");
	fflush(stdout);
}

static bool
log_in_with_browser(struct login *l, struct exchange *e, struct failure *why)
{
	struct code	c;
	bool		opened, good;

	good = code_begin(&c, &l->store, &l->provider, l->endpoint, why);
	if (good) {
		opened = l->has_browser && browser_open(c.url);
		confine_no_new_privileges();
		print_code(&c, opened);
		c.terminal = isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
		c.remark = print_remark;
		good = code_wait(&c, &l->store, &l->http, e, why);
	}
	code_free(&c);
	return good;
}

static bool
log_in_as_client(struct login *l, struct exchange *e, struct failure *why)
{
	struct buffer	form = { 0 };
	bool		good;

	confine_no_new_privileges();
	good = client_add_renewal(&form, &l->store, why) && exchange(e,
	    &l->http, l->store.value[STORE_TOKEN_ENDPOINT], &form, why) ==
	    EXCHANGE_GRANTED;
	buffer_wipe(&form);
	return good;
}

static bool
run_flow(struct login *l, struct exchange *e, struct failure *why)
{
	bool	good = false;

	switch (l->flow) {
	case FLOW_DEVICE:
		good = log_in_with_device(l, e, why);
		break;
	case FLOW_BROWSER:
		good = log_in_with_browser(l, e, why);
		break;
	case FLOW_CLIENT:
		return log_in_as_client(l, e, why);
	}
	return good && (e->refresh_token != NULL || failed(why, EX_CONFIG,
	    "%s granted an access token without a refresh token, so it cannot "
	    "be renewed; request a refresh token in the scope or the "
	    "parameters of the provider, for example with offline_access",
	    l->provider.value[OAUTH_NAME]));
}

/* Nothing of an earlier grant may remain. */
static bool
store_grant(struct login *l, const struct exchange *e, struct failure *why)
{
	struct store	*s = &l->store;
	int64_t		 now = (int64_t)time(NULL);

	store_set(s, STORE_REFRESH_TOKEN, NULL);
	renew_take_grant(s, e, now);
	store_set_time(s, STORE_LOGIN_AT, now);
	return store_lock(s, LOCK_MS, why) == STORE_LOCKED &&
	    store_write(s, why) && store_mark_login(s, why);
}

static bool
log_in(struct login *l, struct failure *why)
{
	struct exchange	e = { .access_token = NULL };
	struct failure	ignored;
	bool		good;

	/* Before root becomes another user. */
	l->has_browser = browser_is_available();
	if (!read_files(l, why) || !store_open(&l->store, l->o.name, true,
	    why))
		return false;
	/* A missing or damaged file is replaced. */
	(void)store_read(&l->store, &ignored);
	good = choose_provider(l, why) && choose_flow(l, why) &&
	    set_endpoints(l, why) && complete_client(l, why) &&
	    complete_secret(l, why) && complete_account(l, why) &&
	    run_flow(l, &e, why) && store_grant(l, &e, why);
	exchange_free(&e);
	if (good)
		printf("The login is stored in %s.\n", l->store.path);
	return good;
}

int
login_run(int argc, char **argv, struct failure *why)
{
	struct login	l = { .http.timeout_ms = HTTP_MS,
			    .store = { .directory = -1, .lock = -1,
			    .next = -1 } };
	bool		good;

	if (!login_options_parse(&l.o, argc, argv, why))
		return EX_USAGE;
	l.http.ca = l.o.value[LOGIN_CA];
	l.http.proxy = l.o.value[LOGIN_PROXY];
	good = log_in(&l, why);
	store_close(&l.store);
	oauth_provider_free(&l.provider);
	buffer_wipe(&l.secret);
	free(l.endpoint);
	return good ? EX_OK : why->status;
}
