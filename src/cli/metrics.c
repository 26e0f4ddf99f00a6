#include "cli/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "util/text.h"
#include "util/visible.h"

static const char *const	units[] = { "seconds", "bytes" };

/* Returns the unit at the end of the name, or NULL. */
static const char *
find_unit(const char *name)
{
	const char	*word = strrchr(name, '_') + 1;

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(word, units[i]) == 0)
			return word;
	return NULL;
}

void
metrics_begin(struct buffer *b, enum metric_type type, const char *name,
    const char *help)
{
	const char	*unit = find_unit(name);

	if (type == METRIC_GAUGE)
		buffer_addf(b, "# TYPE %s gauge\n", name);
	if (unit != NULL)
		buffer_addf(b, "# UNIT %s %s\n", name, unit);
	buffer_addf(b, "# HELP %s %s\n", name, help);
}

static void
add_quoted(struct buffer *b, const char *text)
{
	buffer_add_byte(b, '"');
	while (*text != '\0') {
		uint32_t	c;
		size_t		n = text_decode_utf8(text, strlen(text), &c);

		if (n == 0 || (c != '\n' && !visible_is_safe(c))) {
			buffer_add_text(b, "\xef\xbf\xbd");	/* U+FFFD */
			text += n > 0 ? n : 1;
			continue;
		}
		if (*text == '\\' || *text == '"')
			buffer_add_byte(b, '\\');
		if (*text == '\n')
			buffer_add_text(b, "\\n");
		else
			buffer_add(b, text, n);
		text += n;
	}
	buffer_add_byte(b, '"');
}

void
metrics_add(struct buffer *b, const char *name, const char *label,
    const char *value, int64_t number)
{
	buffer_add_text(b, name);
	if (label != NULL) {
		buffer_addf(b, "{%s=", label);
		add_quoted(b, value);
		buffer_add_byte(b, '}');
	}
	buffer_addf(b, " %" PRId64 "\n", number);
}

void
metrics_end(struct buffer *b)
{
	buffer_add_text(b, "# EOF\n");
}
