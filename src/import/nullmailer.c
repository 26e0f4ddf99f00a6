/*
 * The directory of nullmailer, which has a file for each setting, and the file
 * remotes with lines of the form
 *	host [protocol [option ...]]
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
	ME, HELO, DEFAULT_HOST, DEFAULT_DOMAIN, ADMIN, FROM, LIFETIME,
	SLOTS
};

/* The files other than remotes. */
static const struct keyword files[] = {
	KEYWORD_KEPT("me", ME),
	KEYWORD_KEPT("helohost", HELO),
	KEYWORD_KEPT("defaulthost", DEFAULT_HOST),
	KEYWORD_KEPT("defaultdomain", DEFAULT_DOMAIN),
	KEYWORD_KEPT("adminaddr", ADMIN),
	KEYWORD_KEPT("allmailfrom", FROM),
	KEYWORD_KEPT("queuelifetime", LIFETIME),
	KEYWORD_NONE("idhost", "the Message-ID contains the domain"),
	KEYWORD_NONE("pausetime", "relais has its own schedule; see "
	    "queue_retry in relais.conf(5)"),
	KEYWORD_NONE("maxpause", "relais has its own schedule; see "
	    "queue_retry in relais.conf(5)"),
	KEYWORD_NONE("sendtimeout", "see timeout in relais.conf(5)"),
	KEYWORD_NONE("doublebounceto", "relais keeps a bounce that cannot be "
	    "delivered in the queue directory failed"),
	KEYWORD_NONE("bouncefrom", "a bounce has the null sender; see "
	    "null_sender in relais.conf(5)"),
	KEYWORD_NONE("bounceto", "a bounce goes to the sender of the message"),
	KEYWORD_END,
};

enum {
	O_PORT, O_USER, O_PASS, O_SOURCE, O_LOGIN, O_TLS, O_STARTTLS,
	O_CERT, O_KEY, O_CA, O_INSECURE,
	OPTIONS
};

static const struct keyword options[] = {
	KEYWORD_KEPT("port", O_PORT),
	KEYWORD_KEPT("user", O_USER),
	KEYWORD_KEPT("pass", O_PASS),
	KEYWORD_KEPT("source", O_SOURCE),
	KEYWORD_KEPT("auth-login", O_LOGIN),
	KEYWORD_KEPT("tls", O_TLS),
	KEYWORD_KEPT("ssl", O_TLS),
	KEYWORD_KEPT("starttls", O_STARTTLS),
	KEYWORD_KEPT("x509certfile", O_CERT),
	KEYWORD_KEPT("x509keyfile", O_KEY),
	KEYWORD_KEPT("x509cafile", O_CA),
	KEYWORD_KEPT("insecure", O_INSECURE),
	KEYWORD_NONE("x509crlfile", "revocation lists are not supported"),
	KEYWORD_NONE("x509fmtder", "the files must be in PEM format"),
	KEYWORD_NONE("tls-anon-auth", "TLS without a certificate is not "
	    "supported"),
	KEYWORD_END,
};

/*
 * Removes the next word from the line, and its quotation marks and backslashes
 * as a shell does.  Returns NULL at the end of the line.
 */
static char *
next_word(char **line)
{
	char	*from = *line + strspn(*line, " \t");
	char	*word = from, *to = from;
	char	 quote = '\0';

	if (*from == '\0')
		return NULL;
	for (; *from != '\0' && (quote != '\0' || !text_is_blank(*from));
	    from++) {
		if (quote == '\0' && (*from == '"' || *from == '\''))
			quote = *from;
		else if (*from == quote)
			quote = '\0';
		else {
			if (*from == '\\' && quote != '\'' && from[1] != '\0')
				from++;
			*to++ = *from;
		}
	}
	*line = *from != '\0' ? from + 1 : from;
	*to = '\0';
	return word;
}

/* The prefix -- is optional, and a value follows "=" or, after --, a blank. */
static void
read_options(struct draft *d, struct kept *kept, char *line,
    const char *origin)
{
	static const char	with_value[][13] = {
		"port", "user", "pass", "source", "x509certfile",
		"x509keyfile", "x509cafile", "x509crlfile", "p",
	};
	char			*word, *value;

	while ((word = next_word(&line)) != NULL) {
		bool	dashes = *word == '-';

		word += strspn(word, "-");
		value = strchr(word, '=');
		if (value != NULL)
			*value++ = '\0';
		for (size_t i = 0; dashes && value == NULL &&
		    i < sizeof(with_value) / sizeof(*with_value); i++)
			if (strcmp(word, with_value[i]) == 0)
				value = next_word(&line);
		keyword_apply(d, options, kept, strcmp(word, "p") == 0 ?
		    "port" : word, value != NULL ? value : "", origin);
	}
}

