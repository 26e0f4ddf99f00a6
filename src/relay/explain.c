#include "relay/explain.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void
add(char *text, size_t size, const char *words)
{
	strlcat(text, words, size);
}

/* " (/etc/relais.conf:7)", where the key was set. */
static void
add_place(const struct relay *r, enum config_key key, char *text, size_t size)
{
	const struct setting	*set = config_find(r->config, &r->subject, key);

	if (set == NULL)
		return;
	add(text, size, " (");
	add(text, size, set->origin);
	add(text, size, ")");
}

static bool
has_credentials(const struct relay *r)
{
	return r->options.auth != NULL;
}

static void
explain_sender(const struct relay *r, char *text, size_t size)
{
	if (!has_credentials(r)) {
		add(text, size, "; the server may want a login: set user and "
		    "password_file");
		add_place(r, KEY_SMARTHOST, text, size);
		return;
	}
	add(text, size, "; the provider may not let you send as this address: "
	    "set from to one of yours");
	add_place(r, KEY_FROM, text, size);
}

static void
explain_login(const struct relay *r, char *text, size_t size)
{
	add(text, size, "; check user");
	add_place(r, KEY_USER, text, size);
	add(text, size, r->credentials.token != NULL ? " and the token" :
	    " and password");
	if (r->credentials.origin[0] != '\0') {
		add(text, size, " (");
		add(text, size, r->credentials.origin);
		add(text, size, ")");
	}
}

static void
explain_greeting(const struct relay *r, int status, char *text, size_t size)
{
	if (r->host->port == 465 && r->host->scheme != SCHEME_SUBMISSIONS &&
	    (status == EX_TEMPFAIL || status == EX_PROTOCOL)) {
		add(text, size, "; port 465 wants TLS at once: use "
		    "submissions://");
		add_place(r, KEY_SMARTHOST, text, size);
	}
}

void
explain(const struct relay *r, enum session_step step, int code, int status,
    char *text, size_t size)
{
	switch (step) {
	case STEP_GREETING:
		explain_greeting(r, status, text, size);
		break;
	case STEP_STARTTLS:
		if (status == EX_UNAVAILABLE) {
			add(text, size, "; tls = off would send everything in "
			    "clear");
			add_place(r, KEY_SMARTHOST, text, size);
		}
		break;
	case STEP_TLS:
		if (status == EX_PROTOCOL &&
		    r->host->scheme == SCHEME_SUBMISSIONS) {
			add(text, size, "; if this port wants STARTTLS, use "
			    "submission://");
			add_place(r, KEY_SMARTHOST, text, size);
		}
		break;
	case STEP_AUTH:
		if (status == EX_NOPERM && code != 0)
			explain_login(r, text, size);
		break;
	case STEP_MAIL:
		if (code / 100 == 5 && status != EX_DATAERR)
			explain_sender(r, text, size);
		break;
	case STEP_RCPT:
		if (code == 530 || code == 535 ||
		    (code == 554 && !has_credentials(r)))
			explain_sender(r, text, size);
		break;
	case STEP_FINAL:
		if (code == 553 || (code == 550 && strstr(text, "5.7.")))
			explain_sender(r, text, size);
		break;
	case STEP_EHLO:
	case STEP_DATA:
	case STEP_BODY:
	case STEP_RSET:
	case STEP_QUIT:
		break;
	}
}

void
explain_connect(const struct relay *r, char *text, size_t size)
{
	add_place(r, KEY_SMARTHOST, text, size);
}
