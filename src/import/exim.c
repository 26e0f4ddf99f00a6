/*
 * Debian's update-exim4.conf.conf, which consists of shell variables,
 * passwd.client with lines of the form host:user:password, mailname, and
 * email-addresses with lines of the form user: address
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "import/account.h"
#include "import/import.h"
#include "import/keyword.h"
#include "util/memory.h"
#include "util/text.h"

enum {
	TYPE, READHOST, SMARTHOST, HIDE, USER, PASSWORD,
	SLOTS
};

static const struct keyword keywords[] = {
	KEYWORD_KEPT("dc_eximconfig_configtype", TYPE),
	KEYWORD_KEPT("dc_readhost", READHOST),
	KEYWORD_KEPT("dc_smarthost", SMARTHOST),
	KEYWORD_KEPT("dc_hide_mailname", HIDE),
	KEYWORD_SAME("dc_other_hostnames", CONFIG_KEYS),
	KEYWORD_SAME("dc_local_interfaces", CONFIG_KEYS),
	KEYWORD_SAME("dc_relay_*", CONFIG_KEYS),
	KEYWORD_SAME("dc_minimaldns", CONFIG_KEYS),
	KEYWORD_SAME("CFILEMODE", CONFIG_KEYS),
	KEYWORD_SAME("dc_use_split_config", CONFIG_KEYS),
	KEYWORD_SAME("dc_mailname_in_oh", CONFIG_KEYS),
	KEYWORD_SAME("dc_localdelivery", CONFIG_KEYS),
	KEYWORD_END,
};

/* name='value', name="value" or name=value */
static void
read_line(struct draft *d, struct kept *kept, char *line, const char *origin)
{
	char	*value;
	char	 quote;

	line += strspn(line, " \t");
	value = strchr(line, '=');
	if (*line == '#' || value == NULL)
		return;
	*value++ = '\0';
	quote = *value;
	if (quote == '\'' || quote == '"') {
		value++;
		value[strcspn(value, quote == '"' ? "\"" : "'")] = '\0';
	} else
		value[strcspn(value, " \t#;")] = '\0';
	keyword_apply(d, keywords, kept, line, value, origin);
}

/* A key of passwd.client: a host, "*" with an end of a host, or "*". */
static bool
key_matches(const char *key, const char *host)
{
	size_t	end = strlen(key), len = strlen(host);

	if (key[0] != '*')
		return strcasecmp(key, host) == 0;
	return len >= end - 1 &&
	    strcasecmp(key + 1, host + len - (end - 1)) == 0;
}

/*
 * Keeps the login for the host.  Exim looks up the name from the reverse DNS,
 * which is not known here; a single line is therefore used for any host.
 */
static bool
read_passwords(struct import *in, struct kept *kept, const char *host,
    struct failure *why)
{
	char			*path = in->companion != NULL ?
				    memory_copy(in->companion) :
				    import_beside(in, "passwd.client");
	struct source		 file;
	enum source_answer	 answer = in->read(&file, path, why);
	bool			 matched = false;
	unsigned		 others = 0;
	char			*line, *key, *user;

	while (answer == SOURCE_READ && !matched &&
	    (line = source_line(&file)) != NULL) {
		const char	*origin = source_origin(&file);

		if (*line == '#' || line[strspn(line, " \t")] == '\0')
			continue;
		key = strsep(&line, ": \t");
		if (line != NULL)
			line = source_trim(line);
		user = strsep(&line, ":");
		if (user == NULL || line == NULL) {
			draft_note(&in->draft, origin, "expected host:user:"
			    "password");
			continue;
		}
		if (*key == '^') {
			draft_note(&in->draft, origin, "a regular expression "
			    "is not supported; set user and password_file if "
			    "it matches the server");
			continue;
		}
		matched = key_matches(key, host);
		if (matched || others++ == 0) {
			kept_set(&kept[USER], user, origin);
			kept_set(&kept[PASSWORD], line, origin);
		}
	}
	if (!matched && others == 1)
		draft_note(&in->draft, kept[USER].origin, "the login is for a "
		    "server with another name; Exim uses it only if that is "
		    "the name of %.255s in the DNS", host);
	else if (!matched)
		kept_free(&kept[USER], 2);
	source_free(&file);
	free(path);
	return answer == SOURCE_READ ||
	    (answer == SOURCE_MISSING && in->companion == NULL);
}

/*
 * Splits the next "host::port" from a list that is separated by semicolons; in
 * an IPv6 address, each colon is doubled.
 */
static char *
next_host(char **list, char **port)
{
	char	*item = strsep(list, ";");
	char	*to, *last = NULL;
	unsigned n = 0;

	item += strspn(item, " \t");
	item[strcspn(item, " \t")] = '\0';
	to = item;
	for (char *from = item; *from != '\0'; from++) {
		if (*from == ':' && from[1] == ':')
			from++;
		if (*from == ':') {
			last = to;
			n++;
		}
		*to++ = *from;
	}
	*to = '\0';
	*port = NULL;
	if (item[0] == '[' || n == 1)
		return account_split_port(item, port);
	/* Seven colons are an address; an eighth precedes a port. */
	if (n == 8) {
		*last = '\0';
		*port = last + 1;
	}
	return item;
}

