#include "cli/items.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "util/json.h"

/* Begins a value in the JSON. */
static void
begin(struct items *t, const char *name)
{
	if (t->follows)
		buffer_add_byte(&t->out, ',');
	t->follows = true;
	if (name == NULL)
		return;
	json_string(&t->out, name);
	buffer_add_byte(&t->out, ':');
}

void
items_open(struct items *t, const char *name, char bracket)
{
	if (!t->json)
		return;
	begin(t, name);
	buffer_add_byte(&t->out, bracket);
	t->follows = false;
}

void
items_close(struct items *t, char bracket)
{
	if (!t->json)
		return;
	buffer_add_byte(&t->out, bracket);
	t->follows = true;
}

void
items_string(struct items *t, const char *name, const char *value)
{
	if (!t->json)
		return;
	begin(t, name);
	if (value != NULL)
		json_string(&t->out, value);
	else
		buffer_add_text(&t->out, "null");
}

void
items_number(struct items *t, const char *name, int value)
{
	if (!t->json)
		return;
	begin(t, name);
	buffer_addf(&t->out, "%d", value);
}

void
items_line(struct items *t, const char *label, const char *text)
{
	if (!t->json)
		buffer_addf(&t->out, "  %-10s %s\n", label, text);
}

void
items_add(struct items *t, const char *name, const char *label,
    const char *value, const char *origin)
{
	if (!t->json) {
		buffer_addf(&t->out, "  %-10s %s (%s)\n", label, value, origin);
		return;
	}
	items_open(t, name, '{');
	items_string(t, "value", value);
	items_string(t, "origin", origin);
	items_close(t, '}');
}

void
items_print(struct items *t)
{
	char	*text = t->out.data, *line;

	if (t->json)	/* json_string() has escaped control characters */
		printf("%s\n", text);
	while (!t->json && (line = strsep(&text, "\n")) != NULL) {
		output_text(line);
		if (text != NULL)
			putchar('\n');
	}
	buffer_free(&t->out);
}
