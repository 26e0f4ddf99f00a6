/*
 * outcomes_fuzz.c - the outcomes of an attempt by a worker of the service
 *
 * The first octet is the number of recipients.  Every text is one visible line,
 * and what was read can be written and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/must.h"
#include "serve/serve_outcomes.h"

enum { RECIPIENTS_MAX = 8 };

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_outcome(const struct outcome *o)
{
	const char	*text = outcome_text(o);

	must(strlen(text) < OUTCOME_TEXT_MAX);
	for (; *text != '\0'; text++)
		must((unsigned char)*text >= ' ' && *text != 127);
	must(strspn(o->enhanced, "0123456789.") == strlen(o->enhanced));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct outcome	list[RECIPIENTS_MAX] = { 0 };
	struct outcome	again[RECIPIENTS_MAX] = { 0 };
	struct buffer	packed = { 0 };
	size_t		n;

	if (len == 0)
		return 0;
	n = data[0] % (RECIPIENTS_MAX + 1);
	if (serve_outcomes_unpack(list, n, (const char *)data + 1, len - 1)) {
		buffer_add_text(&packed, "");
		serve_outcomes_pack(&packed, list, n);
		for (size_t i = 0; i < n; i++)
			check_outcome(&list[i]);
		must(packed.len <= serve_outcomes_size_max(n));
		must(serve_outcomes_unpack(again, n, packed.data, packed.len));
	}
	for (size_t i = 0; i < n; i++) {
		if (packed.len > 0)
			must(strcmp(outcome_text(&again[i]),
			    outcome_text(&list[i])) == 0);
		outcome_clear(&list[i]);
		outcome_clear(&again[i]);
	}
	buffer_free(&packed);
	return 0;
}
