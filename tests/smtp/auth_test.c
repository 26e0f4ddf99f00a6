/*
 * The choice of a SASL mechanism, and the messages of each mechanism.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <cmocka.h>

#include "smtp/auth.h"
#include "support/cases.h"
#include "support/digests.h"
#include "util/base64.h"
#include "util/memory.h"

#define EVERYTHING "XOAUTH2 CRAM-MD5 login PLAIN OAUTHBEARER EXTERNAL " \
	"DIGEST-MD5 SCRAM-SHA-1 Scram-Sha-256 SCRAM-SHA-256-PLUS GSSAPI " \
	"SCRAM-SHA-1-PLUS"

enum wire {
	CLEAR,
	NO_EMS,		/* TLS 1.2 without extended master secret */
	TLS_1_2,
	TLS_1_3,
	ED25519,	/* TLS 1.3; no channel binding to the certificate */
};

#define BINDS_BY(type)	(1u << (type) | 1u << TLS_SERVER_END_POINT)

static struct tls *
session(enum wire wire, struct tls *tls)
{
	static const unsigned	binds[] = {
		[CLEAR]		= 0,
		[NO_EMS]	= 1u << TLS_SERVER_END_POINT,
		[TLS_1_2]	= BINDS_BY(TLS_UNIQUE),
		[TLS_1_3]	= BINDS_BY(TLS_EXPORTER),
		[ED25519]	= 1u << TLS_EXPORTER,
	};

	tls->binds = binds[wire];
	return wire == CLEAR ? NULL : tls;
}

/* The server offers everything. */
static struct auth *
start(const char *mechanism, const struct auth_options *options,
    struct tls *tls, struct failure *why)
{
	const struct auth_offer	offer = { .mechanisms = EVERYTHING,
				    .module = &digests, .tls = tls };

	return auth_start(mechanism, options, &offer, why);
}

/* As auth_mechanisms() returns them. */
#define MECHANISMS "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 " \
	"SCRAM-SHA-1 PLAIN LOGIN CRAM-MD5 OAUTHBEARER XOAUTH2 EXTERNAL"

#define PASSWORD	.user = "user", .password = "pencil"
#define TOKEN		.user = "user", .token = "ya29.token"
#define CERTIFICATE	.certificate = true

/* ------------------------------------------------------------- the choice */

struct offer {
	struct auth_options	 options;
	const char		*offered;
	enum wire		 wire;
	const char		*want;		/* mechanisms, or the text of
						 * the failure */
	enum auth_obstacle	 obstacle;
	enum auth_cause		 cause;
	bool			 plus_refused;	/* the first one is */
};

static struct auth_offer
auth_offer_of(const struct offer *o, struct tls *tls)
{
	return (struct auth_offer){ .mechanisms = o->offered,
	    .module = &digests, .tls = session(o->wire, tls) };
}

static void
chooses(void **state)
{
	const struct offer	*o = *state;
	struct tls		 tls;
	struct auth_offer	 offer = auth_offer_of(o, &tls);
	struct failure		 why;
	const char		*name;

	name = auth_choose(&o->options, &offer, &why);
	assert_non_null(name);
	assert_string_equal(name, o->want);
}

static void
refuses(void **state)
{
	const struct offer	*o = *state;
	struct tls		 tls;
	struct auth_offer	 offer = auth_offer_of(o, &tls);
	struct failure		 why;

	assert_null(auth_choose(&o->options, &offer, &why));
	assert_int_equal(why.status, EX_NOPERM);
	assert_int_equal(why.cause, o->cause);
	assert_string_equal(why.text, o->want);
}

static void
obstructs(void **state)
{
	const struct offer	*o = *state;
	struct tls		 tls;
	struct auth_offer	 offer = auth_offer_of(o, &tls);
	struct failure		 why;
	struct buffer		 names = { 0 };

	assert_null(auth_choose(&o->options, &offer, &why));
	assert_int_equal(why.status, EX_NOPERM);
	assert_int_equal(why.cause, o->cause);
	auth_list_obstructed(&o->options, &offer, o->obstacle, &names);
	assert_non_null(names.data);
	assert_string_equal(names.data, o->want);
	buffer_free(&names);
}

/* "want" lists the mechanisms that are tried, each after a refusal. */
static void
goes_on(void **state)
{
	const struct offer	*o = *state;
	struct tls		 tls;
	struct auth_offer	 offer = auth_offer_of(o, &tls);
	struct failure		 why;
	struct buffer		 names = { 0 };
	const char		*name;

	name = auth_choose(&o->options, &offer, &why);
	while (name != NULL) {
		buffer_addf(&names, "%s ", name);
		assert_true(names.len < 1000);
		offer.plus_refused = o->plus_refused;
		name = auth_choose_after(&o->options, &offer, name);
	}
	assert_string_equal(names.data, o->want);
	buffer_free(&names);
}

static void
ends_after_an_unknown_mechanism(void **state)
{
	struct auth_options	options = { PASSWORD };
	struct tls		tls = { BINDS_BY(TLS_EXPORTER) };
	struct auth_offer	offer = { .mechanisms = EVERYTHING, .module = &digests,
				    .tls = &tls };

	(void)state;
	assert_null(auth_choose_after(&options, &offer, "GSSAPI"));
}

static void
ends_without_tls(void **state)
{
	struct auth_options	options = { PASSWORD };
	struct auth_offer	offer = { .mechanisms = EVERYTHING,
				    .module = &digests };

	(void)state;
	assert_null(auth_choose_after(&options, &offer, "PLAIN"));
}

/* The length of an offer is not limited. */
static void
reads_a_long_offer(void **state)
{
	struct auth_options	options = { PASSWORD };
	struct tls		tls = { BINDS_BY(TLS_EXPORTER) };
	struct auth_offer	offer = { .module = &digests, .tls = &tls };
	struct buffer		offered = { 0 };
	struct failure		why;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buffer_add_text(&offered, "X-UNKNOWN ");
	offer.mechanisms = offered.data;
	assert_null(auth_choose(&options, &offer, &why));
	assert_non_null(strstr(why.text, "; relais supports SCRAM-SHA-256"));
	buffer_add_text(&offered, "PLAIN");
	offer.mechanisms = offered.data;
	assert_string_equal(auth_choose(&options, &offer, &why), "PLAIN");
	buffer_free(&offered);
}

/* ----------------------------------------------------------- an exchange */

struct turn {
	const char	*challenge;
	size_t		 len;
	const char	*response;	/* NULL: the exchange is ended */
	const char	*says;
};

