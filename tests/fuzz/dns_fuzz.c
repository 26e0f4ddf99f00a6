/*
 * dns_fuzz.c - replies of a name server: MX, SRV and TXT records
 *
 * The first octet selects the type.  The targets of a valid reply are host
 * names in the order of their priority, and its texts are visible.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "fuzz/must.h"
#include "net/lookup.h"
#include "net/lookup_text.h"
#include "util/text.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
fuzz_targets(enum lookup_type type, const uint8_t *data, size_t len)
{
	struct lookup_targets	t;
	struct failure		why;

	if (!lookup_parse(&t, type, data, len, &why)) {
		must(why.status == EX_TEMPFAIL);
		return;
	}
	must(t.n <= LOOKUP_MAX);
	for (size_t i = 0; i < t.n; i++) {
		const struct lookup_target	*to = &t.target[i];

		must(text_is_host_name(to->host, strlen(to->host)));
		must((type == LOOKUP_TYPE_SRV) == (to->port != 0));
		must(i == 0 || to[-1].priority <= to->priority);
	}
}

static void
fuzz_text(const uint8_t *data, size_t len)
{
	struct lookup_text	t;
	struct failure		why;

	switch (lookup_text_parse(&t, data, len, &why)) {
	case LOOKUP_TEXT_FAILED:
		must(why.status == EX_TEMPFAIL && t.n == 0);
		break;
	case LOOKUP_TEXT_NONE:
	case LOOKUP_TEXT_NO_NAME:
		must(t.n == 0);
		break;
	case LOOKUP_TEXT_FOUND:
		must(t.n > 0 && t.n <= LOOKUP_TEXT_MAX);
		break;
	}
	for (size_t i = 0; i < t.n; i++)
		for (const char *c = t.text[i]; *c != '\0'; c++)
			must(*c >= ' ' && *c <= '~');
	lookup_text_free(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0 || len > UINT16_MAX)
		return 0;
	switch (data[0] % 3) {
	case 0:
		fuzz_targets(LOOKUP_TYPE_MX, data + 1, len - 1);
		break;
	case 1:
		fuzz_targets(LOOKUP_TYPE_SRV, data + 1, len - 1);
		break;
	case 2:
		fuzz_text(data + 1, len - 1);
		break;
	}
	return 0;
}
