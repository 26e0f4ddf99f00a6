/*
 * config_fuzz.c - parse relais.conf and smarthost URLs
 *
 * The text is parsed as a file without include files, and as a URL.  All parsed
 * keys must be found without an error.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sysexits.h>

#include "config/check.h"
#include "config/config.h"
#include "config/parse.h"
#include "config/section.h"
#include "config/smarthost.h"
#include "util/memory.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
include_nothing(struct parse_target *target,
    const struct config_text_file *from, const char *pattern,
    struct failure *why)
{
	(void)target;
	(void)from;
	return failed(why, EX_CONFIG, "not included: %s", pattern);
}

static void
look_up(const struct config *config)
{
	const struct config_subject	who = {
		.from = "me@example.org", .to = "you@example.net", .user = "u",
	};
	uint64_t	count;
	int64_t		ms;

	for (int k = 0; k < CONFIG_KEYS; k++) {
		config_text(config, &who, (enum config_key)k);
		config_number(config, &who, (enum config_key)k);
		config_ms(config, &who, (enum config_key)k);
		config_rate(config, &who, (enum config_key)k, &count, &ms);
	}
}

static void
parse_config(const uint8_t *data, size_t size)
{
	struct config		config = { .first = NULL };
	struct failure		why;
	struct parse_target	target = {
		.top = section_insert(&config.first, SECTION_TOP),
		.tail = &config.first,
		.include = include_nothing,
	};
	struct config_text_file	file = {
		.path = "fuzz", .text = (const char *)data, .len = size,
	};

	if (parse_text(&target, &file, &why) && config_check(&config, &why))
		look_up(&config);
	config_free(&config);
}

static void
parse_smarthost(const uint8_t *data, size_t size)
{
	struct smarthost_list	list;
	struct failure		why;
	char			*text = memory_copy_n((const char *)data, size);

	if (smarthost_list_parse(&list, text, &why)) {
		for (size_t i = 0; i < list.n; i++)
			smarthost_is_local(&list.host[i]);
		smarthost_list_free(&list);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse_config(data, size);
	parse_smarthost(data, size);
	return 0;
}