struct dialogue {
	const char		*mechanism;
	struct auth_options	 options;
	const char		*initial;	/* NULL: the server begins */
	size_t			 len;
	struct turn		 turns[4];
	const char		*detail;
	bool			 late;		/* after a challenge */
	bool			 may_repeat;	/* at the end */
};

static void
take_turn(struct auth *a, const struct turn *t)
{
	struct buffer	response = { 0 };
	struct failure	why;
	bool		ok;

	ok = auth_step(a, t->challenge, t->len, &response, &why);
	if (t->response != NULL) {
		assert_true(ok);
		assert_int_equal(response.len, strlen(t->response));
		if (response.len > 0)
			assert_string_equal(response.data, t->response);
	} else {
		assert_false(ok);
		assert_int_equal(why.status, EX_PROTOCOL);
		assert_non_null(strstr(why.text, t->says));
	}
	buffer_wipe(&response);
}

static void
says(void **state)
{
	const struct dialogue	*d = *state;
	struct tls		 tls = { 0 };
	struct buffer		 initial = { 0 };
	struct failure		 why;
	struct auth		*a;

	a = start(d->mechanism, &d->options, &tls, &why);
	assert_non_null(a);
	assert_string_equal(auth_detail(a), "");
	assert_int_equal(auth_initial(a, d->late ? 0 : SIZE_MAX, &initial),
	    d->initial != NULL && !d->late);
	if (d->late)
		take_turn(a, &(struct turn){ "", 0, d->initial, NULL });
	assert_int_equal(initial.len, d->late ? 0 : d->len);
	if (initial.len > 0)
		assert_memory_equal(initial.data, d->initial, d->len);
	for (size_t i = 0; i < 4 && d->turns[i].challenge != NULL; i++)
		take_turn(a, &d->turns[i]);
	assert_string_equal(auth_detail(a), d->detail);
	assert_int_equal(auth_may_repeat(a), d->may_repeat);
	assert_true(auth_finish(a, &why));
	auth_free(a);
	buffer_wipe(&initial);
}

struct refusal {
	const char		*mechanism;
	struct auth_options	 options;
	enum wire		 wire;
	int			 status;
	const char		*says;
};

static void
does_not_start(void **state)
{
	const struct refusal	*r = *state;
	struct tls		 tls;
	struct failure		 why;

	assert_null(start(r->mechanism, &r->options,
	    session(r->wire, &tls), &why));
	assert_int_equal(why.status, r->status);
	assert_non_null(strstr(why.text, r->says));
	assert_null(strstr(why.text, "secret"));
}

static void
cram_needs_md5(void **state)
{
	struct auth_offer	 offer = { .module = &no_digests };
	struct auth_options	 options = { PASSWORD };
	struct buffer		 response = { 0 };
	struct failure		 why;
	struct auth		*a;

	(void)state;
	a = auth_start("CRAM-MD5", &options, &offer, &why);
	assert_non_null(a);
	assert_false(auth_step(a, "<1@x>", 5, &response, &why));
	assert_int_equal(why.status, EX_UNAVAILABLE);
	assert_non_null(strstr(why.text, "CRAM-MD5: OpenSSL under test"));
	auth_free(a);
	buffer_wipe(&response);
}

static void
digests_need_a_module(void **state)
{
	struct auth_offer	offer = { .module = NULL };
	struct auth_options	options = { PASSWORD };
	struct failure		why;

	(void)state;
	assert_null(auth_start("SCRAM-SHA-256", &options, &offer, &why));
	assert_int_equal(why.status, EX_UNAVAILABLE);
	assert_non_null(strstr(why.text,
	    "SCRAM-SHA-256: the digest is not available"));
}

static void
sends_a_token_of_any_length(void **state)
{
	char			*token = memory_new(1 << 20, 1);
	struct auth_options	 options = { .user = "user", .token = token };
	struct buffer		 initial = { 0 };
	struct failure		 why;
	struct auth		*a;

	(void)state;
	memset(token, 't', (1 << 20) - 1);
	a = start("XOAUTH2", &options, NULL, &why);
	assert_non_null(a);
	assert_true(auth_initial(a, SIZE_MAX, &initial));
	assert_int_equal(initial.len, strlen("user=user.auth=Bearer ..") +
	    (1 << 20) - 1);
	auth_free(a);
	buffer_wipe(&initial);
	free(token);
}

static void
cuts_a_long_error(void **state)
{
	struct auth_options	 options = { TOKEN };
	struct buffer		 response = { 0 };
	struct failure		 why;
	struct auth		*a;
	char			 json[8000];

	(void)state;
	memset(json, '\033', sizeof(json));
	a = start("XOAUTH2", &options, NULL, &why);
	assert_non_null(a);
	assert_true(auth_step(a, json, sizeof(json), &response, &why));
	assert_int_equal(strncmp(auth_detail(a), "\\033\\033", 8), 0);
	assert_true(strlen(auth_detail(a)) < 600);
	auth_free(a);
	buffer_wipe(&response);
}

