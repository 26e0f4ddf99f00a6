/*
 * dma.conf, and auth.conf with lines of the form
 *	user|smarthost:password
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "import/account.h"
#include "import/import.h"
#include "import/keyword.h"
#include "util/memory.h"
#include "util/text.h"

enum {
	SMARTHOST, PORT, ALIASES, AUTHPATH, SECURE, STARTTLS, OPPORTUNISTIC,
	MAILNAME, MASQUERADE, NULLCLIENT, USER, PASSWORD,
	SLOTS
};

static const struct keyword keywords[] = {
	KEYWORD_KEPT("SMARTHOST", SMARTHOST),
	KEYWORD_KEPT("PORT", PORT),
	KEYWORD_KEPT("ALIASES", ALIASES),
	KEYWORD_KEPT("AUTHPATH", AUTHPATH),
	KEYWORD_KEPT("SECURETRANSFER", SECURE),
	KEYWORD_KEPT("SECURETRANS", SECURE),
	KEYWORD_KEPT("STARTTLS", STARTTLS),
	KEYWORD_KEPT("OPPORTUNISTIC_TLS", OPPORTUNISTIC),
	KEYWORD_SAME("CERTFILE", KEY_TLS_CERTIFICATE),
	KEYWORD_KEPT("MAILNAME", MAILNAME),
	KEYWORD_KEPT("MASQUERADE", MASQUERADE),
	KEYWORD_KEPT("NULLCLIENT", NULLCLIENT),
	KEYWORD_NONE("SPOOLDIR", "relais has its own queue; send the messages "
	    "in this directory with dma -q before you remove dma"),
	KEYWORD_NONE("FINGERPRINT", "this is the digest of a certificate, and "
	    "relais pins public keys; see tls_pin in relais.conf(5)"),
	KEYWORD_NONE("DEFER", "relais sends a message at once; sendmail -odq "
	    "queues it"),
	KEYWORD_NONE("FULLBOUNCE", "a bounce contains the header of the "
	    "message"),
	KEYWORD_NONE("DEBUGLOG", "run sendmail -v to see the dialogue"),
	KEYWORD_SAME("INSECURE", CONFIG_KEYS),
	KEYWORD_END,
};

/* A word, blanks, and a value.  A comment begins with # anywhere. */
static void
read_line(struct draft *d, struct kept *kept, char *line, const char *origin)
{
	char	*name;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, " \t");
	name = strsep(&line, " \t");
	if (*name == '\0')
		return;
	if (line == NULL)
		line = name + strlen(name);
	keyword_apply(d, keywords, kept, name, source_trim(line), origin);
}

/*
 * Keeps the login for the smarthost: of several lines, dma uses the last.  A
 * comment in auth.conf begins at the start of a line.
 */
static bool
read_auth(struct import *in, struct kept *kept, struct failure *why)
{
	const char		*own = kept_text(&kept[AUTHPATH], NULL);
	const char		*smarthost = kept_text(&kept[SMARTHOST], "");
	char			*path = in->companion != NULL ?
				    memory_copy(in->companion) :
				    own != NULL ? memory_copy(own) :
				    import_beside(in, "auth.conf");
	struct source		 file;
	enum source_answer	 answer = in->read(&file, path, why);
	char			*line;

	while (answer == SOURCE_READ && (line = source_line(&file)) != NULL) {
		char		*user = strsep(&line, "|");
		char		*host = strsep(&line, ": \t");
		const char	*origin = source_origin(&file);

		if (*user == '#' || *user == '\0')
			continue;
		if (line == NULL)
			draft_note(&in->draft, origin, "expected "
			    "user|smarthost:password");
		else if (strcasecmp(host, smarthost) == 0) {
			kept_set(&kept[USER], user, origin);
			kept_set(&kept[PASSWORD], line, origin);
		}
	}
	source_free(&file);
	free(path);
	return answer == SOURCE_READ ||
	    (answer == SOURCE_MISSING && in->companion == NULL);
}

