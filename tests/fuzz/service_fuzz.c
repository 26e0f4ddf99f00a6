/*
 * XRELAIS OPTIONS and XRELAIS RESULT: the first octet selects the parser.
 * Whatever is accepted is written again and read again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "submit/service_protocol.h"
#include "util/memory.h"

static void
must(bool claim)
{
	if (!claim)
		abort();
}

static void
fuzz_options(char *text)
{
	struct service_options	o, again;
	struct buffer		line = { 0 };
	struct failure		why;

	if (!service_options_parse(&o, text, &why))
		return;
	service_options_write(&line, &o);
	must(service_options_parse(&again, line.data +
	    strlen("XRELAIS OPTIONS"), &why));
	must(again.queue == o.queue &&
	    (again.full_name == NULL) == (o.full_name == NULL) &&
	    (o.full_name == NULL ||
	    strcmp(again.full_name, o.full_name) == 0));
	buffer_free(&line);
	service_options_free(&o);
	service_options_free(&again);
}

static bool
read_result(struct service_result *r, char *text)
{
	char		*line;
	struct failure	 why;

	while ((line = strsep(&text, "\n")) != NULL)
		if (!service_result_add(r, line, &why))
			return false;
	return r->complete;
}

static void
fuzz_result(char *text)
{
	struct service_result	r = { 0 }, again = { 0 };
	struct buffer		lines = { 0 };

	if (read_result(&r, text)) {
		service_result_write(&lines, &r);
		must(read_result(&again, lines.data));
		must(again.envelope.n == r.envelope.n &&
		    again.refused == r.refused);
		for (size_t i = 0; i < r.envelope.n; i++)
			must(again.outcomes[i].kind == r.outcomes[i].kind &&
			    strcmp(again.outcomes[i].text,
			    r.outcomes[i].text) == 0);
	}
	buffer_free(&lines);
	service_result_free(&r);
	service_result_free(&again);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	*text;

	if (len == 0)
		return 0;
	text = memory_copy_n((const char *)data + 1, len - 1);
	if (data[0] % 2 == 0)
		fuzz_options(text);
	else
		fuzz_result(text);
	free(text);
	return 0;
}
