#include "import/account.h"

#include <string.h>

#include "util/buffer.h"

char *
account_split_port(char *text, char **port)
{
	char	*colon = strchr(text, ':');
	char	*end;

	*port = NULL;
	if (text[0] == '[' && (end = strchr(text, ']')) != NULL) {
		*end = '\0';
		if (end[1] == ':')
			*port = end + 2;
		return text + 1;
	}
	if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
		*port = colon + 1;
	}
	return text;
}

/* If the scheme does not imply the port, the port is part of the URL. */
void
account_url(struct buffer *url, const struct account *a)
{
	const char	*port = a->port;
	const char	*scheme = "smtp", *standard = "25";

	if (a->lmtp) {
		scheme = "lmtp";
		standard = "24";
	} else if (a->tls == ACCOUNT_IMPLICIT) {
		scheme = "submissions";
		standard = "465";
		if (port == NULL)
			port = "465";
	} else if (port != NULL && strcmp(port, "587") == 0) {
		scheme = "submission";
		standard = "587";
	}
	if (port == NULL)
		port = "25";
	buffer_addf(url, "%s%s://", scheme, a->mx ? "+mx" : "");
	if (a->host[0] == '/') {
		buffer_add_text(url, a->host);
		return;
	}
	buffer_addf(url, strchr(a->host, ':') != NULL ? "[%s]" : "%s", a->host);
	if (strcmp(port, standard) != 0)
		buffer_addf(url, ":%s", port);
}

/* In a section, the value overrides the one at the top of the file. */
static void
set_tls(struct draft *d, const struct account *a)
{
	enum account_tls	 tls = a->tls;
	const char		*value = NULL;

	if (tls == ACCOUNT_OPPORTUNISTIC && a->user != NULL) {
		draft_note(d, a->user_origin, "relais sends a password only "
		    "over TLS with a verified certificate, which this "
		    "configuration does not require");
		tls = ACCOUNT_STARTTLS;
	} else if (a->unverified && tls >= ACCOUNT_STARTTLS)
		draft_note(d, a->origin, "relais verifies the certificate of "
		    "the server, which this configuration does not require; "
		    "if it is not trusted, set tls_ca or tls_pin");
	if (tls == ACCOUNT_CLEAR)
		value = "off";
	else if (tls == ACCOUNT_OPPORTUNISTIC)
		value = "opportunistic";
	else if (a->section != d->top && d->top->setting[KEY_TLS] != NULL)
		value = "required";
	if (value != NULL)
		draft_set(d, a->section, KEY_TLS, value, a->origin);
}

bool
account_set(struct draft *d, const struct account *a)
{
	struct buffer	url = { 0 };
	bool		good;

	account_url(&url, a);
	good = draft_set(d, a->section, KEY_SMARTHOST, url.data, a->origin);
	buffer_free(&url);
	if (!good)
		return false;
	set_tls(d, a);
	if (a->user == NULL)
		return true;
	if (!draft_set(d, a->section, KEY_USER, a->user, a->user_origin))
		return true;
	if (a->secret_origin == NULL)
		return true;
	draft_set_secret(d, a->section, a->secret, a->secret_origin);
	if (a->tls == ACCOUNT_CLEAR) {
		draft_note(d, a->user_origin, "the password is sent without "
		    "encryption, as before; use TLS if the server offers it");
		draft_set(d, a->section, KEY_AUTH, a->mechanisms != NULL ?
		    a->mechanisms : "PLAIN LOGIN", a->user_origin);
	} else if (a->section != d->top && d->top->setting[KEY_AUTH] != NULL)
		draft_set(d, a->section, KEY_AUTH, "auto", a->user_origin);
	return true;
}
