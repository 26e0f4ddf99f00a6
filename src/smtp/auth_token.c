/*
 * auth_token.c - OAUTHBEARER (RFC 7628) and its predecessor XOAUTH2
 */
#include <sysexits.h>

#include "smtp/auth_mechanism.h"
#include "util/visible.h"

/* Separates the fields, and is the complete response to an error. */
#define SEPARATOR '\1'

/* A separator is a control character, too. */
static bool
has_no_controls(const char *text)
{
	while ((unsigned char)*text >= ' ' && *text != 0x7f)
		text++;
	return *text == '\0';
}

static bool
check_credentials(const struct auth *a, struct failure *why)
{
	if (a->options->token[0] == '\0')
		return failed(why, EX_CONFIG, "the access token is empty");
	if (!has_no_controls(a->options->token))
		return failed(why, EX_CONFIG, "the access token contains a "
		    "control character or a second line");
	if (a->options->user != NULL && !has_no_controls(a->options->user))
		return failed(why, EX_CONFIG, "the user name contains a "
		    "control character");
	return true;
}

static void
add_token(struct auth *a)
{
	buffer_add_text(&a->first, "auth=Bearer ");
	buffer_add_text(&a->first, a->options->token);
	buffer_add_byte(&a->first, SEPARATOR);
	buffer_add_byte(&a->first, SEPARATOR);
}

bool
auth_bearer_start(struct auth *a, struct failure *why)
{
	const struct auth_options	*o = a->options;

	if (!check_credentials(a, why))
		return false;
	buffer_add_text(&a->first, "n,");
	if (o->user != NULL) {
		buffer_add_text(&a->first, "a=");
		scram_add_name(&a->first, o->user);
	}
	buffer_addf(&a->first, ",%c", SEPARATOR);
	if (o->host != NULL)
		buffer_addf(&a->first, "host=%s%c", o->host, SEPARATOR);
	if (o->port > 0)
		buffer_addf(&a->first, "port=%d%c", o->port, SEPARATOR);
	add_token(a);
	return true;
}

bool
auth_xoauth2_start(struct auth *a, struct failure *why)
{
	if (!check_credentials(a, why))
		return false;
	buffer_addf(&a->first, "user=%s%c", a->user, SEPARATOR);
	add_token(a);
	return true;
}

/*
 * The only valid challenge reports an error in JSON.  The server sends the
 * final reply after the response to this challenge.
 */
static bool
keep_error(struct auth *a, const char *json, size_t len, struct failure *why)
{
	if (a->steps > 1)
		return failed(why, EX_PROTOCOL, "unexpected second challenge "
		    "from the server");
	visible(a->detail, sizeof(a->detail), json, len);
	return true;
}

bool
auth_bearer_step(struct auth *a, const char *json, size_t len,
    struct buffer *response, struct failure *why)
{
	buffer_add_byte(response, SEPARATOR);
	return keep_error(a, json, len, why);
}

bool
auth_xoauth2_step(struct auth *a, const char *json, size_t len,
    struct buffer *response, struct failure *why)
{
	(void)response;
	return keep_error(a, json, len, why);
}