/* MAILNAME is a name, or the path of a file whose first line is the name. */
static char *
mail_name(struct import *in, const struct kept *k)
{
	struct source	 file = { .path = NULL };
	struct failure	 why;
	const char	*text = kept_text(k, NULL), *line;
	char		*name = NULL;

	if (text == NULL)
		return NULL;
	if (text[0] != '/')
		return memory_copy(text);
	if (in->read(&file, text, &why) != SOURCE_READ)
		draft_note(&in->draft, k->origin, "MAILNAME: %s", why.text);
	else if ((line = source_line(&file)) != NULL && *line != '\0')
		name = memory_copy_n(line, strcspn(line, " \t"));
	else
		draft_note(&in->draft, k->origin, "MAILNAME: %s is empty",
		    text);
	source_free(&file);
	return name;
}

/* The sender is user@, host or user@host, and replaces the one of -f. */
static void
set_masquerade(struct draft *d, const struct kept *k, const char *name)
{
	struct buffer	 from = { 0 };
	const char	*text = kept_text(k, NULL), *at, *host;

	if (text == NULL)
		return;
	at = strrchr(text, '@');
	host = at != NULL ? at + 1 : text;
	if (*host == '\0')
		host = name;
	if (at != NULL && at > text && host != NULL) {
		buffer_addf(&from, "%.*s@%s", (int)(at - text), text, host);
		if (draft_set(d, d->top, KEY_FROM, from.data, k->origin))
			draft_set(d, d->top, KEY_FROM_MODE, "always",
			    k->origin);
		draft_note(d, k->origin, "MASQUERADE: from_mode = always also "
		    "replaces the sender in the header");
		buffer_free(&from);
	} else if (host != NULL && (at == NULL || at == text)) {
		draft_set(d, d->top, KEY_DOMAIN, host, k->origin);
		draft_note(d, k->origin, "MASQUERADE: the domain is added to "
		    "senders without one; relais does not replace the sender "
		    "of -f");
	} else
		draft_note(d, k->origin, "MASQUERADE: the domain is unknown, "
		    "because MAILNAME is not set; set from");
}

static void
set_local_names(struct draft *d, const struct kept *kept)
{
	if (kept[NULLCLIENT].text != NULL)
		draft_set(d, d->top, KEY_ALIASES, "off",
		    kept[NULLCLIENT].origin);
	else {
		if (kept_text(&kept[ALIASES], NULL) != NULL)
			draft_set(d, d->top, KEY_ALIASES, kept[ALIASES].text,
			    kept[ALIASES].origin);
		draft_note(d, kept[SMARTHOST].origin, "dma delivers mail to "
		    "local users without an alias into their mailboxes; "
		    "relais does not: set root to the address of a person");
	}
}

static void
set_account(struct draft *d, const struct kept *kept)
{
	struct account	a = {
		.section = d->top, .unverified = true,
		.host = kept[SMARTHOST].text,
		.port = kept_text(&kept[PORT], "25"),
		.origin = kept[SMARTHOST].origin,
		.tls = ACCOUNT_CLEAR,
		.user = kept[USER].text,
		.user_origin = kept[USER].origin,
		.secret = kept[PASSWORD].text,
		.secret_origin = kept[PASSWORD].origin,
	};

	if (kept[SECURE].text != NULL && kept[STARTTLS].text == NULL)
		a.tls = ACCOUNT_IMPLICIT;
	else if (kept[SECURE].text != NULL)
		a.tls = kept[OPPORTUNISTIC].text != NULL ?
		    ACCOUNT_OPPORTUNISTIC : ACCOUNT_STARTTLS;
	account_set(d, &a);
}

bool
import_dma(struct import *in, struct failure *why)
{
	struct kept	 kept[SLOTS] = { { NULL, NULL } };
	struct draft	*d = &in->draft;
	struct source	 file;
	char		*line, *name;
	bool		 good = in->read(&file, in->main, why) == SOURCE_READ;

	while (good && (line = source_line(&file)) != NULL)
		read_line(d, kept, line, source_origin(&file));
	source_free(&file);
	if (!good || kept_text(&kept[SMARTHOST], NULL) == NULL)
		goto out;
	good = read_auth(in, kept, why);
	set_account(d, kept);
	name = mail_name(in, &kept[MAILNAME]);
	if (name != NULL) {
		draft_set(d, d->top, KEY_HELO, name, kept[MAILNAME].origin);
		draft_set(d, d->top, KEY_DOMAIN, name, kept[MAILNAME].origin);
	}
	set_masquerade(d, &kept[MASQUERADE], name);
	set_local_names(d, kept);
	free(name);
out:
	kept_free(kept, SLOTS);
	return good;
}
