/*
 * Parameters of the DSN extension (RFC 3461).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "mail/dsn.h"

/* A list, its set (0: invalid), and its written form. */
struct list {
	const char	*text;
	unsigned	 set;
	const char	*written;
};

static void
is_parsed(void **state)
{
	const struct list	*l = *state;
	unsigned		 set = 99;
	struct buffer		 to = { 0 };

	assert_int_equal(dsn_parse_notify(&set, l->text), l->set != 0);
	assert_int_equal(set, l->set != 0 ? l->set : 99);
	dsn_write_notify(&to, l->set);
	assert_string_equal(to.data != NULL ? to.data : "", l->written);
	buffer_free(&to);
}

#define NOTIFY(text, set, written) \
	{ "NOTIFY=" text, is_parsed, NULL, NULL, \
	    &(struct list){ text, set, written } }

static const struct CMUnitTest notify_spec[] = {
	NOTIFY("never", NOTIFY_NEVER, " NOTIFY=NEVER"),
	NOTIFY("DELAY", NOTIFY_DELAY, " NOTIFY=DELAY"),
	NOTIFY("delay,Failure,success", NOTIFY_DELAY | NOTIFY_FAILURE |
	    NOTIFY_SUCCESS, " NOTIFY=SUCCESS,FAILURE,DELAY"),
	NOTIFY("failure,failure", NOTIFY_FAILURE, " NOTIFY=FAILURE"),
	NOTIFY("", 0, ""), NOTIFY(",", 0, ""), NOTIFY("fail", 0, ""),
	NOTIFY("failures", 0, ""), NOTIFY("never,delay", 0, ""),
	NOTIFY("failure, delay", 0, ""), NOTIFY("failure,,delay", 0, ""),
	NOTIFY("failure,", 0, ""), NOTIFY(",failure", 0, ""),
};

struct word {
	const char	*text;
	bool		 good;
};

static void
is_xtext(void **state)
{
	const struct word	*w = *state;

	assert_int_equal(dsn_is_xtext(w->text), w->good);
}

static void
is_envid(void **state)
{
	const struct word	*w = *state;

	assert_int_equal(dsn_is_envid(w->text), w->good);
}

static void
is_orcpt(void **state)
{
	const struct word	*w = *state;

	assert_int_equal(dsn_is_orcpt(w->text), w->good);
}

#define XTEXT(text, good) \
	{ "xtext " text, is_xtext, NULL, NULL, &(struct word){ text, good } }
#define ENVID(text, good) \
	{ "ENVID=" text, is_envid, NULL, NULL, &(struct word){ text, good } }
#define ORCPT(text, good) \
	{ "ORCPT=" text, is_orcpt, NULL, NULL, &(struct word){ text, good } }

#define FIFTY "12345678901234567890123456789012345678901234567890"

static const struct CMUnitTest words_spec[] = {
	XTEXT("a", true), XTEXT("a+3Db", true), XTEXT("a+3db", true),
	XTEXT("", false), XTEXT("a b", false), XTEXT("a=b", false),
	XTEXT("a+b", false), XTEXT("a+", false), XTEXT("a+3", false),
	{ "xtext must not contain a line end", is_xtext, NULL, NULL,
	    &(struct word){ "a\nb", false } },
	{ "xtext must not contain DEL", is_xtext, NULL, NULL,
	    &(struct word){ "a\177", false } },
	{ "xtext must be ASCII", is_xtext, NULL, NULL,
	    &(struct word){ "\303\244", false } },
	ENVID("QQ314159", true), ENVID("a+20b+7e", true), ENVID("", false),
	ENVID("a b", false), ENVID("a+0Ab", false), ENVID("a+7F", false),
	ENVID("+E4", false), ENVID(FIFTY FIFTY, true),
	ENVID(FIFTY FIFTY "x", false),
	ORCPT("rfc822;a@x", true), ORCPT("x-tag;a", true),
	ORCPT("rfc822;", false), ORCPT(";a@x", false), ORCPT("a@x", false),
	ORCPT("rfc 822;a@x", false), ORCPT("rfc822;a b", false),
};

static void
ret_is_full_or_hdrs(void **state)
{
	enum dsn_return	ret = RETURN_UNSPECIFIED;

	(void)state;
	assert_false(dsn_parse_return(&ret, "some"));
	assert_int_equal(ret, RETURN_UNSPECIFIED);
	assert_true(dsn_parse_return(&ret, "Full"));
	assert_int_equal(ret, RETURN_FULL);
	assert_true(dsn_parse_return(&ret, "HDRS"));
	assert_int_equal(ret, RETURN_HEADERS);
}

static void
an_orcpt_has_at_most_500_octets(void **state)
{
	char	text[DSN_ORCPT_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "rfc822;", 7);
	text[DSN_ORCPT_MAX] = '\0';
	assert_true(dsn_is_orcpt(text));
	text[DSN_ORCPT_MAX] = 'a';
	text[DSN_ORCPT_MAX + 1] = '\0';
	assert_false(dsn_is_orcpt(text));
}

static const struct CMUnitTest other_spec[] = {
	cmocka_unit_test(ret_is_full_or_hdrs),
	cmocka_unit_test(an_orcpt_has_at_most_500_octets),
};

int
main(void)
{
	return cmocka_run_group_tests(notify_spec, NULL, NULL) +
	    cmocka_run_group_tests(words_spec, NULL, NULL) +
	    cmocka_run_group_tests(other_spec, NULL, NULL);
}
