#include "setup/table.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/buffer.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/trusted.h"
#include "util/visible.h"

enum { TABLE_LIMIT = 1024 * 1024 };

static bool
begin_section(const struct table_form *form, void *context, char *line,
    struct failure *why)
{
	size_t	len = strlen(line);

	if (len < 3 || line[len - 1] != ']' ||
	    strspn(line + 1, "abcdefghijklmnopqrstuvwxyz0123456789.-") !=
	    len - 2)
		return failed(why, EX_CONFIG, "expected [name] with lower case "
		    "letters, digits, dots and hyphens");
	line[len - 1] = '\0';
	return form->section(context, line + 1, why);
}

static bool
set_value(const struct table_form *form, void *context, char *line,
    struct failure *why)
{
	char	*equals = strchr(line, '='), *end = equals, *value;

	if (equals == NULL)
		return failed(why, EX_CONFIG, "expected key = value");
	while (end > line && text_is_blank(end[-1]))
		end--;
	value = equals + 1 + strspn(equals + 1, " \t");
	if (*value == '\0' || text_is_blank(value[strlen(value) - 1]))
		return failed(why, EX_CONFIG, "the value is empty or ends with "
		    "a blank");
	*end = '\0';
	return form->value(context, line, value, why);
}

bool
table_parse(const struct table_form *form, void *context, const char *path,
    const char *text, size_t len, struct failure *why)
{
	char		*copy = memory_copy_n(text, len);
	char		*rest = copy, *line, shown[1024];
	unsigned	 number = 0;
	bool		 good = strlen(copy) == len, begun = false;

	if (!good)
		failed(why, EX_CONFIG, "%s: contains a NUL character", path);
	while (good && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		if (line[0] == '\0' || line[0] == '#')
			continue;
		begun = begun || line[0] == '[';
		if (strcmp(visible_more(shown, sizeof(shown), line, ""),
		    line) != 0)
			good = failed(why, EX_CONFIG, "the line is too long or "
			    "contains a control character");
		else if (!begun)
			good = failed(why, EX_CONFIG, "a section must begin "
			    "with [name]");
		else
			good = line[0] == '[' ?
			    begin_section(form, context, line, why) :
			    set_value(form, context, line, why);
		if (!good)
			failure_prefix(why, "%s:%u: ", path, number);
	}
	good = good && (form->section(context, NULL, why) ||
	    failure_prefix(why, "%s: ", path));
	free(copy);
	return good;
}

bool
table_read(const struct table_form *form, void *context, const char *path,
    struct failure *why)
{
	struct buffer		text = { 0 };
	struct stat		st;
	enum trusted_answer	answer;
	bool			good;

	answer = trusted_read(&text, path, TABLE_LIMIT, 0, &st, why);
	good = answer == TRUSTED_READ && table_parse(form, context, path,
	    text.data != NULL ? text.data : "", text.len, why);
	if (answer == TRUSTED_MISSING)
		why->status = EX_NOINPUT;
	buffer_free(&text);
	return good;
}

size_t
table_next_word(const char **list, const char **word)
{
	size_t	len;

	if (*list == NULL)
		return 0;
	*word = *list + strspn(*list, " \t");
	len = strcspn(*word, " \t");
	*list = *word + len;
	return len;
}
