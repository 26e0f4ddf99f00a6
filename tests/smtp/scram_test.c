/*
 * SCRAM: the exchanges of RFC 5802 and RFC 7677, and invalid messages from the
 * server.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <cmocka.h>

#include "smtp/scram.h"
#include "support/digests.h"
#include "util/base64.h"

#define BINDING "0123\0456789abcdef"

struct exchange {
	enum tls_digest	 digest;
	const char	*user;
	const char	*nonce;
	const char	*binding;	/* its type */
	bool		 unoffered;
	const char	*say[4];	/* client, server, client, server */
};

static struct scram_options
options_of(const struct exchange *e)
{
	return (struct scram_options){
		.module = &digests,
		.digest = e->digest,
		.user = e->user,
		.password = "pencil",
		.nonce = e->nonce,
		.binding = e->binding,
		.binding_data = (const unsigned char *)BINDING,
		.binding_len = sizeof(BINDING) - 1,
		.unoffered = e->unoffered,
	};
}

static void
agrees(void **state)
{
	const struct exchange	*e = *state;
	struct scram_options	 options = options_of(e);
	struct scram		 s;
	struct buffer		 out = { 0 };
	struct failure		 why;

	scram_start(&s, &options, &out);
	assert_string_equal(out.data, e->say[0]);
	buffer_clear(&out);
	assert_true(scram_step(&s, e->say[1], strlen(e->say[1]), &out, &why));
	assert_string_equal(out.data, e->say[2]);
	buffer_clear(&out);
	assert_int_equal(s.state, SCRAM_ANSWERED);
	assert_true(scram_step(&s, e->say[3], strlen(e->say[3]), &out, &why));
	assert_int_equal(out.len, 0);
	assert_int_equal(s.state, SCRAM_PROVED);
	assert_false(scram_step(&s, e->say[3], strlen(e->say[3]), &out, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
	scram_free(&s);
	buffer_free(&out);
}

#define NONCE	"fyko+d2lbbFgONRv9qkxdawL"
#define LONGER	NONCE "3rfcNHYJY1ZVvWVs7j"
#define TEN	"abcdefghij"
#define HUNDRED	TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define THOUSAND HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED \
		HUNDRED HUNDRED HUNDRED
#define GOOD	"r=" LONGER ",s=QSXCR+Q6sek8bf92,i=4096"

static const struct exchange rfc5802 = {
	TLS_SHA1, "user", NONCE, NULL, false, {
		"n,,n=user,r=" NONCE,
		GOOD,
		"c=biws,r=" LONGER ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
	},
};

static const struct exchange rfc7677 = {
	TLS_SHA256, "user", "rOprNGfwEbeRWgbNEkqO", NULL, false, {
		"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	},
};

struct first_message {
	const char	*user;
	const char	*binding;
	bool		 unoffered;
	const char	*want;
};

static void
begins(void **state)
{
	const struct first_message	*f = *state;
	struct exchange			 e = { TLS_SHA1, f->user, "abc",
	    f->binding, f->unoffered, { NULL } };
	struct scram_options		 options = options_of(&e);
	struct scram			 s;
	struct buffer			 out = { 0 };

	scram_start(&s, &options, &out);
	assert_string_equal(out.data, f->want);
	scram_free(&s);
	buffer_free(&out);
}

struct bound {
	const char	*binding;
	bool		 unoffered;
	const char	*want;
	size_t		 len;
};

/* The attribute c= contains the header and the channel binding. */
static void
binds(void **state)
{
	const struct bound	*b = *state;
	struct exchange		e = rfc5802;
	struct scram_options	options;
	struct scram		s;
	struct buffer		out = { 0 }, want = { 0 };
	struct failure		why;

	e.binding = b->binding;
	e.unoffered = b->unoffered;
	options = options_of(&e);
	scram_start(&s, &options, &out);
	buffer_clear(&out);
	assert_true(scram_step(&s, GOOD, strlen(GOOD), &out, &why));
	buffer_add_text(&want, "c=");
	base64_encode(&want, b->want, b->len);
	buffer_add_text(&want, ",r=" LONGER ",p=");
	assert_memory_equal(out.data, want.data, want.len);
	scram_free(&s);
	buffer_free(&out);
	buffer_free(&want);
}

struct bad_message {
	const char	*text;
	size_t		 len;
	int		 status;
	const char	*says;
};

static void
finds_out(const struct bad_message *lie, bool answered)
{
	struct scram_options	 options = options_of(&rfc5802);
	struct scram		 s;
	struct buffer		 out = { 0 };
	struct failure		 why;

	scram_start(&s, &options, &out);
	if (answered)
		assert_true(scram_step(&s, GOOD, strlen(GOOD), &out, &why));
	assert_false(scram_step(&s, lie->text, lie->len, &out, &why));
	assert_int_equal(why.status, lie->status);
	assert_non_null(strstr(why.text, lie->says));
	assert_int_not_equal(s.state, SCRAM_PROVED);
	scram_free(&s);
	buffer_free(&out);
}

static void
refuses_first(void **state)
{
	finds_out(*state, false);
}

static void
refuses_last(void **state)
{
	finds_out(*state, true);
}

struct told {
	bool		 answered;
	const char	*text;
	const char	*error;
};

/* After an error, neither a proof nor a challenge is accepted. */
static void
tells(void **state)
{
	const struct told	*t = *state;
	struct scram_options	 options = options_of(&rfc5802);
	struct scram		 s;
	struct buffer		 out = { 0 };
	struct failure		 why;

	scram_start(&s, &options, &out);
	if (t->answered)
		assert_true(scram_step(&s, GOOD, strlen(GOOD), &out, &why));
	assert_string_equal(s.error, "");
	buffer_clear(&out);
	assert_true(scram_step(&s, t->text, strlen(t->text), &out, &why));
	assert_int_equal(out.len, 0);
	assert_string_equal(s.error, t->error);
	assert_int_equal(s.state, SCRAM_REFUSED);
	for (int i = 1; i < 4; i += 2) {
		assert_false(scram_step(&s, rfc5802.say[i],
		    strlen(rfc5802.say[i]), &out, &why));
		assert_int_equal(why.status, EX_PROTOCOL);
		assert_int_equal(s.state, SCRAM_REFUSED);
	}
	scram_free(&s);
	buffer_free(&out);
}

/* Small numbers of iterations are accepted. */
static void
counts(void **state)
{
	const char		*count = *state;
	struct scram_options	 options = options_of(&rfc5802);
	struct scram		 s;
	struct buffer		 out = { 0 }, message = { 0 };
	struct failure		 why;

	buffer_addf(&message, "r=" LONGER ",s=QSXC,i=%s", count);
	scram_start(&s, &options, &out);
	assert_true(scram_step(&s, message.data, message.len, &out, &why));
	scram_free(&s);
	buffer_free(&out);
	buffer_free(&message);
}

struct clear_count {
	const char	*count;
	bool		 accepted;
};

static void
counts_in_clear(void **state)
{
	const struct clear_count	*c = *state;
	struct scram_options		 options = options_of(&rfc5802);
	struct scram			 s;
	struct buffer			 out = { 0 }, message = { 0 };
	struct failure			 why;

	options.in_clear = true;
	buffer_addf(&message, "r=" LONGER ",s=QSXC,i=%s", c->count);
	scram_start(&s, &options, &out);
	assert_int_equal(scram_step(&s, message.data, message.len, &out, &why),
	    c->accepted);
	if (!c->accepted) {
		assert_int_equal(why.status, EX_PROTOCOL);
		assert_non_null(strstr(why.text, "at least 4096"));
	}
	scram_free(&s);
	buffer_free(&out);
	buffer_free(&message);
}

static void
needs_a_digest(void **state)
{
	struct scram_options	options = options_of(&rfc5802);
	struct scram		s;
	struct buffer		out = { 0 };
	struct failure		why;

	(void)state;
	options.module = &no_digests;
	scram_start(&s, &options, &out);
	assert_false(scram_step(&s, GOOD, strlen(GOOD), &out, &why));
	assert_int_equal(why.status, EX_UNAVAILABLE);
	assert_non_null(strstr(why.text, "OpenSSL under test"));
	scram_free(&s);
	buffer_free(&out);
}

#define TELLS(sentence, answered, text, error) \
	{ sentence, tells, NULL, NULL, \
	    &(struct told){ answered, text, error } }
#define AGREES(sentence, exchange) \
	{ sentence, agrees, NULL, NULL, (void *)&exchange }
#define BEGINS(sentence, user, binding, want) \
	{ sentence, begins, NULL, NULL, \
	    &(struct first_message){ user, binding, false, want } }
#define BINDS(sentence, binding, unoffered, want) \
	{ sentence, binds, NULL, NULL, \
	    &(struct bound){ binding, unoffered, want, sizeof(want) - 1 } }
#define COUNTS(sentence, count) \
	{ sentence, counts, NULL, NULL, (void *)(uintptr_t)count }
#define COUNTS_IN_CLEAR(sentence, count, accepted) \
	{ sentence, counts_in_clear, NULL, NULL, \
	    &(struct clear_count){ count, accepted } }
#define BAD(sentence, function, text, status, says) \
	{ sentence, function, NULL, NULL, \
	    &(struct bad_message){ text, sizeof(text) - 1, status, says } }
#define FIRST(sentence, text, says) \
	BAD(sentence, refuses_first, text, EX_PROTOCOL, says)
#define LAST(sentence, text, status, says) \
	BAD(sentence, refuses_last, text, status, says)

int
main(void)
{
	const struct CMUnitTest	scram_spec[] = {
		AGREES("the exchange of RFC 5802", rfc5802),
		AGREES("the exchange of RFC 7677", rfc7677),
		BEGINS("a comma and an equals sign in the name are escaped",
		    "a,b=c,=", NULL, "n,,n=a=2Cb=3Dc=2C=3D,r=abc"),
		BEGINS("an empty name", "", NULL, "n,,n=,r=abc"),
		BEGINS("a channel binding is announced", "user",
		    "tls-exporter", "p=tls-exporter,,n=user,r=abc"),
		{ "a channel binding that is not offered is announced", begins,
		    NULL, NULL, &(struct first_message){ "user", NULL, true,
		    "y,,n=user,r=abc" } },
		BINDS("tls-unique is part of the final message", "tls-unique",
		    false, "p=tls-unique,," BINDING),
		BINDS("tls-server-end-point is part of the final message",
		    "tls-server-end-point",
		    false, "p=tls-server-end-point,," BINDING),
		BINDS("the flag 'y' is part of the final message", NULL, true,
		    "y,,"),
		COUNTS("one iteration is accepted", "1"),
		COUNTS("two iterations are accepted", "2"),
		COUNTS("a thousand iterations are accepted", "1000"),
		cmocka_unit_test(needs_a_digest),
		COUNTS_IN_CLEAR("4096 iterations are accepted without TLS",
		    "4096", true),
		COUNTS_IN_CLEAR("4095 iterations are refused without TLS",
		    "4095", false),
		COUNTS_IN_CLEAR("one iteration is refused without TLS", "1",
		    false),

		FIRST("an empty message", "", "not r=, s=, i="),
		FIRST("a NUL", "\0", "not r=, s=, i="),
		FIRST("no salt", "r=" LONGER ",i=4096", "not r="),
		FIRST("no iteration count", "r=" LONGER ",s=QSXC", "not r="),
		FIRST("attributes in another order",
		    "s=QSXC,r=" LONGER ",i=1", "not r="),
		FIRST("a signature in the first message",
		    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
		    "not r="),
		FIRST("a nonce that does not begin with ours",
		    "r=3rfcNHYJY1ZVvWVs7j,s=QSXC,i=1",
		    "nonce does not begin with ours"),
		FIRST("our nonce without an addition", "r=" NONCE ",s=QSXC,i=1",
		    "nonce does not begin with ours"),
		FIRST("a part of our nonce", "r=fyko,s=QSXC,i=1",
		    "nonce does not begin with ours"),
		FIRST("an empty nonce", "r=,s=QSXC,i=1",
		    "nonce does not begin with ours"),
		FIRST("a NUL in the nonce", "r=" NONCE "a\0b,s=QSXC,i=1",
		    "not printable"),
		FIRST("a blank in the nonce", "r=" NONCE "a b,s=QSXC,i=1",
		    "not printable"),
		FIRST("a nonce that is not ASCII",
		    "r=" NONCE "\303\274,s=QSXC,i=1",
		    "not printable"),
		FIRST("a nonce of more than 1000 octets", "r=" NONCE
		    THOUSAND ",s=QSXC,i=4096", "longer than 1000 octets"),
		FIRST("an empty salt", "r=" LONGER ",s=,i=4096", "salt"),
		FIRST("a salt that is not base64", "r=" LONGER ",s=QSX,i=4096",
		    "salt"),
		FIRST("an iteration count of 0", "r=" LONGER ",s=QSXC,i=0",
		    "invalid number of iterations"),
		FIRST("an empty iteration count", "r=" LONGER ",s=QSXC,i=",
		    "invalid number of iterations"),
		FIRST("a negative iteration count", "r=" LONGER ",s=QSXC,i=-1",
		    "invalid number of iterations"),
		FIRST("a space before the iteration count",
		    "r=" LONGER ",s=QSXC,i= 1",
		    "invalid number of iterations"),
		FIRST("letters after the iteration count",
		    "r=" LONGER ",s=QSXC,i=4096x",
		    "invalid number of iterations"),
		FIRST("a NUL after the iteration count",
		    "r=" LONGER ",s=QSXC,i=4096\0",
		    "invalid number of iterations"),
		FIRST("1000001 iterations", "r=" LONGER
		    ",s=QSXC,i=1000001", "more than 1000000"),
		FIRST("2^31 iterations", "r=" LONGER ",s=QSXC,i=2147483648",
		    "more than 1000000"),
		FIRST("2^32 + 1 iterations", "r=" LONGER ",s=QSXC,"
		    "i=4294967297", "more than 1000000"),
		FIRST("an iteration count that overflows",
		    "r=" LONGER ",s=QSXC,"
		    "i=99999999999999999999999999999999999999999",
		    "more than 1000000"),
		FIRST("a mandatory extension",
		    "m=new," GOOD, "(m=)"),
		TELLS("an error in place of the salt", false,
		    "e=unknown-user", "unknown-user"),

		LAST("a wrong signature", "v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		    EX_NOPERM, "did not prove"),
		LAST("a signature with one wrong bit",
		    "v=rmF9pqV8S7suAoZWja4dJRkFsKA=", EX_NOPERM,
		    "did not prove"),
		LAST("half a signature", "v=rmF9pqV8S7s=", EX_NOPERM,
		    "did not prove"),
		LAST("an empty signature", "v=", EX_NOPERM, "did not prove"),
		LAST("a signature that is not base64", "v=rm", EX_PROTOCOL,
		    "neither v= nor e="),
		LAST("an empty message", "", EX_PROTOCOL, "neither"),
		LAST("the first message again", GOOD, EX_PROTOCOL, "neither"),
		TELLS("the server rejects the proof", true, "e=invalid-proof",
		    "invalid-proof"),
		TELLS("an error with an extension", true,
		    "e=no-resources,x=v=AAAA", "no-resources"),
		TELLS("terminal escapes in an error", true, "e=\033[2J",
		    "\\033[2J"),
		TELLS("an empty error", true, "e=", ""),
	};

	return cmocka_run_group_tests(scram_spec, NULL, NULL);
}
