#include "config/token_program.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/secret_command.h"
#include "util/installed.h"

/* See curl(1). */
static const char *const proxy_variables[] = {
	"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy",
	"NO_PROXY",
};

enum { VARIABLES = sizeof(proxy_variables) / sizeof(*proxy_variables) };

/* The value for this section; the subject of a message is not known. */
static const char *
text_for(const struct config *config, const struct section *s,
    enum config_key key)
{
	if (s->setting[key] != NULL)
		return s->setting[key]->value;
	return config_text(config, NULL, key);
}

const struct section *
token_program_section(const struct config *config, const char *name)
{
	for (const struct section *s = config->first; s != NULL; s = s->next)
		if (s->setting[KEY_TOKEN] != NULL &&
		    strcmp(s->setting[KEY_TOKEN]->value, name) == 0)
			return s;
	return NULL;
}

void
token_program_configure(struct token_request *r, const struct config *config,
    const struct section *s)
{
	r->ca = text_for(config, s, KEY_TLS_CA);
	r->use_proxy = strcmp(text_for(config, s, KEY_TOKEN_PROXY),
	    "environment") == 0;
}

size_t
token_program_options(const char *words[TOKEN_PROGRAM_OPTIONS],
    const struct token_request *r)
{
	size_t	n = 0;

	if (r->ca != NULL) {
		words[n++] = "--ca";
		words[n++] = r->ca;
	}
	if (r->use_proxy) {
		words[n++] = "--proxy";
		words[n++] = "environment";
	}
	return n;
}

bool
token_program_missing(struct failure *why)
{
	return failed(why, EX_UNAVAILABLE, "%s is not installed; install the "
	    "package relais-token, or build it from source with make token",
	    installed_relais_token());
}

bool
token_program_run(struct buffer *output, const struct token_request *r,
    int64_t timeout_ms, int caller, struct failure *why)
{
	struct buffer	 variable[VARIABLES] = { { 0 } };
	char		*environment[VARIABLES + 1] = { NULL };
	const char	*words[TOKEN_PROGRAM_OPTIONS + 5];
	size_t		 n = 0, last = 0;
	bool		 good;

	if (access(installed_relais_token(), F_OK) == -1)
		return token_program_missing(why);
	words[last++] = r->command;
	if (r->renew)
		words[last++] = "--renew";
	last += token_program_options(words + last, r);
	words[last++] = "--";
	words[last++] = r->name;
	words[last] = NULL;
	for (size_t i = 0; r->use_proxy && i < VARIABLES; i++) {
		const char	*value = getenv(proxy_variables[i]);

		if (value == NULL)
			continue;
		buffer_addf(&variable[i], "%s=%s", proxy_variables[i], value);
		environment[n++] = variable[i].data;
	}
	good = command_program(output, &(struct command_program){
	    .path = installed_relais_token(), .arguments = (char **)words,
	    .environment = environment, .timeout_ms = timeout_ms,
	    .caller = caller }, why);
	for (size_t i = 0; i < VARIABLES; i++)
		buffer_wipe(&variable[i]);
	return good;
}
