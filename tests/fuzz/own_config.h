/*
 * own_config.h - a valid configuration of a fuzz target
 */
#ifndef FUZZ_OWN_CONFIG_H
#define FUZZ_OWN_CONFIG_H

#include "config/config.h"
#include "config/parse.h"
#include "config/section.h"
#include "fuzz/must.h"
#include "util/failure.h"

static inline bool
own_config_has_no_include(struct parse_target *target,
    const struct config_text_file *from, const char *pattern,
    struct failure *why)
{
	(void)target, (void)from, (void)pattern, (void)why;
	abort();
}

/* Parses a text of len octets, which has no "include"; config is empty. */
static inline void
own_config_parse(struct config *config, const char *text, size_t len)
{
	struct parse_target	target = {
		.top = section_insert(&config->first, SECTION_TOP),
		.tail = &config->first,
		.include = own_config_has_no_include,
	};
	struct config_text_file	file = { .path = "relais.conf", .text = text,
				    .len = len };
	struct failure		why;

	must(parse_text(&target, &file, &why));
}

#endif
