/*
 * import_fuzz.c - parse the configurations of other programs
 *
 * The first octet selects the program.  The rest is the text of the main file
 * up to the first NUL, and after it the text of every other file.  The result
 * must be accepted, and its text must be read again without an error.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"
#include "config/section.h"
#include "fuzz/own_config.h"
#include "import/import.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* source_read() has no argument for these. */
static const char	*main_text, *other_text;
static size_t		 main_len, other_len;

static enum source_answer
read_text(struct source *s, const char *path, struct failure *why)
{
	bool	is_main = strcmp(path, "main") == 0 ||
		    strcmp(path, "main/remotes") == 0;

	return source_from_text(s, path, is_main ? main_text : other_text,
	    is_main ? main_len : other_len, why) ? SOURCE_READ :
	    SOURCE_FAILED;
}

static void
read_again(const struct draft *d)
{
	struct config		config = { .first = NULL };
	struct buffer		text = { 0 };

	draft_print(d, false, &text);
	own_config_parse(&config, text.data, text.len);
	buffer_free(&text);
	config_free(&config);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import	 in = { .main = "main", .read = read_text };
	struct failure	 why;
	const char	*nul;

	if (size == 0)
		return 0;
	main_text = other_text = (const char *)data + 1;
	main_len = other_len = size - 1;
	nul = memchr(main_text, '\0', main_len);
	if (nul != NULL) {
		main_len = (size_t)(nul - main_text);
		other_text = nul + 1;
		other_len = size - 2 - main_len;
	}
	draft_start(&in.draft, "/etc/relais.password");
	if (import_run(&in, &import_formats[data[0] % IMPORT_FORMATS], &why))
		read_again(&in.draft);
	draft_free(&in.draft);
	return 0;
}
