/*
 * ssmtp.conf, and revaliases with lines of the form
 *	account:address[:mailhub[:port]]
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
	ROOT, MAILHUB, PORT, HOSTNAME, DOMAIN, TLS, STARTTLS, USE_CERT, CERT,
	KEY, USER, PASSWORD, METHOD,
	SLOTS
};

static const struct keyword keywords[] = {
	KEYWORD_KEPT("Root", ROOT),
	KEYWORD_KEPT("MailHub", MAILHUB),
	KEYWORD_KEPT("RemotePort", PORT),
	KEYWORD_KEPT("HostName", HOSTNAME),
	KEYWORD_KEPT("RewriteDomain", DOMAIN),
	KEYWORD_KEPT("UseTLS", TLS),
	KEYWORD_KEPT("UseSTARTTLS", STARTTLS),
	KEYWORD_KEPT("UseTLSCert", USE_CERT),
	KEYWORD_KEPT("TLSCert", CERT),
	KEYWORD_KEPT("TLSKey", KEY),
	KEYWORD_SAME("TLS_CA_File", KEY_TLS_CA),
	KEYWORD_SAME("TLS_CA_Dir", KEY_TLS_CA),
	KEYWORD_KEPT("AuthUser", USER),
	KEYWORD_KEPT("AuthPass", PASSWORD),
	KEYWORD_KEPT("AuthMethod", METHOD),
	KEYWORD_SAME("AddHeader", KEY_HEADER_ADD),
	KEYWORD_NONE("Debug", "run sendmail -v to see the dialogue"),
	KEYWORD_NONE("UseOldAUTH", "relais uses the standard AUTH command"),
	KEYWORD_END,
};

static bool
is_yes(const struct kept *k)
{
	return k->text != NULL && strcasecmp(k->text, "yes") == 0;
}

/* A comment begins with # at the start of the line or after a blank. */
static void
read_line(struct draft *d, struct kept *kept, char *line, const char *origin)
{
	char	*equals, *name, *value;

	for (char *c = line; *c != '\0'; c++)
		if (*c == '#' && (c == line || text_is_blank(c[-1]))) {
			*c = '\0';
			break;
		}
	equals = strchr(line, '=');
	if (equals == NULL)
		return;
	*equals = '\0';
	name = source_trim(line);
	value = source_trim(equals + 1);
	if (strcasecmp(name, "FromLineOverride") == 0) {
		if (strcasecmp(value, "yes") == 0)
			draft_note(d, origin, "%s: relais takes the envelope "
			    "sender from -f or from the user, not from the "
			    "field From", name);
	} else
		keyword_apply(d, keywords, kept, name, value, origin);
}

static enum account_tls
tls_of(const struct kept *kept)
{
	if (is_yes(&kept[STARTTLS]))
		return ACCOUNT_STARTTLS;
	return is_yes(&kept[TLS]) ? ACCOUNT_IMPLICIT : ACCOUNT_CLEAR;
}

/* The server and the login, which are the same for each mailhub. */
static void
set_account(struct import *in, struct section *s, const struct kept *kept,
    const char *mailhub, const char *origin)
{
	char		*copy = memory_copy(mailhub);
	char		*port;
	struct account	 a = {
		.section = s, .origin = origin, .tls = tls_of(kept),
		.unverified = true,
		.user = kept_text(&kept[USER], NULL),
		.user_origin = kept[USER].origin,
		.secret = kept_text(&kept[PASSWORD], NULL),
		.secret_origin = kept[PASSWORD].origin != NULL ?
		    kept[PASSWORD].origin : kept[USER].origin,
		.mechanisms = "LOGIN",
	};

	a.host = account_split_port(copy, &port);
	a.port = port != NULL ? port : kept_text(&kept[PORT], "25");
	if (kept[METHOD].text != NULL &&
	    strcasecmp(kept[METHOD].text, "cram-md5") == 0)
		a.mechanisms = "CRAM-MD5";
	account_set(&in->draft, &a);
	free(copy);
}

