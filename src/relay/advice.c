#include "relay/advice.h"

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
add_place(const struct connection *c, enum config_key key, char *text, size_t size)
{
	const struct setting	*set = config_find(c->config, &c->subject, key);

	if (set == NULL)
		return;
	add(text, size, " (");
	add(text, size, set->origin);
	add(text, size, ")");
}

/* The same; " (in /etc/relais.conf)", where it is to be set. */
static void
add_place_to_set(const struct connection *c, enum config_key key, char *text,
    size_t size)
{
	if (config_find(c->config, &c->subject, key) != NULL) {
		add_place(c, key, text, size);
	} else if (c->config->path != NULL) {
		add(text, size, " (in ");
		add(text, size, c->config->path);
		add(text, size, ")");
	}
}

/* "; words (/etc/relais.conf:7)" */
static void
advise(const struct connection *c, enum config_key key, const char *words,
    char *text, size_t size)
{
	add(text, size, "; ");
	add(text, size, words);
	add_place(c, key, text, size);
}

static bool
has_credentials(const struct connection *c)
{
	return c->options.auth != NULL;
}

/* The sender is of no use to this server. */
static void
advise_from(const struct connection *c, const char *cause, char *text, size_t size)
{
	const char	*mode = config_text(c->config, &c->subject,
			    KEY_FROM_MODE);

	add(text, size, "; ");
	add(text, size, cause);
	if (config_find(c->config, &c->subject, KEY_FROM) == NULL) {
		add(text, size, ": set from to one that it accepts");
		add_place_to_set(c, KEY_FROM, text, size);
		return;
	}
	add(text, size, ": from");
	add_place(c, KEY_FROM, text, size);
	add(text, size, " must be one that it accepts");
	if (strcmp(mode, "always") != 0)
		add(text, size, ", and with from_mode = always it is the "
		    "sender of every message");
}

static void
explain_sender(const struct connection *c, char *text, size_t size)
{
	if (!has_credentials(c)) {
		advise(c, KEY_SMARTHOST, "the server may want a login: set "
		    "user and password_file", text, size);
		return;
	}
	advise_from(c, "the provider may not let you send as this address",
	    text, size);
}

static void
explain_login(const struct connection *c, char *text, size_t size)
{
	add(text, size, "; check user");
	add_place(c, KEY_USER, text, size);
	add(text, size, c->credentials.by_token ? " and the token" :
	    " and password");
	if (c->credentials.origin[0] != '\0') {
		add(text, size, " (");
		add(text, size, c->credentials.origin);
		add(text, size, ")");
	}
}

/*
 * What some servers say, and the key that helps.  A row applies if the reply
 * has its code, its enhanced status code and, in capitals or not, its text,
 * as far as these are given.
 */
static const struct hint {
	int		 code;		/* 0: any */
	const char	*enhanced;	/* NULL: any */
	const char	*text;		/* NULL: any */
	enum config_key	 key;
	const char	*words;		/* the place of the key follows */
} hints[] = {
	/* Microsoft 365 and Exchange: SendAsDenied */
	{ 554, "5.2.252", NULL, KEY_FROM,
	    "this login may not send as this address" },
	{ 550, "5.7.60", NULL, KEY_FROM,
	    "this login may not send as this address" },
	/* Amazon SES */
	{ 554, NULL, "address is not verified", KEY_FROM,
	    "the provider has not verified this address" },
	/* SendGrid */
	{ 550, NULL, "verified sender identity", KEY_FROM,
	    "the provider has not verified this address" },
	/* Postfix */
	{ 0, NULL, "helo command rejected", KEY_HELO,
	    "set helo to the full name of this host" },
	{ 504, NULL, "need fully-qualified hostname", KEY_HELO,
	    "set helo to the full name of this host" },
};

static const struct hint *
hint_for(const struct refusal *f, const char *text)
{
	const struct hint	*end = hints + sizeof(hints) / sizeof(*hints);

	for (const struct hint *h = hints; h < end; h++)
		if ((h->code == 0 || h->code == f->code) &&
		    (h->enhanced == NULL ||
		    strcmp(h->enhanced, f->enhanced) == 0) &&
		    (h->text == NULL || strcasestr(text, h->text) != NULL))
			return h;
	return NULL;
}

static void
give_hint(const struct connection *c, const struct hint *h, char *text,
    size_t size)
{
	if (h->key == KEY_FROM) {
		advise_from(c, h->words, text, size);
		return;
	}
	add(text, size, "; ");
	add(text, size, h->words);
	add_place_to_set(c, h->key, text, size);
}

/*
 * Many servers look at the sender and the login only when the first recipient
 * is named.  A 5.7.x is about who may (RFC 3463 section 3.8).
 */