/* Adds a further server, unless it is not valid. */
static void
add_server(struct draft *d, const struct account *a)
{
	struct buffer	urls = { 0 };

	buffer_addf(&urls, "%s ", d->top->setting[KEY_SMARTHOST]->value);
	account_url(&urls, a);
	draft_set(d, d->top, KEY_SMARTHOST, urls.data, a->origin);
	buffer_free(&urls);
}

static bool
set_servers(struct import *in, struct kept *kept, struct failure *why)
{
	struct draft	*d = &in->draft;
	char		*copy = memory_copy(kept[SMARTHOST].text);
	char		*list = copy, *port, *host;
	struct account	 a = {
		.section = d->top, .origin = kept[SMARTHOST].origin,
	};
	bool		 good = true;

	while (good && list != NULL) {
		host = next_host(&list, &port);
		if (*host == '\0')
			continue;
		a.host = host;
		a.port = port != NULL ? port : "25";
		/* Exim's transport begins TLS at once only if it is told to. */
		a.tls = strcmp(a.port, "465") == 0 ? ACCOUNT_IMPLICIT :
		    ACCOUNT_OPPORTUNISTIC;
		if (d->top->setting[KEY_SMARTHOST] != NULL) {
			add_server(d, &a);
			continue;
		}
		good = read_passwords(in, kept, host, why);
		a.user = kept_text(&kept[USER], NULL);
		a.user_origin = a.secret_origin = kept[USER].origin;
		a.secret = kept_text(&kept[PASSWORD], NULL);
		if (good)
			account_set(d, &a);
	}
	free(copy);
	return good;
}

/* Reads the file in the directory above, as in /etc/exim4/../mailname. */
static enum source_answer
read_above(struct import *in, struct source *file, const char *name)
{
	struct buffer		 relative = { 0 };
	struct failure		 why;
	enum source_answer	 answer;
	char			*path;

	buffer_addf(&relative, "../%s", name);
	path = import_beside(in, relative.data);
	answer = in->read(file, path, &why);
	if (answer == SOURCE_FAILED)
		draft_note(&in->draft, path, "%s", why.text);
	free(path);
	buffer_free(&relative);
	return answer;
}

/* Exim replaces a user in the sender with the address in this file. */
static void
read_addresses(struct import *in)
{
	struct source	 file;
	char		*line, *user;

	if (read_above(in, &file, "email-addresses") == SOURCE_READ)
		while ((line = source_line(&file)) != NULL) {
			struct section	*s;

			if (*line == '#')
				continue;
			user = strsep(&line, ": \t");
			if (*user == '\0' || line == NULL)
				continue;
			line += strspn(line, ": \t");
			line[strcspn(line, " \t")] = '\0';
			s = strchr(user, '@') == NULL ? draft_section(
			    &in->draft, SECTION_USER, user,
			    source_origin(&file)) : NULL;
			if (s != NULL)
				draft_set(&in->draft, s, KEY_FROM, line,
				    source_origin(&file));
			else
				draft_note(&in->draft, source_origin(&file),
				    "this sender cannot be carried over; set "
				    "from in a section");
		}
	source_free(&file);
}

static void
set_domain(struct import *in, const struct kept *kept, bool satellite)
{
	struct draft	*d = &in->draft;
	struct source	 file = { .path = NULL };
	char		*line;

	if (kept_text(&kept[READHOST], NULL) != NULL && (satellite ||
	    strcasecmp(kept_text(&kept[HIDE], ""), "true") == 0))
		draft_set(d, d->top, KEY_DOMAIN, kept[READHOST].text,
		    kept[READHOST].origin);
	else if (read_above(in, &file, "mailname") == SOURCE_READ &&
	    (line = source_line(&file)) != NULL) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t")] = '\0';
		if (*line != '\0')
			draft_set(d, d->top, KEY_DOMAIN, line,
			    source_origin(&file));
	}
	source_free(&file);
	if (!satellite)
		draft_note(d, kept[TYPE].origin, "Exim delivers mail to local "
		    "users without an alias into their mailboxes; relais does "
		    "not: set root to the address of a person");
}

bool
import_exim(struct import *in, struct failure *why)
{
	struct kept	 kept[SLOTS] = { { NULL, NULL } };
	struct source	 file;
	const char	*type;
	char		*line;
	bool		 good = in->read(&file, in->main, why) == SOURCE_READ;

	while (good && (line = source_line(&file)) != NULL)
		read_line(&in->draft, kept, line, source_origin(&file));
	source_free(&file);
	type = kept_text(&kept[TYPE], "");
	if (good && strcmp(type, "smarthost") != 0 &&
	    strcmp(type, "satellite") != 0)
		good = failed(why, EX_CONFIG, "%s: Exim is not configured to "
		    "use a smarthost (dc_eximconfig_configtype is %.40s), and "
		    "relais requires one", kept[TYPE].origin != NULL ?
		    kept[TYPE].origin : in->main, *type != '\0' ? type :
		    "not set");
	if (good && kept_text(&kept[SMARTHOST], NULL) != NULL)
		good = set_servers(in, kept, why);
	if (good) {
		set_domain(in, kept, strcmp(type, "satellite") == 0);
		read_addresses(in);
	}
	kept_free(kept, SLOTS);
	return good;
}
