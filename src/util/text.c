#include "util/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "util/octets.h"

enum { HOST_NAME_MAX_LEN = 255 };

const char *
text_next_word(const char **list, size_t *len)
{
	const char	*word = *list + strspn(*list, " \t");

	*len = strcspn(word, " \t");
	*list = word + *len;
	return *len > 0 ? word : NULL;
}

bool
text_has_word(const char *list, const char *word, size_t len)
{
	const char	*known;
	size_t		 n;

	while ((known = text_next_word(&list, &n)) != NULL)
		if (n == len && strncasecmp(known, word, n) == 0)
			return true;
	return false;
}

bool
text_is_ascii(const char *text, size_t len)
{
	uint64_t	seen = 0;

	for (; len >= 8; text += 8, len -= 8)
		seen |= octets_load(text);
	for (; len > 0; text++, len--)
		seen |= (unsigned char)*text;
	return (seen & OCTETS_HIGH) == 0;
}

bool
text_is_utf8(const char *text, size_t len)
{
	while (len > 0) {
		uint32_t	c;
		size_t		n = len >= 8 && text_is_ascii(text, 8) ? 8 :
				    text_decode_utf8(text, len, &c);

		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

/*
 * The forms of a first octet by the number of octets that follow it: how to
 * recognize the octet, its bits of the character, and the least character
 * that needs that many octets.
 */
static const struct {
	unsigned char	mask, lead, bits;
	uint32_t	least;
} forms[] = {
	{ 0x80, 0x00, 0x7f, 0 },
	{ 0xe0, 0xc0, 0x1f, 0x80 },
	{ 0xf0, 0xe0, 0x0f, 0x800 },
	{ 0xf8, 0xf0, 0x07, 0x10000 },
};

size_t
text_decode_utf8(const char *text, size_t len, uint32_t *c)
{
	const unsigned char	*in = (const unsigned char *)text;
	size_t			 n = 0;

	if (len == 0)
		return 0;
	while (n < 4 && (in[0] & forms[n].mask) != forms[n].lead)
		n++;
	if (n >= 4 || n >= len)
		return 0;
	*c = in[0] & forms[n].bits;
	for (size_t i = 1; i <= n; i++) {
		if ((in[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (in[i] & 0x3f);
	}
	if (*c < forms[n].least || (*c >= 0xd800 && *c <= 0xdfff) ||
	    *c > 0x10ffff)
		return 0;
	return n + 1;
}

bool
text_is_host_name(const char *name, size_t len)
{
	if (len == 0 || len > HOST_NAME_MAX_LEN || name[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char	c = (unsigned char)name[i];

		if (c == '.' ? i == 0 || name[i - 1] == '.' :
		    !isalnum(c) && c != '-' && c != '_' && c < 0x80)
			return false;
	}
	return text_is_utf8(name, len);
}

bool
text_is_below(const char *host, const char *domain, size_t len)
{
	size_t	host_len = strlen(host);

	if (host_len > 0 && host[host_len - 1] == '.')
		host_len--;
	return host_len >= len &&
	    strncasecmp(host + host_len - len, domain, len) == 0 &&
	    (host_len == len || host[host_len - len - 1] == '.');
}
