#include "config/smarthost.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <sysexits.h>

#include "util/hex.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

enum {
	LIST_MAX = 32,
	PROXY_USER_MAX = 255,	/* RFC 1929 */
};

/* A part of the URL, not terminated by NUL. */
struct piece {
	const char	*at;
	size_t		 len;
};

static const struct {
	const char		*name;
	enum smarthost_scheme	 scheme;
	uint16_t		 port;
} schemes[] = {
	{ "submissions",	SCHEME_SUBMISSIONS,	465 },
	{ "submission",		SCHEME_SUBMISSION,	587 },
	{ "smtp",		SCHEME_SMTP,		25 },
	{ "lmtp",		SCHEME_LMTP,		24 },
	{ "command",		SCHEME_COMMAND,		0 },
	{ "maildir",		SCHEME_MAILDIR,		0 },
	{ "discard",		SCHEME_DISCARD,		0 },
};

static const struct {
	const char		*name;
	enum smarthost_lookup	 lookup;
} lookups[] = {
	{ "",		LOOKUP_ADDRESS },
	{ "+srv",	LOOKUP_SRV },
	{ "+mx",	LOOKUP_MX },
};

#define COUNT(table)	(sizeof(table) / sizeof((table)[0]))

static bool
piece_is(struct piece p, const char *word)
{
	return p.len == strlen(word) && strncasecmp(p.at, word, p.len) == 0;
}

void
smarthost_write(struct buffer *to, const struct smarthost_url *h)
{
	/* Called for each message: buffer_addf() takes five times as long. */
	buffer_add_text(to, schemes[h->scheme].name);
	buffer_add_text(to, lookups[h->lookup].name);
	if (h->scheme == SCHEME_DISCARD) {
		buffer_add_byte(to, ':');
		return;
	}
	buffer_add_text(to, "://");
	if (h->host == NULL) {
		buffer_add_text(to, h->path);
		return;
	}
	if (strchr(h->host, ':') != NULL)
		buffer_addf(to, "[%s]", h->host);
	else
		buffer_add_text(to, h->host);
	if (h->lookup != LOOKUP_SRV)
		buffer_addf(to, ":%u", h->port);
}

/* Returns the length up to a colon that is not followed by a port. */
static size_t
length_to_port(struct piece url)
{
	const char	*sign = memmem(url.at, url.len, "://", 3);
	const char	*end = url.at + url.len;
	const char	*host = sign != NULL ? sign + 3 : url.at;
	const char	*port;

	if (host == end || *host == '[' || *host == '/' ||
	    (port = memchr(host, ':', (size_t)(end - host))) == NULL)
		return url.len;
	port++;
	for (const char *c = port; c < end; c++)
		if (!isdigit((unsigned char)*c))
			return (size_t)(port - url.at);
	return url.len;
}

/*
 * The text before the @ may contain a password, as may the text after a colon
 * if a blank in the password ended the URL.  These texts are not shown.
 */
static bool
refuse_url(struct failure *why, struct piece url, const char *what)
{
	const char	*at = memrchr(url.at, '@', url.len);
	char		 shown[200];
	size_t		 len;

	if (at != NULL)
		url.len -= (size_t)(at - url.at), url.at = at;
	len = length_to_port(url);
	return failed(why, EX_CONFIG, "\"%s%s%s\": %s", at != NULL ? "..." : "",
	    visible(shown, sizeof(shown), url.at, len),
	    len < url.len ? "..." : "", what);
}

static bool
parse_scheme(struct smarthost_url *h, struct piece name)
{
	const char	*plus = memchr(name.at, '+', name.len);
	size_t		 len = plus != NULL ? (size_t)(plus - name.at)
			    : name.len;
	struct piece	 base = { name.at, len };
	struct piece	 suffix = { name.at + len, name.len - len };
	size_t		 s = 0;
	size_t		 l = 0;

	while (s < COUNT(schemes) && !piece_is(base, schemes[s].name))
		s++;
	while (l < COUNT(lookups) && !piece_is(suffix, lookups[l].name))
		l++;
	if (s == COUNT(schemes) || l == COUNT(lookups))
		return false;
	h->scheme = schemes[s].scheme;
	h->lookup = lookups[l].lookup;
	return true;
}

