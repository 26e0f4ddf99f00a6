/*
 * sender_policy_fuzz.c - the SPF and DMARC records of the sender's domain
 *
 * Each lookup takes the next line of the text as its record.  "?" means that
 * no reply arrives, "!" that the name does not exist, and an empty line or the
 * end of the text that the name has no record.
 * There are at most 20 lookups.  A finding is one line of visible text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "check/sender_policy.h"
#include "fuzz/must.h"
#include "net/lookup_text.h"
#include "util/memory.h"

enum { LOOKUPS_MAX = 20, NAME_MAX_LEN = 272 };

static char	*script;	/* the lines that are left; or NULL */
static unsigned	 lookups;

/* As in net/lookup_text.c, a record is visible ASCII. */
static bool
is_record(const char *line)
{
	for (; *line != '\0'; line++)
		if (*line < ' ' || *line > '~')
			return false;
	return true;
}

enum lookup_text_result
lookup_text(struct lookup_text *t, const char *name,
    const struct dns_options *options, struct failure *why)
{
	const char	*line = strsep(&script, "\n");

	(void)options;
	*t = (struct lookup_text){ .n = 0 };
	must(++lookups <= LOOKUPS_MAX && strlen(name) < NAME_MAX_LEN);
	if (line == NULL || line[0] == '\0' || !is_record(line))
		return LOOKUP_TEXT_NONE;
	if (strcmp(line, "!") == 0)
		return LOOKUP_TEXT_NO_NAME;
	if (strcmp(line, "?") == 0) {
		failed(why, EX_TEMPFAIL, "no reply");
		return LOOKUP_TEXT_FAILED;
	}
	t->text[t->n++] = memory_copy(line);
	return LOOKUP_TEXT_FOUND;
}

void
lookup_text_free(struct lookup_text *t)
{
	while (t->n > 0)
		free(t->text[--t->n]);
}

static void
must_be_visible(const char *text)
{
	for (; *text != '\0'; text++)
		must(*text >= ' ' && *text <= '~');
}

static void
report(void *context, const struct check_finding *f)
{
	(void)context;
	must(f->stage == CHECK_MAIL && f->verdict == CHECK_WARNING);
	must(f->remedy != NULL && f->remedy[0] != '\0');
	must_be_visible(f->remedy);
	must_be_visible(f->text);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char	records[] = "_spf.example.net spf.example.com";
	static char	host[] = "smtp.example.net";
	static struct provider			 provider = {
		.value[PROVIDER_SPF] = records,
		.host = host,
	};
	static const struct provider_table	 table = { &provider, 1, 1 };
	static const struct reach		 addresses = {
		.attempt = { { .address = "192.0.2.25" },
		    { .address = "2001:db8::25" } },
		.n = 2,
	};
	const struct setting			 smarthost = {
		.value = host,
		.origin = (char []){ "relais.conf:1" },
	};
	const struct check_target		 target = {
		.smarthost = &smarthost,
		.sender = "me@mail.example.org",
	};
	const struct smarthost_url		 url = { .host = host,
		.port = 587 };
	const struct sender_policy_server	 server = { .smarthost = &url,
		.addresses = &addresses, .object = "smtp.example.net:587" };
	struct check				 c = { .report = report };
	char					*text;

	if (len == 0)
		return 0;
	if (data[0] & 1)
		c.providers = &table;
	script = text = memory_copy_n((const char *)data + 1, len - 1);
	lookups = 0;
	sender_policy_check(&c, &target, &server);
	script = NULL;
	free(text);
	return 0;
}
