/*
 * Valid and invalid domains (RFC 5321 section 4.1.2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sysexits.h>

#include "mail/domain.h"

struct row {
	const char	*name;
	bool		 valid;
};

static void
is_checked(void **state)
{
	const struct row	*row = *state;

	assert_int_equal(domain_is_valid(row->name), row->valid);
}

/* A path and its ASCII form, or why it has none. */
struct path {
	const char	*path;
	const char	*want;
	bool		 good;
};

static void
is_converted(void **state)
{
	const struct path	*p = *state;
	struct buffer		 to = { 0 };
	struct failure		 why;

	buffer_add_text(&to, "<");
	assert_int_equal(path_to_ascii(&to, p->path, &why), p->good);
	if (p->good) {
		assert_string_equal(to.data + 1, p->want);
	} else {
		assert_int_equal(to.len, 1);
		assert_string_equal(why.text, p->want);
		assert_int_equal(why.status, EX_DATAERR);
	}
	buffer_free(&to);
}

#define CONVERTS(sentence, in, want) \
	{ sentence, is_converted, NULL, NULL, &(struct path){ in, want, true } }
#define REFUSES(sentence, in, want) { sentence, is_converted, NULL, NULL, \
	&(struct path){ in, want, false } }

#define VALID(sentence, name) \
	{ sentence, is_checked, NULL, NULL, &(struct row){ name, true } }
#define INVALID(sentence, name) \
	{ sentence, is_checked, NULL, NULL, &(struct row){ name, false } }

#define L63	"a123456789a123456789a123456789a123456789a123456789a123456789abc"
#define L61	"a123456789a123456789a123456789a123456789a123456789a123456789a"

static const struct CMUnitTest domain_spec[] = {
	VALID("several labels", "web1.example.org"),
	VALID("one label", "localhost"),
	VALID("digits and inner hyphens", "1-2.3com.x--y.example"),
	VALID("a label of 63 octets", L63 ".example"),
	VALID("255 octets", L63 "." L63 "." L63 "." L63),
	INVALID("256 octets", L63 "." L63 "." L63 "." L61 ".bc"),
	INVALID("a label of 64 octets", L63 "d.example"),
	INVALID("an empty name", ""),
	INVALID("a single dot", "."),
	INVALID("a dot at the beginning", ".example.org"),
	INVALID("a dot at the end", "web1.example.org."),
	INVALID("an empty label", "a..b.example"),
	INVALID("an underscore", "my_app.example.org"),
	INVALID("a leading hyphen", "-x.example.org"),
	INVALID("a trailing hyphen", "x-.example.org"),
	INVALID("a hyphen at the end of the name", "example.org-"),
	INVALID("a blank", "a b.example"),
	INVALID("letters outside ASCII", "m\303\274nchen.example"),
	INVALID("an IPv4 address", "192.0.2.7"),
	INVALID("an address literal", "[192.0.2.7]"),
	INVALID("an IPv6 address", "2001:db8::1"),
	CONVERTS("a path in ASCII does not change", "a@b.example",
	    "a@b.example"),
	CONVERTS("a domain becomes its A-label",
	    "a@m\303\274nchen.example", "a@xn--mnchen-3ya.example"),
	CONVERTS("the local part does not change",
	    "\303\274@\303\274.example", "\303\274@xn--tda.example"),
	REFUSES("a domain that is not UTF-8 has no A-label", "a@\374.example",
	    "invalid domain '\\374.example': it has no ASCII form"),
	REFUSES("a domain with a line separator has no A-label",
	    "a@\303\274\342\200\250.example", "invalid domain "
	    "'\303\274\\342\\200\\250.example': it has no ASCII form"),
};

int
main(void)
{
	return cmocka_run_group_tests(domain_spec, NULL, NULL);
}
