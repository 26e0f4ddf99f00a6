#include "serve/serve_outcomes.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "util/visible.h"

/* Sent instead of the length of a text that repeats the previous one. */
static const uint16_t	same = UINT16_MAX;

void
serve_outcomes_pack(struct buffer *to, const struct outcome *list, size_t n)
{
	const char	*before = NULL;

	for (size_t i = 0; i < n; i++) {
		struct outcome	o = list[i];

		o.text = NULL;
		o.users = NULL;
		buffer_add(to, &o, sizeof(o));
	}
	for (size_t i = 0; i < n; i++) {
		const char	*text = outcome_text(&list[i]);
		uint16_t	 len = (uint16_t)strlen(text);

		if (text == before) {
			buffer_add(to, &same, sizeof(same));
			continue;
		}
		buffer_add(to, &len, sizeof(len));
		buffer_add(to, text, len);
		before = text;
	}
}

size_t
serve_outcomes_size_max(size_t n)
{
	return n * (sizeof(struct outcome) + sizeof(same) + OUTCOME_TEXT_MAX);
}

static bool
is_flag(const bool *flag)
{
	unsigned char	octet;

	memcpy(&octet, flag, sizeof(octet));
	return octet <= 1;
}

/* Visible ASCII, ended by a NUL. */
static bool
is_word(const char *text, size_t size)
{
	for (size_t i = 0; i < size && text[i] != '\0'; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return memchr(text, '\0', size) != NULL;
}

static bool
is_valid(const struct outcome *o)
{
	return is_flag(&o->in_doubt) && is_flag(&o->not_attempted) &&
	    is_flag(&o->paced) && is_flag(&o->dsn_offered) &&
	    is_flag(&o->delay_reported) &&
	    is_word(o->enhanced, sizeof(o->enhanced)) &&
	    o->enhanced[strspn(o->enhanced, "0123456789.")] == '\0' &&
	    is_word(o->tls.version, sizeof(o->tls.version)) &&
	    is_word(o->tls.group, sizeof(o->tls.group)) &&
	    is_word(o->tls.verified, sizeof(o->tls.verified));
}

/* A line feed in a text would be a line of its own in a reply or a bounce. */
static void
set_text(struct outcome *o, const char *text, size_t len)
{
	char	line[OUTCOME_TEXT_MAX], shown[OUTCOME_TEXT_MAX];

	snprintf(line, sizeof(line), "%.*s", (int)len, text);
	outcome_set_text(o, "%s", visible_more(shown, sizeof(shown), line,
	    ""));
}

bool
serve_outcomes_unpack(struct outcome *list, size_t n, const char *data,
    size_t len)
{
	const char	*end = data + len;
	struct outcome	 o;
	uint16_t	 size;

	if (len < n * sizeof(o))
		return false;
	for (size_t i = 0; i < n; i++, data += sizeof(o)) {
		memcpy(&o, data, sizeof(o));
		if (!is_valid(&o))
			return false;
		o.text = NULL;
		o.users = NULL;
		outcome_set(&list[i], &o);
	}
	for (size_t i = 0; i < n; i++) {
		if ((size_t)(end - data) < sizeof(size))
			return false;
		memcpy(&size, data, sizeof(size));
		data += sizeof(size);
		if (size == same) {
			if (i == 0)
				return false;
			outcome_share_text(&list[i], &list[i - 1]);
			continue;
		}
		if (size > end - data)
			return false;
		set_text(&list[i], data, size);
		data += size;
	}
	return data == end;
}
