#include "token/redirect.h"

#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#include "util/hex.h"
#include "util/visible.h"

enum { CODE_MAX = 8192 };

/* Replaces %XX and plus signs; false if the text is invalid or has a NUL. */
static bool
decode(struct buffer *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char	c = text[i] == '+' ? ' ' : text[i];
		int	octet;

		if (c == '%') {
			octet = len - i < 3 ? -1 : hex_read(text + i + 1);
			if (octet <= 0)
				return false;
			c = (char)octet;
			i += 2;
		}
		buffer_add_byte(to, c);
	}
	return true;
}

/*
 * Appends the value of a parameter.  False if it is missing, invalid, or
 * appears more than once (RFC 6749 section 3.1).
 */
static bool
find_value(struct buffer *to, const char *query, size_t len, const char *name)
{
	size_t	n = strlen(name), length;
	bool	found = false;

	for (size_t at = 0; at < len; at += length + 1) {
		const char	*pair = query + at;
		const char	*end = memchr(pair, '&', len - at);

		length = end != NULL ? (size_t)(end - pair) : len - at;
		if (length <= n || memcmp(pair, name, n) != 0 || pair[n] != '=')
			continue;
		if (found || !decode(to, pair + n + 1, length - n - 1))
			return false;
		found = true;
	}
	return found;
}

enum redirect
redirect_read(const char *query, size_t len, const char *state,
    struct buffer *code, struct failure *why)
{
	struct buffer	value = { 0 };
	char		error[128], description[512] = "";
	bool		ours;

	ours = find_value(&value, query, len, "state") &&
	    value.len > 0 && value.len == strlen(state) &&
	    memcmp(value.data, state, value.len) == 0;
	buffer_wipe(&value);
	if (!ours)
		return REDIRECT_FOREIGN;
	if (find_value(&value, query, len, "error") && value.len > 0) {
		visible(error, sizeof(error), value.data, value.len);
		buffer_clear(&value);
		if (find_value(&value, query, len, "error_description") &&
		    value.len > 0)
			visible(description, sizeof(description), value.data,
			    value.len);
		failed(why, EX_NOPERM, "%s%s%s", error,
		    description[0] != '\0' ? ": " : "", description);
		buffer_free(&value);
		return REDIRECT_REFUSED;
	}
	buffer_wipe(&value);
	if (!find_value(code, query, len, "code") || code->len == 0 ||
	    code->len > CODE_MAX) {
		buffer_wipe(code);
		failed(why, EX_PROTOCOL, "the redirect contains no "
		    "authorization code");
		return REDIRECT_REFUSED;
	}
	return REDIRECT_CODE;
}