/* A challenge that is longer than RFC 4954 allows is an error. */
static void
bounds_challenges(void **state)
{
	const char *const	*name = *state;
	struct auth_options	 options = { PASSWORD, .token = "t" };
	char			*challenge = memory_new(1 << 20, 1);
	struct tls		 tls = { BINDS_BY(TLS_EXPORTER) };
	struct buffer		 response = { 0 };
	struct failure		 why;
	struct auth		*a;

	memset(challenge, 'r', 1 << 20);
	a = start(*name, &options, &tls, &why);
	assert_non_null(a);
	assert_false(auth_step(a, challenge, 1 << 20, &response, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
	assert_non_null(strstr(why.text, "RFC 4954"));
	assert_int_equal(strncmp(why.text, *name, strlen(*name)), 0);
	auth_free(a);
	buffer_wipe(&response);
	free(challenge);
}

static const char *const all_mechanisms[] = {
	"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256",
	"SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "OAUTHBEARER", "XOAUTH2",
	"EXTERNAL",
};

struct repetition {
	const char	*sentence;
	const char	*mechanism;
	const char	*challenge;
};

/* The exchange ends although the server repeats its challenge. */
static void
ends_repetition(void **state)
{
	const struct repetition	*c = *state;
	struct auth_options	 options = { PASSWORD, .token = "t" };
	struct tls		 tls = { BINDS_BY(TLS_EXPORTER) };
	struct buffer		 response = { 0 };
	struct failure		 why;
	struct auth		*a;
	int			 n = 0;

	a = start(c->mechanism, &options, &tls, &why);
	assert_non_null(a);
	while (auth_step(a, c->challenge, strlen(c->challenge), &response,
	    &why))
		assert_in_range(++n, 1, 2);
	assert_int_equal(why.status, EX_PROTOCOL);
	auth_free(a);
	buffer_wipe(&response);
}

#define REPEATS(name, challenge) { name ": \"" challenge "\"", name, challenge }
#define REPEATS_EACH(name) \
	REPEATS(name, ""), REPEATS(name, "Username:"), \
	REPEATS(name, "Password:"), REPEATS(name, "r=a,s=QSXC,i=1"), \
	REPEATS(name, "v=AAAA")

static const struct repetition repetitions[] = {
	REPEATS_EACH("SCRAM-SHA-256-PLUS"),
	REPEATS_EACH("SCRAM-SHA-1-PLUS"),
	REPEATS_EACH("SCRAM-SHA-256"),
	REPEATS_EACH("SCRAM-SHA-1"),
	REPEATS_EACH("PLAIN"),
	REPEATS_EACH("LOGIN"),
	REPEATS_EACH("CRAM-MD5"),
	REPEATS_EACH("OAUTHBEARER"),
	REPEATS_EACH("XOAUTH2"),
	REPEATS_EACH("EXTERNAL"),
};

/* A new mechanism must be in the lists above. */
static void
all_mechanisms_are_tested(void **state)
{
	struct buffer	names = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(all_mechanisms) /
	    sizeof(*all_mechanisms); i++)
		buffer_addf(&names, "%s%s", i > 0 ? " " : "",
		    all_mechanisms[i]);
	assert_string_equal(names.data, auth_mechanisms());
	buffer_free(&names);
}

/* ---------------------------------------- SCRAM with a complete server */

struct scram_server {
	const char	*mechanism;
	enum tls_digest	 digest;
	enum wire	 wire;
	const char	*user;
	const char	*name;		/* as the server reads it */
	const char	*password;
	size_t		 size;		/* if > 0: a password of 'x' */
	const char	*header;
	const char	*offered;	/* NULL: nothing */
	const char	*list;		/* .mechanisms of the options */
	bool		 end_point, plus_refused;
};

static void
sign(const char *password, const struct scram_server *s, const char *key,
    const struct buffer *said, unsigned char out[TLS_DIGEST_MAX])
{
	unsigned char	salted[TLS_DIGEST_MAX], mac[TLS_DIGEST_MAX];
	size_t		n;

	n = digests.pbkdf2(s->digest, password, strlen(password), "salt", 4,
	    4096, salted);
	digests.hmac(s->digest, salted, n, key, strlen(key), mac);
	if (strcmp(key, "Client Key") == 0) {
		unsigned char	stored[TLS_DIGEST_MAX];

		digests.digest(s->digest, mac, n, stored);
		digests.hmac(s->digest, stored, n, said->data, said->len, out);
		for (size_t i = 0; i < n; i++)
			out[i] ^= mac[i];
	} else {
		digests.hmac(s->digest, mac, n, said->data, said->len, out);
	}
}

/* Checks the last message of the client octet by octet. */
static void
expect_final(const struct scram_server *s, const char *password,
    const char *nonce, struct buffer *said, const char *final)
{
	struct buffer	binding = { 0 }, want = { 0 };
	unsigned char	proof[TLS_DIGEST_MAX];

	buffer_add_text(&binding, s->header);
	if (strcmp(s->header, "p=tls-exporter,,") == 0)
		buffer_add_text(&binding, "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`");
	else if (strcmp(s->header, "p=tls-unique,,") == 0)
		buffer_add_text(&binding, "abcdefghijkl");
	else if (strcmp(s->header, "p=tls-server-end-point,,") == 0)
		buffer_add_text(&binding, "0123456789:;<=>?@"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_");
	buffer_add_text(&want, "c=");
	base64_encode(&want, binding.data, binding.len);
	buffer_addf(&want, ",r=%s", nonce);
	buffer_addf(said, ",%s", want.data);
	sign(password, s, "Client Key", said, proof);
	buffer_add_text(&want, ",p=");
	base64_encode(&want, proof, s->digest == TLS_SHA1 ? 20 : 32);
	assert_string_equal(final, want.data);
	buffer_free(&binding);
	buffer_free(&want);
}

static void
proves(void **state)
{
	const struct scram_server	*s = *state;
	char				 long_one[5000] = "";
	struct auth_options		 options = { .user = s->user,
					    .mechanisms = s->list };
	struct tls			 tls;
	struct auth_offer		 offer = {
		.mechanisms = s->offered != NULL ? s->offered : "",
		.module = &digests,
		.tls = session(s->wire, &tls),
		.end_point = s->end_point,
		.plus_refused = s->plus_refused,
	};
	struct buffer			 said = { 0 }, out = { 0 };
	struct buffer			 challenge = { 0 }, nonce = { 0 };
	struct failure			 why;
	struct auth			*a;
	unsigned char			 signature[TLS_DIGEST_MAX];
	const char			*at;

	memset(long_one, 'x', s->size);
	options.password = s->size > 0 ? long_one : s->password;
	a = auth_start(s->mechanism, &options, &offer, &why);
	assert_non_null(a);
	if (s->header[0] == 'p')
		assert_memory_equal(auth_binding(a), s->header + 2,
		    strlen(s->header) - 4);
	else
		assert_null(auth_binding(a));
	assert_true(auth_initial(a, SIZE_MAX, &out));
	assert_int_equal(strncmp(out.data, s->header, strlen(s->header)), 0);
	buffer_add_text(&said, out.data + strlen(s->header));
	at = strstr(said.data, ",r=");
	assert_non_null(at);
	assert_int_equal(strlen(at), 3 + 32);
	assert_memory_equal(said.data, s->name, strlen(s->name));
	buffer_addf(&nonce, "%sSERVER", at + 3);

	buffer_addf(&challenge, "r=%s,s=c2FsdA==,i=4096,x=new", nonce.data);
	buffer_addf(&said, ",%s", challenge.data);
	buffer_clear(&out);
	assert_true(auth_step(a, challenge.data, challenge.len, &out, &why));
	expect_final(s, options.password, nonce.data, &said, out.data);

	assert_false(auth_finish(a, &why));
	assert_int_equal(why.status, EX_NOPERM);
	assert_non_null(strstr(why.text, "did not prove"));

	sign(options.password, s, "Server Key", &said, signature);
	buffer_clear(&challenge);
	buffer_add_text(&challenge, "v=");
	base64_encode(&challenge, signature, s->digest == TLS_SHA1 ? 20 : 32);
	buffer_clear(&out);
	assert_true(auth_step(a, challenge.data, challenge.len, &out, &why));
	assert_int_equal(out.len, 0);
	assert_true(auth_finish(a, &why));

	auth_free(a);
	buffer_free(&said);
	buffer_free(&out);
	buffer_free(&challenge);
	buffer_free(&nonce);
}

/* Each exchange has its own nonce. */
static void
nonces_differ(void **state)
{
	struct auth_options	 options = { PASSWORD };
	struct buffer		 first[2] = { 0 };
	struct failure		 why;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct auth	*a = start("SCRAM-SHA-1", &options,
		    NULL, &why);

		assert_non_null(a);
		assert_true(auth_initial(a, SIZE_MAX, &first[i]));
		auth_free(a);
	}
	assert_string_not_equal(first[0].data, first[1].data);
	buffer_free(&first[0]);
	buffer_free(&first[1]);
}

/* If the server accepts before its first message, it has proved nothing. */
static void
scram_ends_too_early(void **state)
{
	struct auth_options	 options = { PASSWORD };
	struct failure		 why;
	struct auth		*a;

	(void)state;
	a = start("SCRAM-SHA-256", &options, NULL, &why);
	assert_non_null(a);
	assert_false(auth_finish(a, &why));
	assert_int_equal(why.status, EX_NOPERM);
	auth_free(a);
	auth_free(NULL);
}

struct reported {
	const char	*mechanism;
	enum wire	 wire;
	bool		 end_point;
	const char	*error;
	bool		 may_rebind;
	int		 cause;
};

/* An error of the server, in place of its first message. */
static void
reports(void **state)
{
	const struct reported	*r = *state;
	struct auth_options	 options = { PASSWORD };
	struct tls		 tls;
	struct auth_offer	 offer = { .mechanisms = r->mechanism,
				    .module = &digests,
				    .tls = session(r->wire, &tls),
				    .end_point = r->end_point };
	struct buffer		 initial = { 0 }, out = { 0 };
	struct failure		 why;
	struct auth		*a;

	a = auth_start(r->mechanism, &options, &offer, &why);
	assert_non_null(a);
	assert_true(auth_initial(a, SIZE_MAX, &initial));
	assert_false(auth_may_rebind(a));
	if (r->error != NULL) {
		assert_true(auth_step(a, r->error, strlen(r->error), &out,
		    &why));
		assert_string_equal(auth_detail(a), r->error + 2);
	}
	assert_int_equal(out.len, 0);
	assert_int_equal(auth_may_rebind(a), r->may_rebind);
	assert_int_equal(auth_cause(a), r->cause);
	assert_false(auth_finish(a, &why));
	auth_free(a);
	buffer_wipe(&initial);
}

/* Texts may contain NULs. */
#define OCTETS(text)	text, sizeof(text) - 1
#define CHALLENGE(text, response)	{ OCTETS(text), response, NULL }
#define BREAKS_OFF(text, says)		{ OCTETS(text), NULL, says }

#define CHOOSES(sentence, credentials, offered, wire, want) \
	{ sentence, chooses, NULL, NULL, &(struct offer){ \
	    { credentials }, offered, wire, want, 0, 0, false } }
#define REFUSES(sentence, credentials, offered, wire, cause, text) \
	{ sentence, refuses, NULL, NULL, &(struct offer){ \
	    { credentials }, offered, wire, text, 0, cause, \
	    false } }
#define OBSTRUCTS(sentence, credentials, offered, wire, obstacle, names) \
	{ sentence, obstructs, NULL, NULL, &(struct offer){ \
	    { credentials }, offered, wire, names, obstacle, \
	    AUTH_CAUSE_NO_MECHANISM, false } }
#define GOES_ON(sentence, credentials, offered, wire, want) \
	{ sentence, goes_on, NULL, NULL, &(struct offer){ \
	    { credentials }, offered, wire, want, 0, 0, false } }
#define GOES_ON_BOUND(sentence, credentials, offered, wire, want) \
	{ sentence, goes_on, NULL, NULL, &(struct offer){ \
	    { credentials }, offered, wire, want, 0, 0, true } }
#define BOTH(a, b)	a, b
#define ALL(a, b, c)	a, b, c
#define NAMED(list)	.mechanisms = list

#define SAYS(sentence, mechanism, credentials, initial, detail, ...) \
	{ sentence, says, NULL, NULL, &(struct dialogue){ mechanism, \
	    { credentials }, OCTETS(initial), { __VA_ARGS__ }, detail, \
	    false, false } }
#define LOGS_IN(sentence, late, may_repeat, ...) \
	{ sentence, says, NULL, NULL, &(struct dialogue){ "LOGIN", \
	    { PASSWORD }, OCTETS("user"), { __VA_ARGS__ }, "", late, \
	    may_repeat } }
#define LISTENS(sentence, mechanism, credentials, ...) \
	{ sentence, says, NULL, NULL, &(struct dialogue){ mechanism, \
	    { credentials }, NULL, 0, { __VA_ARGS__ }, "", false, false } }
#define NO_START(sentence, mechanism, credentials, wire, status, says) \
	{ sentence, does_not_start, NULL, NULL, &(struct refusal){ \
	    mechanism, { credentials }, wire, status, says } }
#define REPORTS(sentence, ...) \
	{ sentence, reports, NULL, NULL, &(struct reported){ __VA_ARGS__ } }
#define FLAGS(sentence, wire, header, ...) \
	PROVES(sentence, "SCRAM-SHA-256", TLS_SHA256, wire, "user", \
	    "n=user,", "pencil", 0, header, __VA_ARGS__)
#define PROVES(sentence, name, ...) \
	{ sentence, proves, NULL, NULL, &(struct scram_server){ \
	    .mechanism = name, __VA_ARGS__ } }

/* Three characters that NFKC would change. */
#define ODD "abcd123456789\302\250\342\200\221\302\274###"

#define JSON "{\"status\":\"401\",\"scope\":\"https://mail.example/\"}"

int
main(void)
{
	const struct CMUnitTest	choice_spec[] = {
		CHOOSES("the strongest, with TLS 1.3", PASSWORD, EVERYTHING,
		    TLS_1_3, "SCRAM-SHA-256-PLUS"),
		CHOOSES("the strongest, with TLS 1.2", PASSWORD, EVERYTHING,
		    TLS_1_2, "SCRAM-SHA-256-PLUS"),
		CHOOSES("channel binding before the stronger digest", PASSWORD,
		    "SCRAM-SHA-256 SCRAM-SHA-1-PLUS", TLS_1_2,
		    "SCRAM-SHA-1-PLUS"),
		CHOOSES("no channel binding without extended master secret",
		    PASSWORD, EVERYTHING, NO_EMS, "SCRAM-SHA-256"),
		CHOOSES("SCRAM before PLAIN", PASSWORD,
		    "PLAIN LOGIN SCRAM-SHA-1", TLS_1_3, "SCRAM-SHA-1"),
		CHOOSES("PLAIN before LOGIN, in any order of the offer",
		    PASSWORD,
		    "LOGIN PLAIN", TLS_1_3, "PLAIN"),
		CHOOSES("LOGIN if no other known mechanism is offered",
		    PASSWORD,
		    "GSSAPI  login NTLM", TLS_1_3, "LOGIN"),
		CHOOSES("names are case-insensitive and may be repeated",
		    PASSWORD,
		    "\tplain Plain  LOGIN PLAIN ", TLS_1_3, "PLAIN"),
		CHOOSES("a prefix of a name is not the name", PASSWORD,
		    "PLAINTEXT SCRAM-SHA-256-PLUSX LOGIN", TLS_1_3, "LOGIN"),
		CHOOSES("unknown names are ignored", PASSWORD,
		    "\1 === \377\376 PLAIN", TLS_1_3, "PLAIN"),
		CHOOSES("a token is sent by OAUTHBEARER first",
		    TOKEN, EVERYTHING,
		    TLS_1_3, "OAUTHBEARER"),
		CHOOSES("a token is sent by XOAUTH2 without OAUTHBEARER",
		    TOKEN, "PLAIN XOAUTH2", TLS_1_3, "XOAUTH2"),
		CHOOSES("OAUTHBEARER needs no user name", .token = "t",
		    EVERYTHING, TLS_1_3, "OAUTHBEARER"),
		CHOOSES("a certificate without a password: EXTERNAL",
		    CERTIFICATE,
		    EVERYTHING, TLS_1_3, "EXTERNAL"),
		CHOOSES("a password comes before a certificate",
		    BOTH(PASSWORD, CERTIFICATE), "EXTERNAL PLAIN", TLS_1_3,
		    "PLAIN"),
		CHOOSES("the list determines the order",
		    BOTH(PASSWORD, NAMED("LOGIN PLAIN")), EVERYTHING, TLS_1_3,
		    "LOGIN"),
		CHOOSES("the list is case-insensitive",
		    BOTH(PASSWORD, NAMED(" plain\tlogin ")), EVERYTHING,
		    TLS_1_3, "PLAIN"),
		CHOOSES("mechanisms that are not offered are skipped",
		    BOTH(PASSWORD, NAMED("CRAM-MD5 PLAIN")), "PLAIN", TLS_1_3,
		    "PLAIN"),
		CHOOSES("impossible mechanisms in the list are skipped",
		    BOTH(PASSWORD, NAMED("XOAUTH2 NTLM SCRAM-SHA-256-PLUS "
		    "PLAIN")), EVERYTHING, NO_EMS, "PLAIN"),
		CHOOSES("CRAM-MD5 if the list names it",
		    BOTH(PASSWORD, NAMED("CRAM-MD5")), EVERYTHING, TLS_1_3,
		    "CRAM-MD5"),
		CHOOSES("EXTERNAL without a certificate if the list names it",
		    NAMED("EXTERNAL"), EVERYTHING, TLS_1_3, "EXTERNAL"),
		CHOOSES("a password in spite of a token if the list says so",
		    ALL(TOKEN, .password = "x", NAMED("PLAIN")), EVERYTHING,
		    TLS_1_3, "PLAIN"),
		CHOOSES("in clear if that is allowed explicitly",
		    BOTH(PASSWORD, .in_clear = true), EVERYTHING, CLEAR,
		    "SCRAM-SHA-256"),
		CHOOSES("PLAIN in clear if the list names it",
		    ALL(PASSWORD, .in_clear = true, NAMED("PLAIN")),
		    EVERYTHING, CLEAR, "PLAIN"),
		CHOOSES("a token in clear if the list names its mechanism",
		    ALL(TOKEN, .in_clear = true, NAMED("XOAUTH2")),
		    EVERYTHING, CLEAR, "XOAUTH2"),

		REFUSES("clear text must be allowed explicitly", PASSWORD,
		    EVERYTHING, CLEAR, AUTH_CAUSE_IN_CLEAR,
		    "credentials are not sent in clear text"),
		REFUSES("a server may not offer AUTH at all", PASSWORD, "",
		    TLS_1_3, AUTH_CAUSE_NOT_OFFERED,
		    "the server does not offer AUTH on this port"),
		REFUSES("a server may not offer AUTH without TLS",
		    BOTH(PASSWORD, .in_clear = true), " ", CLEAR,
		    AUTH_CAUSE_NOT_IN_CLEAR,
		    "the server does not offer AUTH without TLS"),
		REFUSES("the offered mechanisms are named in the text",
		    PASSWORD, " XOAUTH2 OAUTHBEARER\t", TLS_1_3,
		    AUTH_CAUSE_NO_MECHANISM,
		    "the server offers only XOAUTH2 OAUTHBEARER"),
		REFUSES("if all are unknown, the text names ours",
		    PASSWORD, "GSSAPI \33[2J", TLS_1_3,
		    AUTH_CAUSE_NO_MECHANISM, "the server offers only GSSAPI "
		    "\\033[2J; relais supports " MECHANISMS),

		OBSTRUCTS("PLAIN and LOGIN send the password in clear text",
		    BOTH(PASSWORD, .in_clear = true), "LOGIN PLAIN CRAM-MD5",
		    CLEAR, AUTH_OBSTACLE_IN_CLEAR, "PLAIN, LOGIN"),
		OBSTRUCTS("OAUTHBEARER and XOAUTH2 send the token in clear "
		    "text", BOTH(TOKEN, .in_clear = true),
		    "XOAUTH2 OAUTHBEARER", CLEAR, AUTH_OBSTACLE_IN_CLEAR,
		    "OAUTHBEARER, XOAUTH2"),
		OBSTRUCTS("a token is missing", PASSWORD,
		    "XOAUTH2 OAUTHBEARER", TLS_1_3, AUTH_OBSTACLE_NO_TOKEN,
		    "OAUTHBEARER, XOAUTH2"),
		OBSTRUCTS("a token is set instead of a password", TOKEN,
		    "PLAIN LOGIN", TLS_1_3, AUTH_OBSTACLE_TOKEN,
		    "PLAIN, LOGIN"),
		OBSTRUCTS("a token is set in addition to a password",
		    BOTH(TOKEN, .password = "x"), "PLAIN", TLS_1_3,
		    AUTH_OBSTACLE_TOKEN, "PLAIN"),
		OBSTRUCTS("a password is missing", .user = "user", "PLAIN",
		    TLS_1_3, AUTH_OBSTACLE_NO_PASSWORD, "PLAIN"),
		OBSTRUCTS("a user name is missing", .token = "t", "XOAUTH2",
		    TLS_1_3, AUTH_OBSTACLE_NO_USER, "XOAUTH2"),
		OBSTRUCTS("a certificate is missing", PASSWORD, "EXTERNAL",
		    TLS_1_3, AUTH_OBSTACLE_NO_CERTIFICATE, "EXTERNAL"),
		OBSTRUCTS("with a password, EXTERNAL must be named",
		    BOTH(PASSWORD, CERTIFICATE), "EXTERNAL", TLS_1_3,
		    AUTH_OBSTACLE_NOT_NAMED, "EXTERNAL"),
		OBSTRUCTS("TLS 1.2 without extended master secret has no "
		    "channel binding", PASSWORD,
		    "SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS", NO_EMS,
		    AUTH_OBSTACLE_NO_BINDING,
		    "SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS"),
		OBSTRUCTS("CRAM-MD5 must be named", PASSWORD, "CRAM-MD5",
		    TLS_1_3, AUTH_OBSTACLE_NOT_NAMED, "CRAM-MD5"),
		OBSTRUCTS("the list does not name PLAIN",
		    BOTH(PASSWORD, NAMED("SCRAM-SHA-256")), "PLAIN XOAUTH2",
		    TLS_1_3, AUTH_OBSTACLE_NOT_NAMED, "PLAIN"),
		OBSTRUCTS("credentials come before the list",
		    BOTH(PASSWORD, NAMED("SCRAM-SHA-256")), "PLAIN XOAUTH2",
		    TLS_1_3, AUTH_OBSTACLE_NO_TOKEN, "XOAUTH2"),

		GOES_ON("from the strongest to the weakest", PASSWORD,
		    EVERYTHING, NO_EMS, "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN "),
		GOES_ON_BOUND("after channel binding, never with a mechanism "
		    "that sends the password", PASSWORD, EVERYTHING, TLS_1_3,
		    "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 "
		    "SCRAM-SHA-1 "),
		GOES_ON_BOUND("after channel binding, with PLAIN if the list "
		    "names it", BOTH(PASSWORD, NAMED("SCRAM-SHA-1-PLUS PLAIN")),
		    EVERYTHING, TLS_1_3, "SCRAM-SHA-1-PLUS PLAIN "),
		GOES_ON("without TLS, never with a mechanism that sends the password",
		    BOTH(PASSWORD, .in_clear = true), EVERYTHING, CLEAR,
		    "SCRAM-SHA-256 SCRAM-SHA-1 "),
		GOES_ON("in the order of the list, each once",
		    BOTH(PASSWORD, NAMED("PLAIN LOGIN PLAIN CRAM-MD5")),
		    EVERYTHING, TLS_1_3, "PLAIN LOGIN CRAM-MD5 "),
		GOES_ON("with a token", TOKEN, EVERYTHING, TLS_1_3,
		    "OAUTHBEARER XOAUTH2 "),
		cmocka_unit_test(ends_after_an_unknown_mechanism),
		cmocka_unit_test(ends_without_tls),
		cmocka_unit_test(reads_a_long_offer),
	};
	const struct CMUnitTest	mechanism_spec[] = {
		SAYS("PLAIN sends one message", "plain", PASSWORD,
		    "\0user\0pencil", "",
		    BREAKS_OFF("", "unexpected challenge")),
		SAYS("PLAIN sends the octets unchanged", "PLAIN",
		    BOTH(.user = "\342\205\250", .password = ODD),
		    "\0\342\205\250\0" ODD, "", { 0 }),
		SAYS("PLAIN sends octets that are not UTF-8", "PLAIN",
		    BOTH(.user = "M\374ller", .password = "\334\t"),
		    "\0M\374ller\0\334\t", "", { 0 }),
		SAYS("PLAIN with an empty password", "PLAIN",
		    BOTH(.user = "u", .password = ""), "\0u\0", "", { 0 }),
		LOGS_IN("LOGIN sends the user name as the initial response",
		    false, false,
		    CHALLENGE("Password:", "pencil"),
		    BREAKS_OFF("Password:", "unexpected challenge")),
		LOGS_IN("LOGIN without any prompt may be repeated", false,
		    true, { 0 }),
		LOGS_IN("LOGIN sends the user name again if asked again", false,
		    false, CHALLENGE("Username:", "user"),
		    CHALLENGE("Password:", "pencil"),
		    BREAKS_OFF("Username:", "unexpected challenge")),
		LOGS_IN("LOGIN recognises another prompt", false, false,
		    CHALLENGE("User Name\0", "user"),
		    CHALLENGE("Password\0", "pencil")),
		LOGS_IN("LOGIN sends the password after any second prompt",
		    false, false, CHALLENGE("login:", "user"),
		    CHALLENGE("Kennwort:", "pencil")),
		LOGS_IN("LOGIN is not taken in by a user's password", false,
		    false, CHALLENGE("User password:", "pencil")),
		LOGS_IN("LOGIN recognises a prompt in German", false, false,
		    CHALLENGE("Passwort\0", "pencil")),
		LOGS_IN("LOGIN does not answer an empty prompt", false, true,
		    BREAKS_OFF("", "does not say whether")),
		LOGS_IN("LOGIN does not answer an unknown prompt",
		    false, true, BREAKS_OFF("Kennwort:", "does not say")),
		LOGS_IN("LOGIN does not answer an ambiguous prompt", false,
		    true, BREAKS_OFF("Username or password:", "does not say")),
		LOGS_IN("LOGIN does not send the user name three times", false,
		    false, CHALLENGE("Username:", "user"),
		    BREAKS_OFF("Username:", "requests the user name again")),
		LOGS_IN("LOGIN without initial response: first the user name",
		    true, false, CHALLENGE("", "pencil"),
		    BREAKS_OFF("", "unexpected challenge")),
		LOGS_IN("LOGIN without initial response: then the password",
		    true, false, CHALLENGE("Kennwort:", "pencil")),
		LOGS_IN("LOGIN without initial response: no second user name",
		    true,
		    false, BREAKS_OFF("Username:", "user name again")),
		SAYS("LOGIN sends the octets unchanged", "LOGIN",
		    BOTH(.user = "\303\234", .password = "\334\t"),
		    "\303\234", "", CHALLENGE("Password:", "\334\t")),
		SAYS("PLAIN is not repeated", "PLAIN", PASSWORD,
		    "\0user\0pencil", "", { 0 }),
		LISTENS("CRAM-MD5 as in RFC 2195", "CRAM-MD5",
		    BOTH(.user = "tim", .password = "tanstaaftanstaaf"),
		    CHALLENGE("<1896.697170952@postoffice.reston.mci.net>",
		    "tim b913a602c7eda7a495b4e6e7334d3890"),
		    BREAKS_OFF("<1@x>", "second challenge")),
		LISTENS("CRAM-MD5 takes the password octet by octet",
		    "CRAM-MD5", BOTH(.user = "\342\205\250",
		    .password = ODD), CHALLENGE("<1@x>",
		    "\342\205\250 ccce1c0cb16ab812ccbd7e44af37ac7c")),
		LISTENS("CRAM-MD5 requires a challenge", "CRAM-MD5", PASSWORD,
		    BREAKS_OFF("", "empty")),
		SAYS("EXTERNAL without a user name",
		    "EXTERNAL", CERTIFICATE, "", "",
		    BREAKS_OFF("", "unexpected challenge")),
		SAYS("EXTERNAL with a user name", "EXTERNAL",
		    BOTH(CERTIFICATE, .user = "user"), "user", "", { 0 }),
		SAYS("OAUTHBEARER as in RFC 7628", "OAUTHBEARER",
		    ALL(TOKEN, .host = "smtp.example", .port = 587),
		    "n,a=user,\1host=smtp.example\1port=587\1"
		    "auth=Bearer ya29.token\1\1", JSON,
		    CHALLENGE(JSON, "\1"),
		    BREAKS_OFF("", "unexpected second challenge")),
		SAYS("OAUTHBEARER escapes the name", "OAUTHBEARER",
		    BOTH(.user = "a,b=c", .token = "t"),
		    "n,a=a=2Cb=3Dc,\1auth=Bearer t\1\1", "", { 0 }),
		SAYS("OAUTHBEARER without a name", "OAUTHBEARER",
		    .token = "t", "n,,\1auth=Bearer t\1\1", "", { 0 }),
		SAYS("XOAUTH2", "XOAUTH2", TOKEN,
		    "user=user\1auth=Bearer ya29.token\1\1", JSON,
		    CHALLENGE(JSON, ""),
		    BREAKS_OFF("", "unexpected second challenge")),
		SAYS("the error of a provider is made visible",
		    "XOAUTH2", TOKEN,
		    "user=user\1auth=Bearer ya29.token\1\1", "\\033[2J\\000",
		    CHALLENGE("\33[2J\0", "")),

		NO_START("an unknown mechanism", "GSSAPI", PASSWORD, TLS_1_3,
		    EX_CONFIG, "GSSAPI"),
		NO_START("no password", "PLAIN", TOKEN, TLS_1_3, EX_CONFIG,
		    "not possible with these credentials"),
		NO_START("no user name", "PLAIN", .password = "secret",
		    TLS_1_3, EX_CONFIG, "credentials"),
		NO_START("no token", "XOAUTH2", PASSWORD, TLS_1_3, EX_CONFIG,
		    "credentials"),
		NO_START("a control character in a password", "SCRAM-SHA-1",
		    BOTH(.user = "user", .password = "secret\r"), TLS_1_3,
		    EX_CONFIG, "SCRAM-SHA-1: the password contains U+000D"),
		NO_START("a user name in Latin-1", "SCRAM-SHA-1",
		    BOTH(.user = "M\374ller", .password = "secret"), TLS_1_3,
		    EX_CONFIG, "SCRAM-SHA-1: the user name is not valid"),
		NO_START("an empty token", "OAUTHBEARER", .token = "",
		    TLS_1_3, EX_CONFIG, "token is empty"),
		NO_START("a token with a second line", "XOAUTH2",
		    BOTH(.user = "user", .token = "secret\nsecret"), TLS_1_3,
		    EX_CONFIG, "token contains a control character"),
		NO_START("a separator in a user name", "OAUTHBEARER",
		    BOTH(.user = "a\1b", .token = "secret"), TLS_1_3,
		    EX_CONFIG, "user name contains a control character"),
		NO_START("no channel binding without extended master secret",
		    "SCRAM-SHA-256-PLUS", PASSWORD, NO_EMS, EX_UNAVAILABLE,
		    "no channel binding"),
		NO_START("no channel binding without TLS", "SCRAM-SHA-256-PLUS",
		    PASSWORD, CLEAR, EX_UNAVAILABLE, "no channel binding"),

		cmocka_unit_test(cram_needs_md5),
		cmocka_unit_test(digests_need_a_module),
		cmocka_unit_test(sends_a_token_of_any_length),
		cmocka_unit_test(cuts_a_long_error),
		cmocka_unit_test(all_mechanisms_are_tested),
	};
	const struct CMUnitTest	scram_spec[] = {
		PROVES("SCRAM-SHA-1", "SCRAM-SHA-1", TLS_SHA1, CLEAR, "user",
		    "n=user,", "pencil", 0, "n,,"),
		PROVES("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", TLS_SHA256,
		    TLS_1_3, "user", "n=user,", "pencil", 0,
		    "p=tls-exporter,,"),
		PROVES("SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS", TLS_SHA1,
		    TLS_1_3, "user", "n=user,", "pencil", 0,
		    "p=tls-exporter,,"),
		PROVES("SCRAM-SHA-256-PLUS with TLS 1.2", "SCRAM-SHA-256-PLUS",
		    TLS_SHA256, TLS_1_2, "user", "n=user,", "pencil", 0,
		    "p=tls-unique,,"),
		PROVES("SCRAM-SHA-1-PLUS with TLS 1.2", "SCRAM-SHA-1-PLUS",
		    TLS_SHA1, TLS_1_2, "user", "n=user,", "pencil", 0,
		    "p=tls-unique,,"),
		PROVES("SCRAM-SHA-256-PLUS with the certificate",
		    "SCRAM-SHA-256-PLUS", TLS_SHA256, TLS_1_3, "user",
		    "n=user,", "pencil", 0, "p=tls-server-end-point,,",
		    .end_point = true),
		FLAGS("'y' if the server does not offer channel binding",
		    TLS_1_3, "y,,", .offered = "PLAIN SCRAM-SHA-256 PLUS"),
		FLAGS("'y' with TLS 1.2, too", TLS_1_2, "y,,",
		    .offered = "SCRAM-SHA-256"),
		FLAGS("'y' if the server has refused channel binding", TLS_1_3,
		    "y,,", .offered = EVERYTHING, .plus_refused = true),
		FLAGS("'y' if auth names channel binding and the server does "
		    "not offer it", TLS_1_3, "y,,",
		    .offered = "SCRAM-SHA-256",
		    .list = "SCRAM-SHA-1-PLUS SCRAM-SHA-256"),
		FLAGS("'n' if auth does not name channel binding", TLS_1_3,
		    "n,,", .offered = "SCRAM-SHA-256",
		    .list = "SCRAM-SHA-256 PLAIN"),
		FLAGS("'n' if auth excludes the channel binding that the "
		    "server offers", TLS_1_3, "n,,", .offered = EVERYTHING,
		    .list = "SCRAM-SHA-256"),
		FLAGS("'n' without extended master secret", NO_EMS, "n,,",
		    .offered = "SCRAM-SHA-256"),
		FLAGS("'n' without extended master secret if the server "
		    "offers channel binding", NO_EMS, "n,,",
		    .offered = EVERYTHING),
		FLAGS("'n' without TLS", CLEAR, "n,,",
		    .offered = "SCRAM-SHA-256"),
		FLAGS("'n' if the server offers channel binding with another "
		    "digest", TLS_1_3, "n,,",
		    .offered = "SCRAM-SHA-256 scram-sha-512-plus"),
		PROVES("a name with a comma and an equals sign", "SCRAM-SHA-1",
		    TLS_SHA1, TLS_1_3, "a,b=c", "n=a=2Cb=3Dc,", "pencil", 0,
		    "y,,"),
		PROVES("a name is prepared by SASLprep",
		    "SCRAM-SHA-1", TLS_SHA1,
		    TLS_1_3, "\342\205\250", "n=IX,", "pencil", 0, "y,,"),
		PROVES("an empty password", "SCRAM-SHA-256", TLS_SHA256,
		    TLS_1_3, "user", "n=user,", "", 0, "y,,"),
		PROVES("a password of one octet", "SCRAM-SHA-256", TLS_SHA256,
		    TLS_1_3, "user", "n=user,", NULL, 1, "y,,"),
		PROVES("a password of one block", "SCRAM-SHA-256", TLS_SHA256,
		    TLS_1_3, "user", "n=user,", NULL, 64, "y,,"),
		PROVES("a password of one block and an octet", "SCRAM-SHA-1", TLS_SHA1,
		    TLS_1_3, "user", "n=user,", NULL, 65, "y,,"),
		PROVES("a password of 4096 octets", "SCRAM-SHA-256", TLS_SHA256,
		    TLS_1_3, "user", "n=user,", NULL, 4096, "y,,"),
		PROVES("a password that is not ASCII",
		    "SCRAM-SHA-256", TLS_SHA256,
		    TLS_1_3, "user", "n=user,", "p\303\244ncil", 0, "y,,"),
		REPORTS("another channel binding is tried if they do not match",
		    "SCRAM-SHA-256-PLUS", TLS_1_3, false,
		    "e=channel-bindings-dont-match", true,
		    AUTH_CAUSE_OTHER_CHANNEL),
		REPORTS("another channel binding is tried if the server does "
		    "not support its type", "SCRAM-SHA-1-PLUS", TLS_1_2, false,
		    "e=unsupported-channel-binding-type", true,
		    AUTH_CAUSE_NO_BINDING),
		REPORTS("no third channel binding is tried",
		    "SCRAM-SHA-1-PLUS", TLS_1_3, true,
		    "e=channel-bindings-dont-match", false,
		    AUTH_CAUSE_OTHER_CHANNEL),
		REPORTS("a certificate without channel binding is not tried",
		    "SCRAM-SHA-1-PLUS", ED25519, false,
		    "e=unsupported-channel-binding-type", false,
		    AUTH_CAUSE_NO_BINDING),
		REPORTS("a server without channel binding is not asked again",
		    "SCRAM-SHA-1-PLUS", TLS_1_3, false,
		    "e=channel-binding-not-supported", false,
		    AUTH_CAUSE_NO_BINDING),
		REPORTS("a wrong password is not tried again",
		    "SCRAM-SHA-1-PLUS", TLS_1_3, false, "e=invalid-proof",
		    false, 0),
		REPORTS("another error is not tried again", "SCRAM-SHA-1-PLUS",
		    TLS_1_3, false, "e=other-error", false,
		    AUTH_CAUSE_BOUND),
		REPORTS("without an error, it is the password or the channel "
		    "binding", "SCRAM-SHA-1-PLUS", TLS_1_3, false, NULL,
		    false, AUTH_CAUSE_BOUND),
		REPORTS("without -PLUS in the offer, a refusal of the first "
		    "message is not that of the password",
		    "SCRAM-SHA-1", TLS_1_3, false, NULL, false,
		    AUTH_CAUSE_BOUND),
		REPORTS("without channel binding, it is the password",
		    "SCRAM-SHA-1", NO_EMS, false, NULL, false, 0),
		REPORTS("without channel binding, no other type is tried",
		    "SCRAM-SHA-1", TLS_1_3, false,
		    "e=unsupported-channel-binding-type", false, 0),
		REPORTS("a changed offer is detected", "SCRAM-SHA-1", TLS_1_3,
		    false, "e=server-does-support-channel-binding", false,
		    AUTH_CAUSE_UNOFFERED),
		cmocka_unit_test(nonces_differ),
		cmocka_unit_test(scram_ends_too_early),
	};

	return cmocka_run_group_tests(choice_spec, NULL, NULL) +
	    cmocka_run_group_tests(mechanism_spec, NULL, NULL) +
	    cmocka_run_group_tests(scram_spec, NULL, NULL) +
	    CASES_RUN("challenge of 1 MiB", bounds_challenges,
	    all_mechanisms) +
	    CASES_RUN("repeated challenge", ends_repetition, repetitions);
}