static void
set_address(struct draft *d, struct section *s, const char *name,
    const char *domain, const char *origin)
{
	struct buffer	address = { 0 };

	buffer_add_text(&address, name);
	if (strchr(name, '@') == NULL && domain != NULL)
		buffer_addf(&address, "@%s", domain);
	draft_set(d, s, s == d->top ? KEY_ROOT : KEY_FROM, address.data,
	    origin);
	buffer_free(&address);
}

static void
set_names(struct draft *d, const struct kept *kept, const char *domain)
{
	const char	*root = kept_text(&kept[ROOT], NULL);

	if (kept_text(&kept[HOSTNAME], NULL) != NULL)
		draft_set(d, d->top, KEY_HELO, kept[HOSTNAME].text,
		    kept[HOSTNAME].origin);
	if (domain != NULL)
		draft_set(d, d->top, KEY_DOMAIN, domain,
		    kept_text(&kept[DOMAIN], NULL) != NULL ?
		    kept[DOMAIN].origin : kept[HOSTNAME].origin);
	if (root == NULL)
		return;
	set_address(d, d->top, root, domain, kept[ROOT].origin);
	draft_note(d, kept[ROOT].origin, "root: ssmtp sends only mail to "
	    "accounts with IDs below 1000 to this address; relais sends mail "
	    "to every local name without an alias to it");
}

/* revaliases: a user's sender and, perhaps, mailhub. */
static bool
read_revaliases(struct import *in, const struct kept *kept, const char *domain,
    struct failure *why)
{
	char			*path = in->companion != NULL ?
				    memory_copy(in->companion) :
				    import_beside(in, "revaliases");
	struct source		 file;
	enum source_answer	 answer = in->read(&file, path, why);
	char			*line, *end;

	while (answer == SOURCE_READ && (line = source_line(&file)) != NULL) {
		char		*user = strsep(&line, ":");
		char		*address = strsep(&line, ":");
		const char	*origin = source_origin(&file);
		struct section	*s;

		user = source_trim(user);
		if (*user == '#' || *user == '\0')
			continue;
		if (address == NULL ||
		    *(address = source_trim(address)) == '\0') {
			draft_note(&in->draft, origin, "expected account:"
			    "address");
			continue;
		}
		s = draft_section(&in->draft, SECTION_USER, user, origin);
		if (s == NULL)
			continue;
		set_address(&in->draft, s, address, domain, origin);
		if (line == NULL)
			continue;
		end = source_trim(line);
		if (*end != '\0')
			set_account(in, s, kept, end, origin);
	}
	source_free(&file);
	free(path);
	return answer == SOURCE_READ ||
	    (answer == SOURCE_MISSING && in->companion == NULL);
}

bool
import_ssmtp(struct import *in, struct failure *why)
{
	struct kept	 kept[SLOTS] = { { NULL, NULL } };
	struct draft	*d = &in->draft;
	struct source	 file;
	const char	*domain, *at;
	char		*line;
	bool		 good = in->read(&file, in->main, why) == SOURCE_READ;

	while (good && (line = source_line(&file)) != NULL)
		read_line(d, kept, line, source_origin(&file));
	if (kept_text(&kept[MAILHUB], NULL) != NULL)
		set_account(in, d->top, kept, kept[MAILHUB].text,
		    kept[MAILHUB].origin);
	if (is_yes(&kept[USE_CERT]) && kept[CERT].text != NULL)
		draft_set(d, d->top, KEY_TLS_CERTIFICATE, kept[CERT].text,
		    kept[CERT].origin);
	if (is_yes(&kept[USE_CERT]) && kept[KEY].text != NULL &&
	    kept[CERT].text != NULL)
		draft_set(d, d->top, KEY_TLS_KEY, kept[KEY].text,
		    kept[KEY].origin);
	domain = kept_text(&kept[DOMAIN], kept_text(&kept[HOSTNAME], NULL));
	if (domain != NULL && (at = strrchr(domain, '@')) != NULL)
		domain = at + 1;
	set_names(d, kept, domain);
	good = good && read_revaliases(in, kept, domain, why);
	kept_free(kept, SLOTS);
	source_free(&file);
	return good;
}
