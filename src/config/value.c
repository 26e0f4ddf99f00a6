#include "config/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "config/smarthost.h"
#include "config/token_file.h"
#include "mail/address.h"
#include "mail/domain.h"
#include "smtp/auth.h"
#include "util/base64.h"
#include "util/buffer.h"
#include "util/text.h"
#include "util/visible.h"

enum { SHA256_SIZE = 32 };

/* More than any key requires; products with a unit fit in 64 bits. */
#define NUMBER_MAX	(UINT64_C(1) << 50)

struct unit {
	const char	*name;
	uint64_t	 factor;
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "K", UINT64_C(1) << 10 },
	{ "M", UINT64_C(1) << 20 },
	{ "G", UINT64_C(1) << 30 },
	{ "T", UINT64_C(1) << 40 },
	{ NULL, 0 },
};

static const struct unit durations[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
	{ "w", 7 * 24 * 60 * 60 * 1000 },
	{ NULL, 0 },
};

static const struct unit periods[] = {
	{ "/second", 1000 },
	{ "/minute", 60 * 1000 },
	{ "/hour", 60 * 60 * 1000 },
	{ "/day", 24 * 60 * 60 * 1000 },
	{ NULL, 0 },
};

/* Reads the number at the start of text; returns the rest, or NULL. */
static const char *
read_digits(const char *text, uint64_t *n)
{
	const char	*p = text;

	for (*n = 0; *p >= '0' && *p <= '9'; p++) {
		*n = *n * 10 + (uint64_t)(*p - '0');
		if (*n > NUMBER_MAX)
			return NULL;
	}
	return p > text ? p : NULL;
}

static const struct unit *
unit_find(const struct unit *unit, const char *name)
{
	for (; unit->name != NULL; unit++) {
		if (strcasecmp(unit->name, name) == 0)
			return unit;
	}
	return NULL;
}

static bool
read_with_unit(const char *text, const struct unit *units, uint64_t *n)
{
	const char		*rest = read_digits(text, n);
	const struct unit	*unit;

	if (rest == NULL || (unit = unit_find(units, rest)) == NULL ||
	    *n > NUMBER_MAX / unit->factor)
		return false;
	*n *= unit->factor;
	return true;
}

bool
value_count(const char *text, uint64_t *count)
{
	const char	*rest = read_digits(text, count);

	return rest != NULL && *rest == '\0';
}

bool
value_size(const char *text, uint64_t *octets)
{
	return read_with_unit(text, sizes, octets);
}

bool
value_duration(const char *text, uint64_t *ms)
{
	return read_with_unit(text, durations, ms);
}

bool
value_rate(const char *text, uint64_t *count, uint64_t *ms)
{
	const char		*rest = read_digits(text, count);
	const struct unit	*period;

	if (rest == NULL || *count == 0 ||
	    (period = unit_find(periods, rest)) == NULL)
		return false;
	*ms = period->factor;
	return true;
}

/* Whether the text is one of the words. */
static bool
is_one_of(const char *words, const char *text)
{
	const char	*word;
	size_t		 len;

	while ((word = text_next_word(&words, &len)) != NULL)
		if (strlen(text) == len && memcmp(text, word, len) == 0)
			return true;
	return false;
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 section 4.1.3). */
static bool
is_address_literal(const char *text)
{
	bool		ipv6 = strncasecmp(text, "[IPv6:", 6) == 0;
	const char	*address = text + (ipv6 ? 6 : 1);
	size_t		len = strcspn(address, "]");
	char		copy[INET6_ADDRSTRLEN];
	unsigned char	octets[sizeof(struct in6_addr)];

	if (text[0] != '[' || strcmp(address + len, "]") != 0 ||
	    len >= sizeof(copy))
		return false;
	memcpy(copy, address, len);
	copy[len] = '\0';
	return inet_pton(ipv6 ? AF_INET6 : AF_INET, copy, octets) == 1;
}

static bool
is_ip(const char *text)
{
	unsigned char	address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, address) == 1 ||
	    inet_pton(AF_INET6, text, address) == 1;
}

static bool
is_host(const char *text)
{
	return text_is_host_name(text, strlen(text)) || is_ip(text) ||
	    is_address_literal(text);
}

/*
 * EHLO omits a final dot.  A name that is not ASCII is checked when libidn2
 * converts it.
 */
static bool
is_helo(const char *text)
{
	size_t	len = strlen(text);
	char	name[256];

	if (text[0] == '[')
		return is_address_literal(text);
	if (len == 0 || len >= sizeof(name) || !text_is_ascii(text, len))
		return is_host(text);
	memcpy(name, text, len + 1);
	if (name[len - 1] == '.')
		name[len - 1] = '\0';
	return domain_is_valid(name);
}

