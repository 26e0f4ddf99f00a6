/*
 * config_fuzz.c - parse relais.conf and smarthost URLs
 *
 * The text is parsed as a file without include files, as the URLs of
 * smarthosts, and as that of a proxy.  All parsed keys must be found without an
 * error, and a URL that is written is parsed again to the same place.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config/check.h"
#include "config/config.h"
#include "config/parse.h"
#include "config/section.h"
#include "config/smarthost.h"
#include "fuzz/must.h"
#include "util/memory.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
include_nothing(struct parse_target *target,
    const struct config_text_file *from, const char *pattern,
    struct failure *why)
{
	(void)target, (void)from, (void)pattern;
	return failed(why, EX_CONFIG, "not included");
}

static void
must_be_visible(const char *text)
{
	for (; *text != '\0'; text++)
		must((unsigned char)*text >= ' ' && *text != 127);
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
	else
		must_be_visible(why.text);
	config_free(&config);
}

static bool
is_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The URL as it is shown leads to the same place. */
static void
write_smarthost(const struct smarthost_url *h)
{
	struct smarthost_list	 again;
	struct smarthost_url	*same;
	struct buffer		 url = { 0 };
	struct failure		 why;

	smarthost_write(&url, h);
	must(smarthost_list_parse(&again, url.data, &why) && again.n == 1);
	same = again.host;
	must(same->scheme == h->scheme && same->lookup == h->lookup &&
	    same->port == h->port && same->user == NULL &&
	    is_equal(same->host, h->host) && is_equal(same->path, h->path));
	smarthost_list_free(&again);
	buffer_free(&url);
}

static void
write_proxy(const struct proxy_url *proxy)
{
	struct proxy_url	again;
	struct buffer		url = { 0 };
	struct failure		why;

	buffer_add_text(&url, "socks5://");
	proxy_write(&url, proxy);
	must(proxy_parse(&again, url.data, &why));
	must(again.port == proxy->port && strcmp(again.host, proxy->host) == 0);
	proxy_free(&again);
	buffer_free(&url);
}

static void
parse_smarthost(const uint8_t *data, size_t size)
{
	struct smarthost_list	list;
	struct failure		why;
	char			*text = memory_copy_n((const char *)data, size);
	struct proxy_url	 proxy;

	if (smarthost_list_parse(&list, text, &why)) {
		for (size_t i = 0; i < list.n; i++)
			write_smarthost(&list.host[i]);
		smarthost_list_free(&list);
	} else {
		must_be_visible(why.text);
	}
	if (proxy_parse(&proxy, text, &why)) {
		write_proxy(&proxy);
		proxy_free(&proxy);
	} else {
		must_be_visible(why.text);
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