static struct account
account_of(struct draft *d, const char *host, const struct kept *kept,
    const char *origin)
{
	struct account	a = {
		.section = d->top, .host = host, .origin = origin,
		.port = kept_text(&kept[O_PORT], NULL),
		.tls = kept[O_STARTTLS].text != NULL ? ACCOUNT_STARTTLS :
		    kept[O_TLS].text != NULL ? ACCOUNT_IMPLICIT :
		    ACCOUNT_CLEAR,
		.unverified = kept[O_INSECURE].text != NULL,
		.user = kept_text(&kept[O_USER], NULL),
		.user_origin = kept[O_USER].origin,
		.secret = kept_text(&kept[O_PASS], NULL),
		.secret_origin = kept[O_PASS].origin != NULL ?
		    kept[O_PASS].origin : kept[O_USER].origin,
		.mechanisms = kept[O_LOGIN].text != NULL ? "LOGIN" : NULL,
	};

	return a;
}

/* A further server for the same mail, with the same login and TLS. */
static void
add_server(struct draft *d, const struct account *a, bool same)
{
	const struct setting	*first = d->top->setting[KEY_SMARTHOST];
	struct buffer		 urls = { 0 };
	char			*origin;

	if (!same) {
		draft_note(d, a->origin, "%.255s: a further server with other "
		    "credentials or other TLS settings; relais uses one login "
		    "for all servers of the key smarthost", a->host);
		return;
	}
	buffer_add_text(&urls, first->value);
	buffer_add_byte(&urls, ' ');
	account_url(&urls, a);
	origin = memory_copy(first->origin);
	draft_set(d, d->top, KEY_SMARTHOST, urls.data, origin);
	free(origin);
	buffer_free(&urls);
}

static void
set_first(struct draft *d, const struct account *a, const struct kept *kept)
{
	static const struct {
		int		option;
		enum config_key	key;
	} same[] = {
		{ O_CA, KEY_TLS_CA },
		{ O_CERT, KEY_TLS_CERTIFICATE },
		{ O_SOURCE, KEY_SOURCE_ADDRESS },
	};

	if (!account_set(d, a))
		return;
	if (kept[O_LOGIN].text != NULL && a->user != NULL)
		draft_set(d, d->top, KEY_AUTH, "LOGIN",
		    kept[O_LOGIN].origin);
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (kept_text(&kept[same[i].option], NULL) != NULL)
			draft_set(d, d->top, same[i].key,
			    kept[same[i].option].text, a->origin);
	if (d->top->setting[KEY_TLS_CERTIFICATE] != NULL &&
	    kept_text(&kept[O_KEY], NULL) != NULL)
		draft_set(d, d->top, KEY_TLS_KEY, kept[O_KEY].text,
		    a->origin);
}

static bool
is_same_login(const struct kept *a, const struct kept *b)
{
	for (int i = O_USER; i < OPTIONS; i++)
		if ((a[i].text == NULL) != (b[i].text == NULL) ||
		    strcmp(kept_text(&a[i], ""), kept_text(&b[i], "")) != 0)
			return false;
	return true;
}

static bool
read_remotes(struct import *in, const char *path, struct failure *why)
{
	struct kept	 first[OPTIONS] = { { NULL, NULL } };
	struct kept	 other[OPTIONS] = { { NULL, NULL } };
	struct draft	*d = &in->draft;
	struct source	 file;
	struct account	 a;
	char		*line, *host, *protocol, *origin;
	bool		 good = in->read(&file, path, why) == SOURCE_READ;

	while (good && (line = source_line(&file)) != NULL) {
		bool		 found = d->top->setting[KEY_SMARTHOST] != NULL;
		struct kept	*kept = found ? other : first;

		line += strspn(line, " \t");
		if (*line == '#' || (host = next_word(&line)) == NULL)
			continue;
		protocol = next_word(&line);
		origin = memory_copy(source_origin(&file));
		kept_free(kept, OPTIONS);
		if (protocol != NULL && strcmp(protocol, "smtp") != 0)
			draft_note(d, origin, "the protocol %.64s is not "
			    "supported", protocol);
		else {
			read_options(d, kept, line, origin);
			a = account_of(d, host, kept, origin);
			if (found)
				add_server(d, &a, is_same_login(first, other));
			else
				set_first(d, &a, kept);
		}
		free(origin);
	}
	kept_free(first, OPTIONS);
	kept_free(other, OPTIONS);
	source_free(&file);
	return good;
}

/* The first line of a file is the value.  A missing file has none. */
static bool
read_files(struct import *in, const char *directory, struct kept *kept,
    struct failure *why)
{
	enum source_answer	answer = SOURCE_MISSING;