/*
 * A local part and a domain that is not a pattern.  A source route is refused,
 * not dropped.
 */
static bool
is_address(const char *text)
{
	struct address	address = { .local = NULL };
	struct failure	why;
	bool		good;

	if (text[0] == '@' ||
	    !address_parse_path(&address, text, strlen(text), &why))
		return false;
	good = address.local[0] != '\0' && address.domain[0] != '\0' &&
	    strchr(address.domain, '*') == NULL;
	address_free(&address);
	return good;
}

/* As *@domain is a value of root, it is probably not a mailbox elsewhere. */
static bool
is_one_address(const char *text)
{
	return strncmp(text, "*@", 2) != 0 && is_address(text);
}

static bool
is_rate(const char *text)
{
	uint64_t	count, ms;

	return value_rate(text, &count, &ms);
}

static bool
are_durations(const char *text)
{
	const char	*word;
	size_t		 len;
	size_t		 n = 0;

	for (; (word = text_next_word(&text, &len)) != NULL; n++) {
		char		copy[24];
		uint64_t	ms;

		if (len >= sizeof(copy))
			return false;
		memcpy(copy, word, len);
		copy[len] = '\0';
		if (!value_duration(copy, &ms) || ms < 1000 ||
		    ms > 24 * 60 * 60 * 1000)
			return false;
	}
	return n > 0 && n <= 16;
}

static size_t
field_name_len(const char *text)
{
	size_t	n = 0;

	while (text[n] > ' ' && text[n] < 127 && text[n] != ':')
		n++;
	return n;
}

static bool
is_field_name(const char *text)
{
	size_t	n = field_name_len(text);

	return n > 0 && n <= 76 && text[n] == '\0';
}

static bool
is_field(const char *text)
{
	size_t	n = field_name_len(text);

	return n > 0 && n <= 76 && text[n] == ':' && text[n + 1] != '\0';
}

/* The digest in base64, with or without the prefix that curl uses. */
static bool
is_pin(const char *text)
{
	static const char	prefix[] = "sha256//";
	struct buffer		octets = { 0 };
	bool			good;

	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	good = base64_decode(&octets, text, strlen(text)) &&
	    octets.len == SHA256_SIZE;
	buffer_free(&octets);
	return good;
}

/* Each version of OpenSSL has other names and marks. */
static bool
are_groups(const char *text)
{
	size_t	n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789-_.:/?*");

	return n > 0 && text[n] == '\0';
}

static bool
is_command(const char *text)
{
	return text[0] == '/' ||
	    memchr(text, '/', strcspn(text, " \t")) == NULL;
}

/* The name of the program is fixed. */
static bool
is_connect_command(const char *text)
{
	size_t	name = strcspn(text, " \t");

	if (!is_command(text) || memchr(text, '%', name) != NULL)
		return false;
	for (const char *c = text; (c = strchr(c, '%')) != NULL; c += 2)
		if (c[1] == '\0' || strchr("hp%", c[1]) == NULL)
			return false;
	return true;
}

static bool
are_mechanisms(const char *text)
{
	const char	*word;
	size_t		 len;
	size_t		 n = 0;

	for (; (word = text_next_word(&text, &len)) != NULL; n++)
		if (!text_has_word(auth_mechanisms(), word, len))
			return false;
	return n > 0;
}

static bool
is_path(const char *text)
{
	return text[0] == '/';
}

