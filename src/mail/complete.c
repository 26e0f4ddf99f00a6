#include "mail/complete.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/address.h"
#include "mail/domain.h"
#include "mail/phrase.h"

enum { RESENT_MAX = 32 };	/* fields of a block; eight names exist */

void
date_write(struct buffer *to, time_t when)
{
	/* strftime() would depend on the locale. */
	static const char	days[] = "SunMonTueWedThuFriSat";
	static const char	months[] =
	    "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm		t;
	long			offset;

	localtime_r(&when, &t);
	offset = t.tm_gmtoff / 60;
	buffer_addf(to, "%.3s, %d %.3s %d %02d:%02d:%02d %c%02ld%02ld",
	    days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon,
	    t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec,
	    offset < 0 ? '-' : '+', labs(offset) / 60, labs(offset) % 60);
}

void
message_id_write(struct buffer *to, time_t when, const char *domain)
{
	uint32_t	random[3];
	struct buffer	ascii = { 0 };
	struct failure	ignored;

	arc4random_buf(random, sizeof(random));
	if (!domain_to_ascii(&ascii, domain, &ignored))
		buffer_add_text(&ascii, "localhost");
	buffer_addf(to, "<%llx.%08x%08x%08x@%s>", (unsigned long long)when,
	    random[0], random[1], random[2], ascii.data);
	buffer_free(&ascii);
}

static bool
has_prefix(const struct field *f, const char *prefix)
{
	size_t	n = strlen(prefix);

	return f->name_len >= n && strncasecmp(f->text, prefix, n) == 0;
}

bool
header_is_resent(const struct header *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (has_prefix(&h->field[i], "Resent-"))
			return true;
	return false;
}

/*
 * Whether the field has no value but must have one (RFC 5322 section 3.6);
 * large providers refuse such messages.
 */
static bool
lacks_value(const struct field *f)
{
	static const char *const	ids[] = { "Date", "Message-ID",
		"Resent-Date", "Resent-Message-ID" };
	static const char *const	lists[] = { "To", "Cc", "Reply-To",
		"Resent-To", "Resent-Cc", "Resent-Reply-To" };
	size_t				len;
	const char			*value = field_value(f, &len);

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		if (field_is(f, ids[i]))
			return strspn(value, " \t\r\n") >= len;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (field_is(f, lists[i]))
			return address_list_is_empty(value, len);
	return false;
}

static bool
is_unwanted(const struct field *f, const void *context)
{
	static const char *const	names[] = { "Bcc", "Resent-Bcc",
		"Return-Path", "Content-Length", "Apparently-To" };

	(void)context;
	if (lacks_value(f))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (field_is(f, names[i]))
			return true;
	return false;
}

static bool
lacks(const struct header *h, const char *prefix, const char *name)
{
	char	full[64];

	strlcpy(full, prefix, sizeof(full));
	strlcat(full, name, sizeof(full));
	return header_find(h, full, 0) == NULL;
}

static void
add_from(struct header *h, const char *prefix, const struct completion *c)
{
	struct buffer	value = { 0 };
	char		name[16];

	strlcpy(name, prefix, sizeof(name));
	strlcat(name, "From", sizeof(name));
	if (c->name != NULL && c->name[0] != '\0') {
		phrase_write(&value, c->name);
		buffer_addf(&value, " <%s>", c->from);
	} else {
		buffer_add_text(&value, c->from);
	}
	header_addf(h, name, "%s", value.data);
	buffer_free(&value);
}

/* Adds the required fields of a message or of a block of Resent- fields. */
static void
add_missing(struct header *h, const struct header *have, const char *prefix,
    const struct completion *c)
{
	struct buffer	value = { 0 };
	char		name[32];

	if (lacks(have, prefix, "From"))
		add_from(h, prefix, c);
	if (lacks(have, prefix, "Date")) {
		date_write(&value, c->now);
		strlcpy(name, prefix, sizeof(name));
		strlcat(name, "Date", sizeof(name));
		header_addf(h, name, "%s", value.data);
		buffer_clear(&value);
	}
	if (lacks(have, prefix, "Message-ID")) {
		message_id_write(&value, c->now, c->id_domain);
		strlcpy(name, prefix, sizeof(name));
		strlcat(name, "Message-ID", sizeof(name));
		header_addf(h, name, "%s", value.data);
	}
	buffer_free(&value);
}

static bool
occurs_before(const struct field *first, const struct field *f)
{
	for (; first < f; first++)
		if (first->name_len == f->name_len &&
		    strncasecmp(first->text, f->text, f->name_len) == 0)
			return true;
	return false;
}

/*
 * Returns the first block of Resent- fields: consecutive fields up to the first
 * repeated one, which begins an older block.  The result is borrowed from h.
 */
static struct header
first_resent_block(const struct header *h)
{
	size_t	start = 0;
	size_t	n = 0;

	while (start < h->n && !has_prefix(&h->field[start], "Resent-"))
		start++;
	while (n < RESENT_MAX && start + n < h->n &&
	    has_prefix(&h->field[start + n], "Resent-") &&
	    !occurs_before(&h->field[start], &h->field[start + n]))
		n++;
	return (struct header){ .field = h->field + start, .n = n };
}

void
header_complete(struct header *h, const struct completion *c)
{
	bool		resent = header_is_resent(h);
	struct header	block, all = { 0 };

	header_remove_if(h, is_unwanted, NULL);
	if (resent) {
		/* New fields come first (RFC 5322 section 3.6.6). */
		block = first_resent_block(h);
		add_missing(&all, &block, "Resent-", c);
		for (size_t i = 0; i < h->n; i++)
			header_append(&all, h->field[i].text, h->field[i].len);
		free(h->field);
		*h = all;
	}
	add_missing(h, h, "", c);
	if (lacks(h, "", "To") && lacks(h, "", "Cc"))
		header_addf(h, "To", "undisclosed-recipients:;");
}