static void
explain_recipient(const struct connection *c, int code, char *text, size_t size)
{
	bool	policy = strstr(text, " 5.7.") != NULL;

	if (code == 530 || code == 535 || (code == 553 && policy) ||
	    (!has_credentials(c) && (code == 554 || policy)))
		explain_sender(c, text, size);
}

/* A server that waits for a ClientHello is silent, or answers in TLS. */
static void
explain_greeting(const struct connection *c, int code, int status, char *text,
    size_t size)
{
	if (code != 0 || c->options.tls_policy == TLS_IMPLICIT)
		return;
	if (c->at.port == 465 &&
	    (status == EX_TEMPFAIL || status == EX_PROTOCOL))
		advise(c, KEY_SMARTHOST, "port 465 wants TLS at once: use "
		    "submissions://", text, size);
	else if (status == EX_PROTOCOL && strstr(text, "\\003") != NULL)
		advise(c, KEY_SMARTHOST, "that looks like TLS: if this port "
		    "wants TLS at once, use submissions://", text, size);
	else if (status == EX_TEMPFAIL)
		advise(c, KEY_SMARTHOST, "if this port wants TLS at once, use "
		    "submissions://", text, size);
}

/*
 * A server of LMTP knows neither EHLO nor HELO, one of SMTP no LHLO.  501 and
 * 504 are about the name.
 */
static void
explain_hello(const struct connection *c, int code, char *text, size_t size)
{
	if (code == 501 || code == 504) {
		add(text, size, "; set helo to the full name of this host");
		add_place_to_set(c, KEY_HELO, text, size);
	}
	if (code == 500 || code == 502)
		advise(c, KEY_SMARTHOST, c->options.lmtp ? "if it speaks SMTP, "
		    "use smtp:// or submission://" : "if it speaks LMTP, use "
		    "lmtp://", text, size);
}

static void
explain_starttls(const struct connection *c, char *text, size_t size)
{
	if (config_find(c->config, &c->subject, KEY_TLS_PIN) != NULL)
		advise(c, KEY_TLS_PIN, "tls_pin requires TLS", text, size);
	else if (smarthost_is_local(c->smarthost) &&
	    !connect_is_local(c->session.stream.fd))
		advise(c, KEY_SMARTHOST, "TLS is required, for by its address "
		    "this is another machine", text, size);
	else
		advise(c, KEY_SMARTHOST, "if it never does, tls = off sends "
		    "everything in clear", text, size);
}

/* It is the command or the mechanism that does not suit, whoever we are. */
static bool
refuses_mechanism(int code)
{
	return code / 10 == 50 || code == 538;
}

/* Unless a reply refuses us, it is we who went no further. */
static void
explain_auth(const struct connection *c, int code, int status, char *text,
    size_t size)
{
	if (status != EX_NOPERM || refuses_mechanism(code))
		return;
	if (code / 100 == 5)
		explain_login(c, text, size);
	else
		add_place(c, c->options.tls_policy == TLS_OPPORTUNISTIC ?
		    KEY_TLS : KEY_SMARTHOST, text, size);
}

void
advice_add(const struct connection *c, const struct refusal *f, char *text,
    size_t size)
{
	const struct hint	*hint = hint_for(f, text);
	int			 code = f->code, status = f->status;

	if (hint != NULL) {
		give_hint(c, hint, text, size);
		return;
	}
	switch (f->step) {
	case STEP_GREETING:
		explain_greeting(c, code, status, text, size);
		break;
	case STEP_EHLO:
		explain_hello(c, code, text, size);
		break;
	case STEP_STARTTLS:
		if (status == EX_UNAVAILABLE)
			explain_starttls(c, text, size);
		break;
	case STEP_TLS:
		if (status == EX_PROTOCOL &&
		    c->options.tls_policy == TLS_IMPLICIT)
			advise(c, KEY_SMARTHOST, "this port does not want TLS "
			    "at once: for STARTTLS use submission://", text,
			    size);
		break;
	case STEP_AUTH:
		explain_auth(c, code, status, text, size);
		break;
	case STEP_MAIL:
		if (code / 100 == 5 && status != EX_DATAERR)
			explain_sender(c, text, size);
		break;
	case STEP_RCPT:
		explain_recipient(c, code, text, size);
		break;
	case STEP_FINAL:
		if (code == 553 || (code == 550 && strstr(text, "5.7.")))
			explain_sender(c, text, size);
		break;
	case STEP_DATA:
	case STEP_BODY:
	case STEP_RSET:
	case STEP_NOOP:
	case STEP_QUIT:
		break;
	}
}

void
advice_add_connect(const struct connection *c, char *text, size_t size)
{
	add_place(c, KEY_SMARTHOST, text, size);
}