/* If a kind has neither function, its values can be any text. */
static const struct {
	bool		(*is_valid)(const char *);
	bool		(*read_number)(const char *, uint64_t *);
	const char	*expected;
} kinds[] = {
	[VALUE_TEXT] = { NULL, NULL, "text" },
	[VALUE_WORD] = { NULL, NULL, NULL },
	[VALUE_COUNT] = { NULL, value_count, "a number" },
	[VALUE_SIZE] = { NULL, value_size,
	    "a size such as 64K, 10M or 1G, or 0" },
	[VALUE_DURATION] = { NULL, value_duration,
	    "a number followed by ms, s, m, h, d or w, such as 15s" },
	[VALUE_DURATIONS] = { are_durations, NULL,
	    "1 to 16 times from 1s to 1d, such as 1m 5m 15m 30m 1h" },
	[VALUE_RATE] = { is_rate, NULL,
	    "a number followed by /second, /minute, /hour or /day, such as "
	    "200/hour" },
	[VALUE_PATH] = { is_path, NULL, "a path that begins with /" },
	[VALUE_PATTERN] = { NULL, NULL,
	    "a path, or a pattern such as /etc/relais.d/*.conf" },
	[VALUE_COMMAND] = { is_command, NULL,
	    "the absolute path of a program, or its name without a /, and "
	    "its arguments" },
	[VALUE_LOGIN] = { token_file_is_name, NULL,
	    "the name of a login with OAuth 2, such as work, or the "
	    "absolute path of its file" },
	[VALUE_CONNECT_COMMAND] = { is_connect_command, NULL,
	    "a program and its arguments, in which %h is the host, %p the port "
	    "and %% a percent sign, such as ssh -W %h:%p jump.example.org" },
	[VALUE_HOST] = { is_host, NULL, "a host name or an address literal" },
	[VALUE_HELO] = { is_helo, NULL,
	    "a domain such as web1.example.org, which consists of letters, "
	    "digits, hyphens and dots, or an address literal such as "
	    "[192.0.2.1] or [IPv6:2001:db8::1]" },
	[VALUE_IP] = { is_ip, NULL, "an IPv4 or IPv6 address" },
	[VALUE_ADDRESS] = { is_one_address, NULL,
	    "one address such as alerts@example.org, without a name or "
	    "comment" },
	[VALUE_ROOT] = { is_address, NULL,
	    "one address such as admin@example.org, without a name or "
	    "comment, or *@ and a domain, such as *@example.org" },
	[VALUE_SMARTHOST] = { NULL, NULL,
	    "URLs such as submission://smtp.example.org" },
	[VALUE_PROXY] = { NULL, NULL,
	    "a URL such as socks5://proxy.example.org:1080" },
	[VALUE_MECHANISMS] = { are_mechanisms, NULL, NULL },
	[VALUE_PIN] = { is_pin, NULL,
	    "the SHA-256 digest of a public key in base64 (44 characters)" },
	[VALUE_GROUPS] = { are_groups, NULL,
	    "names of groups, separated by colons, such as X25519:P-256" },
	[VALUE_FIELD] = { is_field, NULL,
	    "a header field such as X-Origin: web1" },
	[VALUE_FIELD_NAME] = { is_field_name, NULL,
	    "the name of a header field" },
};

/* The value for an error message, truncated if it is long. */
#define SHOWN(text)	visible((char[80]){ 0 }, 80, (text), strlen(text))

void
value_describe(struct buffer *to, const struct value_rule *rule)
{
	const char	*expected = rule->kind == VALUE_MECHANISMS ?
			    auth_mechanisms() : kinds[rule->kind].expected;
	bool		 both = rule->words != NULL && expected != NULL;

	buffer_addf(to, "%s%s%s%s",
	    both || rule->words == NULL ? "" : "one of: ",
	    rule->words != NULL ? rule->words : "", both ? ", or " : "",
	    expected != NULL ? expected : "");
}

static bool
fail_expected(const struct value_rule *rule, const char *text,
    struct failure *why)
{
	struct buffer	form = { 0 };

	value_describe(&form, rule);
	failed(why, EX_CONFIG, "invalid value \"%s\"; expected %s",
	    SHOWN(text), form.data);
	buffer_free(&form);
	return false;
}

bool
value_check(const struct value_rule *rule, const char *text,
    struct failure *why)
{
	struct smarthost_list	list = { 0 };
	struct proxy_url	proxy;
	bool		      (*read_number)(const char *, uint64_t *) =
				    kinds[rule->kind].read_number;
	uint64_t		n, least, most;
	bool			good;

	if (rule->words != NULL && is_one_of(rule->words, text))
		return true;
	if (rule->kind == VALUE_SMARTHOST) {
		good = smarthost_list_parse(&list, text, why);
		smarthost_list_free(&list);
		return good;
	}
	if (rule->kind == VALUE_PROXY) {
		good = proxy_parse(&proxy, text, why);
		proxy_free(&proxy);
		return good;
	}
	if (read_number != NULL)
		good = read_number(text, &n);
	else if (kinds[rule->kind].is_valid != NULL)
		good = kinds[rule->kind].is_valid(text);
	else
		good = rule->kind != VALUE_WORD;
	if (!good)
		return fail_expected(rule, text, why);
	if (read_number == NULL || rule->least == NULL ||
	    (read_number(rule->least, &least) &&
	    read_number(rule->most, &most) && n >= least && n <= most))
		return true;
	return failed(why, EX_CONFIG, "\"%s\" is out of range; expected "
	    "%s to %s", SHOWN(text), rule->least, rule->most);
}
