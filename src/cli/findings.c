#include "cli/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/buffer.h"
#include "util/memory.h"
#include "util/visible.h"

enum {
	INDENT = 21,		/* the columns of stage and verdict */
	COLUMNS_MIN = INDENT + 30,	/* a narrower terminal wraps itself */
};

static const struct {
	char	name[12];
	char	colour[8];	/* the parameters of SGR */
} verdicts[CHECK_VERDICTS] = {
	[CHECK_OK] = { "OK", "32" },
	[CHECK_WARNING] = { "warning", "33" },
	[CHECK_FAIL] = { "FAIL", "1;31" },
	[CHECK_SKIPPED] = { "not checked", "36" },
};

void
findings_begin(struct findings *f)
{
	const char	*no = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize	 size;

	f->colour = false;
	f->columns = 0;
	if (!isatty(STDOUT_FILENO))
		return;
	f->colour = (no == NULL || no[0] == '\0') && term != NULL &&
	    term[0] != '\0' && strcmp(term, "dumb") != 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_col >= COLUMNS_MIN)
		f->columns = size.ws_col;
}

/*
 * The octets up to the next space.  A quoted text is one word, and so is a
 * command at the end of the text, which follows "run: ".
 */
static size_t
word_len(const char *text)
{
	size_t		 len = strcspn(text, " \"");
	const char	*end;

	if (strncmp(text, "run: ", 5) == 0 || strncmp(text, "-> run: ", 8) == 0)
		return strlen(text);
	while (text[len] == '"') {
		end = strchr(text + len + 1, '"');
		len = end != NULL ? (size_t)(end - text) + 1 : len + 1;
		len += strcspn(text + len, " \"");
	}
	return len;
}

/* Octets of UTF-8 that begin a character. */
static int
width_of(const char *text, size_t len)
{
	int	width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

/* Prints the text from column INDENT, and ends the line.  Empties it. */
static void
print_text(const struct findings *f, struct buffer *text)
{
	size_t	 size = 4 * text->len + 1, len;
	char	*shown = memory_new(size, 1);
	int	 column = INDENT;

	visible_more(shown, size, text->data, "");
	if (f->columns == 0)
		fputs(shown, stdout);
	for (const char *at = shown; f->columns != 0 && *at != '\0';
	    at += len) {
		int	blanks = (int)strspn(at, " "), width;

		at += blanks;
		len = word_len(at);
		width = width_of(at, len);
		if (column > INDENT && column + blanks + width > f->columns) {
			printf("\n%*s", INDENT, "");
			column = INDENT;
			blanks = 0;
		}
		printf("%*s%.*s", blanks, "", (int)len, at);
		column += blanks + width;
	}
	putchar('\n');
	free(shown);
	buffer_clear(text);
}

static void
add_origin(struct buffer *b, const char *origin)
{
	if (origin != NULL)
		buffer_addf(b, " (%s)", origin);
}

void
findings_print(void *context, const struct check_finding *found)
{
	const struct findings	*f = context;
	const char		*name = verdicts[found->verdict].name;
	struct buffer		 b = { 0 };

	printf("%-8s ", check_stage_name(found->stage));
	if (f->colour)
		printf("\033[%sm%s\033[m%*s ", verdicts[found->verdict].colour,
		    name, 11 - (int)strlen(name), "");
	else
		printf("%-11s ", name);
	if (found->object != NULL)
		buffer_addf(&b, "%s: ", found->object);
	buffer_add_text(&b, found->text);
	if (found->verdict != CHECK_OK || f->verbose)
		add_origin(&b, found->origin);
	print_text(f, &b);
	if (found->remedy != NULL) {
		printf("%*s", INDENT, "");
		buffer_addf(&b, "-> %s", found->remedy);
		print_text(f, &b);
	}
	for (size_t i = 0; f->verbose && i < found->n_facts; i++) {
		printf("%*s", INDENT, "");
		buffer_addf(&b, "%s = %s", found->facts[i].name,
		    found->facts[i].value);
		add_origin(&b, found->facts[i].origin);
		print_text(f, &b);
	}
	buffer_free(&b);
	fflush(stdout);
}

void
findings_print_line(void *context, char side, const char *text)
{
	struct buffer	b = { 0 };

	printf("%*s", INDENT, "");
	buffer_addf(&b, "%s %s", side == 'C' ? ">>>" : side == 'S' ? "<<<" :
	    "***", text);
	print_text(context, &b);
	buffer_free(&b);
	fflush(stdout);
}

void
findings_print_totals(const struct check *c)
{
	const char	*separator = "";

	for (int v = 0; v < CHECK_VERDICTS; v++) {
		if (c->n[v] == 0)
			continue;
		printf("%s%u %s%s", separator, c->n[v], verdicts[v].name,
		    v == CHECK_WARNING && c->n[v] > 1 ? "s" : "");
		separator = ", ";
	}
	putchar('\n');
}
