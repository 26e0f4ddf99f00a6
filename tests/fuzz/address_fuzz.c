/*
 * address_fuzz.c - properties of every parsed address
 *
 * The first octet selects a header field, an argument, a path, or a header
 * field with invalid elements; the text follows.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/address.h"
#include "util/memory.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
assert_safe(const char *part)
{
	for (; *part != '\0'; part++) {
		assert((unsigned char)*part >= ' ' && *part != '\177');
		assert(*part != '<' && *part != '>');
	}
}

static void
assert_same(const struct address *a, const struct address *b)
{
	assert(strcmp(a->local, b->local) == 0);
	assert(strcmp(a->domain, b->domain) == 0);
}

/* The written address is a path that is parsed to the same parts. */
static void
assert_path(const struct address *a)
{
	struct buffer	path = { 0 };
	struct address	again;
	struct failure	why;

	address_write(&path, a);
	assert(path.len > 0 && path.len <= ADDRESS_MAX);
	assert(address_parse_path(&again, path.data, path.len, &why));
	assert_same(a, &again);
	address_free(&again);
	buffer_free(&path);
}

/* text[start, end) is parsed to this address only. */
static void
assert_place(const struct address *a, const char *text, size_t len)
{
	struct address_list	list = { 0 };
	struct failure		why;

	assert(a->start < a->end && a->end <= len);
	assert(address_list_parse(&list, text + a->start, a->end - a->start,
	    ADDRESS_HEADER, &why));
	assert(list.n == 1);
	assert_same(a, &list.address[0]);
	address_list_free(&list);
}

static void
fuzz_list(const char *text, size_t len, enum address_where where)
{
	struct address_list	list = { 0 };
	struct failure		why;

	if (address_list_parse(&list, text, len, where, &why)) {
		for (size_t i = 0; i < list.n; i++) {
			assert_safe(list.address[i].local);
			assert_safe(list.address[i].domain);
			assert_path(&list.address[i]);
			assert_place(&list.address[i], text, len);
		}
	} else {
		assert(list.n == 0 && why.status != 0);
		for (const char *s = why.text; *s != '\0'; s++)
			assert((unsigned char)*s >= ' ' && *s != '\177');
	}
	address_list_free(&list);
}

/*
 * The lenient parser returns the addresses of the strict one, or names the
 * faults.  A repaired text has the same addresses.
 */
static void
fuzz_lenient(const char *text, size_t len)
{
	struct address_list	list = { 0 }, repaired = { 0 }, again = { 0 };
	struct address_faults	faults = { 0 };
	struct failure		why;
	char			*copy = memory_copy_n(text, len);

	if (address_list_parse_lenient(&list, &faults, text, len, &why)) {
		assert(address_list_parse(&again, text, len, ADDRESS_HEADER,
		    &why) == (faults.n == 0));
		for (size_t i = 0; i < list.n; i++) {
			assert_path(&list.address[i]);
			assert_place(&list.address[i], text, len);
		}
		for (size_t i = 0; i < again.n; i++)
			assert_same(&again.address[i], &list.address[i]);
		for (size_t i = 0; i < faults.n; i++)
			assert(faults.fault[i].start <= faults.fault[i].end &&
			    faults.fault[i].end <= len);
	}
	address_list_free(&again);
	address_list_repair(&repaired, copy, len);
	assert(repaired.n == list.n);
	address_faults_free(&faults);
	if (address_list_parse_lenient(&again, &faults, copy, len, &why))
		assert(again.n == list.n);
	for (size_t i = 0; i < again.n; i++)
		assert_same(&again.address[i], &list.address[i]);
	address_list_free(&list);
	address_list_free(&repaired);
	address_list_free(&again);
	address_faults_free(&faults);
	free(copy);
}

static void
fuzz_path(const char *text, size_t len)
{
	struct address	a;
	struct failure	why;

	if (!address_parse_path(&a, text, len, &why))
		return;
	assert_safe(a.local);
	assert_safe(a.domain);
	if (len > 0)
		assert_path(&a);
	address_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*text;

	if (len == 0)
		return 0;
	text = (const char *)data + 1;
	switch (data[0] % 4) {
	case 0:
		fuzz_list(text, len - 1, ADDRESS_HEADER);
		break;
	case 1:
		fuzz_list(text, len - 1, ADDRESS_ARGUMENT);
		break;
	case 2:
		fuzz_path(text, len - 1);
		break;
	case 3:
		fuzz_lenient(text, len - 1);
		break;
	}
	return 0;
}
