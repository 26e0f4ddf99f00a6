#include "mail/dsn.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct { const char *name; unsigned bit; } notices[] = {
	{ "NEVER", NOTIFY_NEVER },
	{ "SUCCESS", NOTIFY_SUCCESS },
	{ "FAILURE", NOTIFY_FAILURE },
	{ "DELAY", NOTIFY_DELAY },
};
enum { NOTICES = sizeof(notices) / sizeof(*notices) };

bool
dsn_parse_notify(unsigned *set, const char *text)
{
	unsigned	all = 0;

	for (;; text++) {
		size_t		n = strcspn(text, ",");
		unsigned	bit = 0;

		for (size_t i = 0; i < NOTICES; i++)
			if (strlen(notices[i].name) == n &&
			    strncasecmp(text, notices[i].name, n) == 0)
				bit = notices[i].bit;
		if (bit == 0)
			return false;
		all |= bit;
		text += n;
		if (*text == '\0')
			break;
	}
	if ((all & NOTIFY_NEVER) && all != NOTIFY_NEVER)
		return false;
	*set = all;
	return true;
}

bool
dsn_parse_return(enum dsn_return *ret, const char *text)
{
	if (strcasecmp(text, "full") == 0)
		*ret = RETURN_FULL;
	else if (strcasecmp(text, "hdrs") == 0)
		*ret = RETURN_HEADERS;
	else
		return false;
	return true;
}

bool
dsn_is_xtext(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text >= 127 || *text == '=')
			return false;
		if (*text == '+' && (!isxdigit((unsigned char)text[1]) ||
		    !isxdigit((unsigned char)text[2])))
			return false;
	}
	return true;
}

bool
dsn_is_envid(const char *text)
{
	if (!dsn_is_xtext(text) || strlen(text) > DSN_ENVID_MAX)
		return false;
	while ((text = strchr(text, '+')) != NULL) {
		unsigned	octet;

		if (sscanf(++text, "%2x", &octet) != 1 || octet < ' ' ||
		    octet >= 127)
			return false;
	}
	return true;
}

bool
dsn_is_orcpt(const char *text)
{
	const char	*semicolon = strchr(text, ';');

	if (semicolon == NULL || semicolon == text ||
	    strlen(text) > DSN_ORCPT_MAX)
		return false;
	for (; text < semicolon; text++)
		if (!isalnum((unsigned char)*text) && *text != '-')
			return false;
	return dsn_is_xtext(semicolon + 1);
}

void
dsn_write_notify(struct buffer *to, unsigned set)
{
	const char	*before = " NOTIFY=";

	for (size_t i = 0; i < NOTICES; i++) {
		if (!(set & notices[i].bit))
			continue;
		buffer_addf(to, "%s%s", before, notices[i].name);
		before = ",";
	}
}
