#include "serve/serve_outcomes.h"

#include <stdint.h>
#include <string.h>

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
		outcome_set_text(&list[i], "%.*s", (int)size, data);
		data += size;
	}
	return data == end;
}