/* Decodes %XX (RFC 3986 section 2.1); control characters are refused. */
static bool
parse_user(struct smarthost_url *h, struct piece from)
{
	size_t	n = 0;

	h->user = memory_new(from.len + 1, 1);
	for (size_t i = 0; i < from.len; i++) {
		char	c = from.at[i];

		if (c == '%') {
			if (from.len - i < 3 || hex_read(from.at + i + 1) < 0)
				return false;
			c = (char)hex_read(from.at + i + 1);
			i += 2;
		}
		if (iscntrl((unsigned char)c))
			return false;
		h->user[n++] = c;
	}
	return n > 0;
}

/* An IPv6 address, optionally with a zone (RFC 4007 section 11). */
static bool
is_ipv6(struct piece literal)
{
	const char	*zone = memchr(literal.at, '%', literal.len);
	size_t		 len = zone != NULL ? (size_t)(zone - literal.at)
			    : literal.len;
	char		 text[INET6_ADDRSTRLEN];
	struct in6_addr	 address;

	if (len >= sizeof(text))
		return false;
	memcpy(text, literal.at, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1 && (zone == NULL ||
	    text_is_host_name(zone + 1, literal.len - len - 1));
}

static bool
parse_port(struct smarthost_url *h, struct piece port)
{
	unsigned long	n = 0;

	for (size_t i = 0; i < port.len; i++) {
		if (!isdigit((unsigned char)port.at[i]) || n > UINT16_MAX)
			return false;
		n = n * 10 + (unsigned long)(port.at[i] - '0');
	}
	h->port = (uint16_t)n;
	h->port_given = true;
	return n > 0 && n <= UINT16_MAX;
}

/* host, host:port, [address] or [address]:port */
static const char *
parse_host(struct smarthost_url *h, struct piece p)
{
	bool		 literal = p.len > 0 && p.at[0] == '[';
	const char	*end = memchr(p.at, literal ? ']' : ':', p.len);
	const char	*rest = p.at + p.len;
	struct piece	 host = p;

	if (literal) {
		if (end == NULL)
			return "the closing ] of the address is missing";
		host = (struct piece){ p.at + 1, (size_t)(end - p.at) - 1 };
		if (!is_ipv6(host))
			return "expected an IPv6 address between [ and ]";
		end++;
	} else {
		if (end == NULL)
			end = rest;
		host.len = (size_t)(end - p.at);
		if (memrchr(p.at, ':', p.len) > (const void *)end)
			return "an IPv6 address must be enclosed in [ and ]";
		if (host.len == 0)
			return "the host is missing";
		if (!text_is_host_name(host.at, host.len))
			return "invalid host name";
	}
	if (end < rest && (*end != ':' || !parse_port(h,
	    (struct piece){ end + 1, (size_t)(rest - end) - 1 })))
		return "the port must be a number from 1 to 65535";
	h->host = memory_copy_n(host.at, host.len);
	return NULL;
}

/* The path of a program or a Maildir. */
static const char *
parse_path(struct smarthost_url *h, struct piece p)
{
	bool	is_command = h->scheme == SCHEME_COMMAND;

	while (p.len > 0 && p.at[p.len - 1] == '/')
		p.len--;
	if (h->lookup != LOOKUP_ADDRESS || p.len == 0 || p.at[0] != '/')
		return is_command ? "expected command:///path, with the "
		    "absolute path of the program" :
		    "expected maildir:///path, with the absolute path of the "
		    "Maildir";
	h->path = memory_copy_n(p.at, p.len);
	return NULL;
}

/* Parses the part after scheme://; returns an error, or NULL. */
static const char *
parse_authority(struct smarthost_url *h, struct piece p)
{
	const char	*slash = memchr(p.at, '/', p.len);
	const char	*end = slash != NULL ? slash : p.at + p.len;
	const char	*at = memrchr(p.at, '@', (size_t)(end - p.at));
	struct piece	 user = { p.at, at != NULL ? (size_t)(at - p.at) : 0 };
	const char	*host = at != NULL ? at + 1 : p.at;

	if (h->scheme == SCHEME_COMMAND || h->scheme == SCHEME_MAILDIR)
		return parse_path(h, p);
	if (h->scheme == SCHEME_DISCARD)
		return "expected discard: without a host or a path";
	if (slash == p.at && p.len > 1) {
		if (h->lookup != LOOKUP_ADDRESS ||
		    (h->scheme != SCHEME_SMTP && h->scheme != SCHEME_LMTP))
			return "the URL of a Unix socket must be "
			    "smtp:///path or lmtp:///path";
		if (p.len >= sizeof(((struct sockaddr_un *)0)->sun_path))
			return "the path of the Unix socket is too long";
		h->path = memory_copy_n(p.at, p.len);
		return NULL;
	}
	if (slash != NULL && slash + 1 < p.at + p.len)
		return "only a port is allowed after the host";
	if (memchr(user.at, ':', user.len) != NULL)
		return "a URL must not contain a password; use password_file";
	if (at != NULL && !parse_user(h, user))
		return "the user before @ is empty or contains an invalid %XX";
	return parse_host(h, (struct piece){ host, (size_t)(end - host) });
}

static bool
parse_url(struct smarthost_url *h, struct piece url, struct failure *why)
{
	const char	*sign = memmem(url.at, url.len, "://", 3);
	size_t		 skip = sign != NULL ? (size_t)(sign - url.at) + 3 : 0;
	struct piece	 place = { url.at + skip, url.len - skip };
	struct in_addr	 ip4;
	const char	*wrong;

	h->scheme = SCHEME_SUBMISSION;
	if (piece_is(url, "discard:")) {
		h->scheme = SCHEME_DISCARD;
		return true;
	}
	if (sign == NULL && (strncasecmp(url.at, "command:/", 9) == 0 ||
	    strncasecmp(url.at, "maildir:/", 9) == 0))
		return refuse_url(why, url, "the path must follow ://, as in "
		    "command:///path");
	if (url.at[0] == '#')
		return refuse_url(why, url, "a comment must be on a separate "
		    "line");
	if (sign != NULL && !parse_scheme(h,
	    (struct piece){ url.at, skip - 3 }))
		return refuse_url(why, url, "unknown scheme; expected "
		    "submissions://, submission://, smtp:// or lmtp://, "
		    "optionally with +srv or +mx as in smtp+mx://, or "
		    "command:///path, maildir:///path or discard:");
	if ((wrong = parse_authority(h, place)) != NULL)
		return refuse_url(why, url, wrong);
	if (h->lookup != LOOKUP_ADDRESS && (strchr(h->host, ':') != NULL ||
	    inet_pton(AF_INET, h->host, &ip4) == 1))
		return refuse_url(why, url, "+srv and +mx require a host "
		    "name, not an address");
	if (h->lookup == LOOKUP_SRV && h->port_given)
		return refuse_url(why, url, "a port is not allowed with "
		    "+srv, because the SRV records contain the port");
	/* The default scheme depends on the port, or the port on the scheme. */
	for (size_t i = 0; i < COUNT(schemes); i++) {
		if (sign == NULL && h->port_given &&
		    schemes[i].port == h->port)
			h->scheme = schemes[i].scheme;
		if (!h->port_given && h->path == NULL &&
		    schemes[i].scheme == h->scheme)
			h->port = schemes[i].port;
	}
	return true;
}

static const char separators[] = " \t,", blanks[] = " \t";

/* Whether a word is a smarthost that is not a plain name. */
static bool
is_url(struct piece word)
{
	const char		*sign = memmem(word.at, word.len, "://", 3);
	struct smarthost_url	 unused;

	return piece_is(word, "discard:") || (sign != NULL &&
	    parse_scheme(&unused, (struct piece){ word.at,
	    (size_t)(sign - word.at) }));
}

/*
 * The words after the URL of a program, up to one that ends with a comma, are
 * its arguments.  *end is the end of the URL, and is moved after them.
 */
static bool
parse_arguments(struct smarthost_url *h, const char **end, struct failure *why)
{
	const char	*at = *end;
	struct buffer	 command = { 0 };

	buffer_add_text(&command, h->path);
	while (*at != ',') {
		struct piece	word = { at + strspn(at, blanks), 0 };

		word.len = strcspn(word.at, blanks);
		if (word.len == 0)
			break;
		at = word.at + word.len;
		if (word.at[word.len - 1] == ',')
			word.len--, at--;
		if (is_url(word)) {
			buffer_free(&command);
			return refuse_url(why, word, "would be an argument of "
			    "the command before it: end the command with a "
			    "comma and a blank");
		}
		buffer_add_byte(&command, ' ');
		buffer_add(&command, word.at, word.len);
	}
	h->command = buffer_take(&command);
	*end = at;
	return true;
}

static bool
parse_list(struct smarthost_list *list, const char *value,
    struct failure *why)
{
	for (;;) {
		struct piece		 url = { value + strspn(value,
					    separators), 0 };
		struct smarthost_url	*h;

		url.len = strcspn(url.at, separators);
		value = url.at + url.len;
		if (url.len == 0)
			break;
		if (list->n == LIST_MAX)
			return failed(why, EX_CONFIG,
			    "too many smarthosts (at most %d)", LIST_MAX);
		list->host = memory_room(list->host, list->n, &list->cap,
		    sizeof(list->host[0]));
		h = &list->host[list->n++];
		*h = (struct smarthost_url){ .user = NULL };
		if (!parse_url(h, url, why) || (h->scheme == SCHEME_COMMAND &&
		    !parse_arguments(h, &value, why)))
			return false;
	}
	if (list->n == 0)
		return failed(why, EX_CONFIG, "the host is missing");
	return true;
}

bool
smarthost_list_parse(struct smarthost_list *list, const char *value,
    struct failure *why)
{
	*list = (struct smarthost_list){ .n = 0 };
	if (parse_list(list, value, why))
		return true;
	smarthost_list_free(list);
	return false;
}

bool
smarthost_list_has_user(const char *value)
{
	struct smarthost_list	list;
	struct failure		why;
	bool			found = false;

	if (strchr(value, '@') == NULL)
		return false;
	if (!smarthost_list_parse(&list, value, &why))
		return false;
	for (size_t i = 0; i < list.n && !found; i++)
		found = list.host[i].user != NULL;
	smarthost_list_free(&list);
	return found;
}

bool
smarthost_is_server(const struct smarthost_url *h)
{
	return h->scheme <= SCHEME_LMTP;
}

bool
smarthost_is_local(const struct smarthost_url *h)
{
	struct in_addr	ip4;
	struct in6_addr	ip6;

	if (h->path != NULL || !smarthost_is_server(h))
		return true;
	if (h->host == NULL || h->lookup != LOOKUP_ADDRESS)
		return false;
	if (inet_pton(AF_INET, h->host, &ip4) == 1)
		return ntohl(ip4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, h->host, &ip6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&ip6);
	return strcasecmp(h->host, "localhost") == 0 ||
	    strcasecmp(h->host, "localhost.") == 0;
}

/* socks5://[user@]host[:port] */
static bool
parse_proxy(struct smarthost_url *h, const char *value, struct failure *why)
{
	static const char	scheme[] = "socks5://";
	size_t			skip = sizeof(scheme) - 1;
	struct piece		url = { value, strlen(value) };
	struct piece		place;
	const char		*at, *wrong;

	if (text_has_any(value, separators))
		return refuse_url(why, url, "only one proxy can be set");
	if (strncasecmp(value, scheme, skip) != 0)
		return refuse_url(why, url, "expected "
		    "socks5://[user@]host[:port]");
	place = (struct piece){ value + skip, url.len - skip };
	at = memrchr(place.at, '@', place.len);
	if (at != NULL && memchr(place.at, ':', (size_t)(at - place.at)) !=
	    NULL)
		return refuse_url(why, url, "a URL must not contain a "
		    "password; use proxy_password_file");
	if (place.at[0] == '/')
		return refuse_url(why, url, "the host is missing");
	if ((wrong = parse_authority(h, place)) != NULL)
		return refuse_url(why, url, wrong);
	return h->user == NULL || strlen(h->user) <= PROXY_USER_MAX ||
	    refuse_url(why, url, "the user has more than 255 octets");
}

bool
proxy_parse(struct proxy_url *p, const char *value, struct failure *why)
{
	struct smarthost_url	h = { .port = PROXY_PORT };
	bool			good = parse_proxy(&h, value, why);

	*p = (struct proxy_url){ .user = h.user, .host = h.host,
	    .port = h.port };
	if (!good)
		proxy_free(p);
	return good;
}

void
proxy_write(struct buffer *to, const struct proxy_url *p)
{
	buffer_addf(to, strchr(p->host, ':') != NULL ? "[%s]:%u" : "%s:%u",
	    p->host, p->port);
}

void
proxy_free(struct proxy_url *p)
{
	free(p->user);
	free(p->host);
	*p = (struct proxy_url){ .port = 0 };
}

void
smarthost_url_free(struct smarthost_url *h)
{
	free(h->user);
	free(h->host);
	free(h->path);
	free(h->command);
}

void
smarthost_list_free(struct smarthost_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		smarthost_url_free(&list->host[i]);
	free(list->host);
	*list = (struct smarthost_list){ .n = 0 };
}
