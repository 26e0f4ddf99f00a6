/*
 * Valid and invalid domains (RFC 5321 section 4.1.2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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
};

int
main(void)
{
	return cmocka_run_group_tests(domain_spec, NULL, NULL);
}