	for (const struct keyword *k = files; k->name[0] != '\0' &&
	    answer != SOURCE_FAILED; k++) {
		struct buffer	 path = { 0 };
		struct source	 file;
		char		*line;

		buffer_addf(&path, "%s/%s", directory, k->name);
		answer = in->read(&file, path.data, why);
		if (answer == SOURCE_MISSING && k->slot == ME) {
			/* Debian uses the name of the machine. */
			source_free(&file);
			buffer_clear(&path);
			buffer_addf(&path, "%s/../mailname", directory);
			answer = in->read(&file, path.data, why);
		}
		line = answer == SOURCE_READ ? source_line(&file) : NULL;
		if (line != NULL) {
			line = source_trim(line);
			if (*line != '\0')
				keyword_apply(&in->draft, files, kept, k->name,
				    line, source_origin(&file));
		}
		source_free(&file);
		buffer_free(&path);
	}
	return answer != SOURCE_FAILED;
}

/* A host name without a dot gets the default domain. */
static void
set_domain(struct draft *d, const struct kept *kept)
{
	const struct kept	*host = kept_text(&kept[DEFAULT_HOST], NULL) !=
				    NULL ? &kept[DEFAULT_HOST] : &kept[ME];
	const struct kept	*helo = kept_text(&kept[HELO], NULL) != NULL ?
				    &kept[HELO] : &kept[ME];
	struct buffer		 domain = { 0 };

	if (host->text != NULL) {
		buffer_add_text(&domain, host->text);
		if (strchr(host->text, '.') == NULL &&
		    kept_text(&kept[DEFAULT_DOMAIN], NULL) != NULL)
			buffer_addf(&domain, ".%s",
			    kept[DEFAULT_DOMAIN].text);
		draft_set(d, d->top, KEY_DOMAIN, domain.data, host->origin);
		buffer_free(&domain);
	}
	if (helo->text != NULL)
		draft_set(d, d->top, KEY_HELO, helo->text, helo->origin);
}

/*
 * adminaddr is for names at localhost and at this machine.  A name without a
 * domain is not such a name if the default host is another one.
 */
static void
note_other_names(struct draft *d, const struct kept *kept)
{
	const char		*host = kept_text(&kept[DEFAULT_HOST], NULL);
	const struct setting	*domain = d->top->setting[KEY_DOMAIN];

	if (host == NULL || domain == NULL ||
	    strcasecmp(host, "localhost") == 0 ||
	    strcasecmp(host, kept_text(&kept[ME], "")) == 0)
		return;
	draft_note(d, kept[DEFAULT_HOST].origin, "defaulthost: nullmailer "
	    "sends mail for a name without a domain to this name at %s, not "
	    "to adminaddr; for the same result, set root = *@%s",
	    domain->value, domain->value);
}

static void
set_addresses(struct draft *d, const struct kept *kept)
{
	const struct kept	*admin = &kept[ADMIN];
	char			*end;

	draft_set(d, d->top, KEY_ALIASES, "off", "nullmailer uses no aliases");
	if (admin->text != NULL && (end = strchr(admin->text, ',')) != NULL) {
		draft_note(d, admin->origin, "adminaddr: root can be only one "
		    "address; for several, set aliases to a file with the line "
		    "default: %.500s", admin->text);
		*end = '\0';
	}
	if (admin->text != NULL && draft_set(d, d->top, KEY_ROOT, admin->text,
	    admin->origin))
		note_other_names(d, kept);
	if (kept[FROM].text != NULL && draft_set(d, d->top, KEY_FROM,
	    kept[FROM].text, kept[FROM].origin)) {
		draft_set(d, d->top, KEY_FROM_MODE, "always",
		    kept[FROM].origin);
		draft_note(d, kept[FROM].origin, "allmailfrom: from_mode = "
		    "always also replaces the sender in the header");
	}
	if (kept[LIFETIME].text != NULL) {
		struct buffer	seconds = { 0 };

		buffer_addf(&seconds, "%ss", kept[LIFETIME].text);
		draft_set(d, d->top, KEY_QUEUE_LIFETIME, seconds.data,
		    kept[LIFETIME].origin);
		buffer_free(&seconds);
	}
}

bool
import_nullmailer(struct import *in, struct failure *why)
{
	struct kept	 kept[SLOTS] = { { NULL, NULL } };
	struct buffer	 directory = { 0 }, remotes = { 0 };
	size_t		 len = strlen(in->main);
	bool		 good;

	/* The argument may also be the file remotes. */
	if (len >= 7 && strcmp(in->main + len - 7, "remotes") == 0 &&
	    (len == 7 || in->main[len - 8] == '/'))
		len -= 7;
	while (len > 1 && in->main[len - 1] == '/')
		len--;
	buffer_add(&directory, len > 0 ? in->main : ".", len > 0 ? len : 1);
	buffer_addf(&remotes, "%s/remotes", directory.data);
	good = read_remotes(in, remotes.data, why) &&
	    read_files(in, directory.data, kept, why);
	if (good) {
		set_domain(&in->draft, kept);
		set_addresses(&in->draft, kept);
	}
	kept_free(kept, SLOTS);
	buffer_free(&remotes);
	buffer_free(&directory);
	return good;
}
