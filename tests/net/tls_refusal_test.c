#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "net/tls.h"
#include "support/certificate.h"
#include "support/tls_client.h"
#include "support/tls_peer.h"

/*
 * root signs middle, and stranger, which is not trusted, signs foreign.  notary
 * is signed by root, but is not an authority.
 */
static struct {
	char			 dir[64];
	char			 ca[96];
	char			 openssl_cnf[96];
	struct certificate	 root, middle, stranger, foreign, notary;
} world;

enum signer { BY_ROOT, BY_MIDDLE, BY_STRANGER, BY_FOREIGN, BY_NOTARY, BY_NONE };

struct trust_case {
	struct certificate_form	 leaf;
	enum signer		 signer;
	bool			 alone;		/* only the leaf is sent */
	bool			 with_root;	/* the root is sent as well */
	const char		*name;		/* NULL: mail.example */
	bool			 no_verify;
	enum { NO_PIN, RIGHT_PIN, BARE_PIN, WRONG_PIN, SECOND_PIN } pin;
	int			 max;		/* version of TLS */
	const char		*want[5];	/* parts of the text; none: the
						 * certificate is accepted */
	enum tls_cause		 cause;		/* 0: any */
};

static const struct certificate *
issuer_of(enum signer by)
{
	switch (by) {
	case BY_ROOT:
		return &world.root;
	case BY_MIDDLE:
		return &world.middle;
	case BY_STRANGER:
		return &world.stranger;
	case BY_FOREIGN:
		return &world.foreign;
	case BY_NOTARY:
		return &world.notary;
	case BY_NONE:
		break;
	}
	return NULL;
}

static void
send_chain(struct tls_peer_form *form, const struct trust_case *c,
    const struct certificate *leaf)
{
	size_t	n = 0;

	form->chain[n++] = leaf;
	if (!c->alone && (c->signer == BY_MIDDLE || c->signer == BY_FOREIGN ||
	    c->signer == BY_NOTARY))
		form->chain[n++] = issuer_of(c->signer);
	if (c->with_root)
		form->chain[n++] = c->signer == BY_MIDDLE ? &world.root :
		    &world.stranger;
}

/* The result of one connection on both sides. */
struct result {
	enum tls_result		result;
	struct failure		why;
	struct tls_peer_report	report;
};

static void
connect_both(struct result *r, const struct tls_peer_form *form,
    const struct tls_options *options)
{
	const struct tls_module	*m = tls_client_module();
	struct tls_peer		 peer;
	struct tls		*tls;
	size_t			 put;
	struct failure		 ignored;

	tls = m->start(options, &r->why);
	if (tls == NULL)
		print_error("%s\n", r->why.text);
	assert_non_null(tls);
	tls_peer_start(&peer, form);
	r->result = tls_client_handshake(tls, peer.fd, &r->why);
	/* After a failure, nothing can be sent. */
	if (r->result == TLS_FAILED)
		assert_int_not_equal(m->write(tls, "EHLO x\r\n", 8, &put,
		    &ignored), TLS_DONE);
	m->close(tls);
	tls_peer_finish(&peer);
	r->report = *peer.report;
	tls_peer_free(&peer);
}

static void
assert_result(const struct result *r, const char *const *want)
{
	if (want[0] == NULL) {
		if (r->result != TLS_DONE)
			print_error("%s\n", r->why.text);
		assert_int_equal(r->result, TLS_DONE);
		assert_true(r->report.accepted);
		return;
	}
	assert_int_equal(r->result, TLS_FAILED);
	assert_int_equal(r->why.status, EX_CONFIG);
	for (; *want != NULL; want++) {
		if (strstr(r->why.text, *want) == NULL)
			print_error("\"%s\" is not in: %s\n", *want,
			    r->why.text);
		assert_non_null(strstr(r->why.text, *want));
	}
	assert_null(strchr(r->why.text, '\n'));
	assert_int_equal(r->report.received, 0);
}

static void
verifies(void **state)
{
	static const char	 other[] =
	    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	const struct trust_case	*c = *state;
	struct certificate	 leaf;
	struct tls_peer_form	 form = { .max = c->max };
	const char		*pins[3] = { NULL };
	struct tls_options	 options = {
		.name = c->name != NULL ? c->name : "mail.example",
		.ca = world.ca,
		.verify = !c->no_verify,
	};
	struct result		 r = { 0 };
	char			*pin;

	certificate_make(&leaf, &c->leaf, issuer_of(c->signer));
	pin = certificate_pin(&leaf);
	if (c->pin != NO_PIN) {
		pins[0] = c->pin == RIGHT_PIN ? pin : c->pin == BARE_PIN ?
		    pin + strlen("sha256//") : other;
		pins[1] = c->pin == SECOND_PIN ? pin : NULL;
		options.pins = pins;
	}
	send_chain(&form, c, &leaf);
	connect_both(&r, &form, &options);
	assert_result(&r, c->want);
	if (c->cause != 0)
		assert_int_equal(r.why.cause, c->cause);
	/* The text does not contain the pin of the rejected key. */
	if (c->want[0] != NULL)
		assert_null(strstr(r.why.text, pin + strlen("sha256//")));
	free(pin);
	certificate_free(&leaf);
}

static void
make_authority(struct certificate *c, const char *name,
    const struct certificate *issuer)
{
	certificate_make(c, &(struct certificate_form){ .common_name = name,
	    .authority = true }, issuer);
}

static void
chain_too_long(void **state)
{
	enum { LONG = 13 };
	struct certificate	 made[LONG], leaf;
	struct tls_peer_form	 form = { .chain = { &leaf } };
	struct tls_options	 options = { .name = "mail.example",
				    .ca = world.ca, .verify = true };
	struct result		 r = { 0 };
	char			 name[32];

	(void)state;
	for (int i = 0; i < LONG; i++) {
		snprintf(name, sizeof(name), "Link %d", i);
		make_authority(&made[i], name, i == 0 ? &world.root :
		    &made[i - 1]);
		form.chain[LONG - i] = &made[i];
	}
	certificate_make(&leaf, &(struct certificate_form){
	    .dns = "mail.example" }, &made[LONG - 1]);
	connect_both(&r, &form, &options);
	assert_result(&r, (const char *const[]){
	    "more than 10 intermediate certificates", NULL });
	assert_int_equal(r.why.cause, TLS_CAUSE_CHAIN_TOO_LONG);
	for (int i = 0; i < LONG; i++)
		certificate_free(&made[i]);
	certificate_free(&leaf);
}

/* Many and long names are truncated. */
static void
many_names(void **state)
{
	char			 dns[8192] = "first.example";
	struct certificate	 leaf;
	struct tls_peer_form	 form = { .chain = { &leaf } };
	struct tls_options	 options = { .name = "mail.example",
				    .ca = world.ca, .verify = true };
	struct result		 r = { 0 };

	(void)state;
	for (int i = 0; i < 200; i++)
		strlcat(dns, " a-rather-long-name.example", sizeof(dns));
	certificate_make(&leaf, &(struct certificate_form){ .dns = dns },
	    &world.root);
	connect_both(&r, &form, &options);
	assert_result(&r, (const char *const[]){
	    "is for first.example, a-rather", " more, not for mail.example",
	    NULL });
	assert_in_range(strlen(r.why.text), 100, 900);
	certificate_free(&leaf);
}

static void
write_policy(void)
{
	FILE	*f = fopen(world.openssl_cnf, "w");

	assert_non_null(f);
	fputs("openssl_conf = init\n[init]\nssl_conf = ssl\n"
	    "[ssl]\nsystem_default = policy\n"
	    "[policy]\nCipherString = DEFAULT@SECLEVEL=2\n", f);
	assert_int_equal(fclose(f), 0);
}

static int
make_certificates(void **state)
{
	(void)state;
	strlcpy(world.dir, "/tmp/relais.XXXXXX", sizeof(world.dir));
	assert_non_null(mkdtemp(world.dir));
	snprintf(world.ca, sizeof(world.ca), "%s/ca.pem", world.dir);
	snprintf(world.openssl_cnf, sizeof(world.openssl_cnf),
	    "%s/openssl.cnf", world.dir);
	/* OpenSSL reads it at its first call: the same policy everywhere. */
	write_policy();
	setenv("OPENSSL_CONF", world.openssl_cnf, 1);
	make_authority(&world.root, "Test Root", NULL);
	make_authority(&world.middle, "Test Middle", &world.root);
	make_authority(&world.stranger, "Strange Root", NULL);
	make_authority(&world.foreign, "Strange Middle", &world.stranger);
	certificate_make(&world.notary, &(struct certificate_form){
	    .common_name = "Test Notary" }, &world.root);
	certificate_write(&world.root, world.ca, 0);
	return 0;
}

static int
remove_certificates(void **state)
{
	(void)state;
	certificate_free(&world.root);
	certificate_free(&world.middle);
	certificate_free(&world.stranger);
	certificate_free(&world.foreign);
	certificate_free(&world.notary);
	unlink(world.ca);
	unlink(world.openssl_cnf);
	return rmdir(world.dir);
}

#define CASE(sentence, ...) { .name = sentence, .test_func = verifies, \
	.initial_state = &(struct trust_case){ __VA_ARGS__ } }
#define FOR(names)	.leaf = { .common_name = "leaf", .dns = names }
#define SAYS(...)	.want = { __VA_ARGS__ }
#define GOOD		FOR("mail.example")

static const struct CMUnitTest accepted_spec[] = {
	CASE("a certificate of the trusted root", GOOD),
	CASE("a certificate of the trusted root, with TLS 1.2", GOOD,
	    .max = TLS1_2_VERSION),
	CASE("a chain with an intermediate that is sent", GOOD,
	    .signer = BY_MIDDLE),
	CASE("a chain with its root", GOOD, .signer = BY_MIDDLE,
	    .with_root = true),
	CASE("the second of two names", FOR("a.example mail.example")),
	CASE("an empty subject", .leaf = { .dns = "mail.example" }),
	CASE("names are case-insensitive", FOR("Mail.Example")),
	CASE("a final dot of the name is ignored", GOOD,
	    .name = "mail.example."),
	CASE("a wildcard for one label", FOR("*.example.org"),
	    .name = "mail.example.org"),
	CASE("an IPv4 address", .leaf = { .ip = "192.0.2.1" },
	    .name = "192.0.2.1"),
	CASE("an IPv6 address in another notation",
	    .leaf = { .ip = "2001:db8::1" }, .name = "2001:0db8:0::1"),
	CASE("the zone of an address is ignored",
	    .leaf = { .ip = "fe80::1" }, .name = "fe80::1%lo"),
	CASE("a certificate for use by servers", .leaf = {
	    .dns = "mail.example", .usage = "serverAuth" }),
	CASE("any certificate, without verification", .leaf = {
	    .common_name = "x", .from_day = -9, .to_day = -2 },
	    .signer = BY_NONE, .no_verify = true),
	CASE("a pinned key, with any issuer, name and dates",
	    .leaf = { .common_name = "x", .from_day = -9, .to_day = -2 },
	    .signer = BY_NONE, .pin = RIGHT_PIN),
	CASE("a pin without the prefix", GOOD, .signer = BY_STRANGER,
	    .pin = BARE_PIN),
	CASE("the second pin of two", GOOD, .signer = BY_STRANGER,
	    .pin = SECOND_PIN),
};

static const struct CMUnitTest refused_spec[] = {
	CASE("expired", .leaf = { .common_name = "old.example",
	    .dns = "mail.example", .from_day = -9, .to_day = -2 },
	    SAYS("the server's certificate \"CN=old.example\" expired on 20",
	    "renew"), .cause = TLS_CAUSE_DEFECTIVE),
	CASE("expired, with TLS 1.2", .leaf = { .common_name = "old.example",
	    .dns = "mail.example", .from_day = -9, .to_day = -2 },
	    .max = TLS1_2_VERSION, SAYS("\"CN=old.example\" expired on 20")),
	CASE("not yet valid", .leaf = { .common_name = "new.example",
	    .dns = "mail.example", .from_day = 2, .to_day = 9 },
	    SAYS("\"CN=new.example\" is not valid before 20", "clock"),
	    .cause = TLS_CAUSE_NOT_YET_VALID),
	CASE("self-signed", GOOD, .signer = BY_NONE,
	    SAYS("certificate \"CN=leaf\" is self-signed"),
	    .cause = TLS_CAUSE_SELF_SIGNED),
	CASE("an unknown root that is sent", GOOD, .signer = BY_STRANGER,
	    .with_root = true, SAYS("certificate 2 of the server's "
	    "chain, \"CN=Strange Root\", is a root certificate that /",
	    "/ca.pem does not contain"), .cause = TLS_CAUSE_UNKNOWN_ISSUER),
	CASE("an unknown root that is not sent", GOOD, .signer = BY_FOREIGN,
	    SAYS("certificate 2 of the server's chain, \"CN=Strange Middle\",",
	    "the unknown authority \"CN=Strange Root\"",
	    "/ca.pem does not contain"), .cause = TLS_CAUSE_UNKNOWN_ISSUER),
	CASE("a missing intermediate", GOOD, .signer = BY_MIDDLE,
	    .alone = true, SAYS("\"CN=leaf\" was issued by \"CN=Test Middle\"",
	    "the server did not send"), .cause = TLS_CAUSE_UNKNOWN_ISSUER),
	CASE("another name", FOR("a.example b.example"),
	    SAYS("\"CN=leaf\" is for a.example, b.example, not for "
	    "mail.example"), .cause = TLS_CAUSE_WRONG_NAME),
	CASE("another name, with TLS 1.2", FOR("a.example b.example"),
	    .max = TLS1_2_VERSION, SAYS("not for mail.example"),
	    .cause = TLS_CAUSE_WRONG_NAME),
	CASE("no name", .leaf = { .common_name = "leaf" },
	    SAYS("is for no host, not for mail.example")),
	CASE("the name is only the common name", .leaf = {
	    .common_name = "mail.example" }, SAYS("\"CN=mail.example\" "
	    "contains the name mail.example only as its common name (CN)",
	    "RFC 9525", "subjectAltName"), .cause = TLS_CAUSE_DEFECTIVE),
	CASE("the common name is ignored if there are other names",
	    .leaf = { .common_name = "mail.example", .dns = "a.example" },
	    SAYS("only as its common name (CN)")),
	CASE("a wildcard does not match two labels", FOR("*.example.org"),
	    .name = "a.b.example.org",
	    SAYS("is for *.example.org, not for a.b.example.org")),
	CASE("a wildcard does not match an empty label", FOR("*.example.org"),
	    .name = "example.org", SAYS("not for example.org")),
	CASE("a wildcard must be a whole label", FOR("m*.example.org"),
	    .name = "mail.example.org",
	    SAYS("is for m*.example.org, not for mail.example.org")),
	CASE("a NUL does not end a name", FOR("mail.example@.evil.example"),
	    SAYS("is for mail.example\\000.evil.example, not for "
	    "mail.example")),
	CASE("control characters are escaped", .leaf = {
	    .common_name = "\033[2Jx\n", .dns = "a\033[0m.example" },
	    SAYS("\"CN=\\033[2Jx\\012\" is for a\\033[0m.example, not for")),
	CASE("another address", .leaf = { .ip = "192.0.2.1" },
	    .name = "192.0.2.2",
	    SAYS("is for 192.0.2.1, not for the address 192.0.2.2")),
	CASE("an address does not match a host name", FOR("192.0.2.1"),
	    .name = "192.0.2.1", SAYS("not for the address 192.0.2.1")),
	CASE("a weak key", .leaf = { .common_name = "leaf",
	    .dns = "mail.example", .rsa_bits = 1024 },
	    SAYS("\"CN=leaf\" has a key that is too weak for openssl.cnf on "
	    "this system (1024 bits of RSA)"), .cause = TLS_CAUSE_DEFECTIVE),
	CASE("a weak signature", .leaf = { .common_name = "leaf",
	    .dns = "mail.example", .digest = "SHA1" },
	    SAYS("\"CN=leaf\" is signed with ecdsa-with-SHA1, which is "
	    "too weak"), .cause = TLS_CAUSE_DEFECTIVE),
	CASE("a certificate for clients", .leaf = { .common_name = "leaf",
	    .dns = "mail.example", .usage = "clientAuth" },
	    SAYS("\"CN=leaf\" was not issued for use by a server")),
	CASE("an issuer that is not an authority", GOOD, .signer = BY_NOTARY,
	    SAYS("certificate 2 of the server's chain, \"CN=Test Notary\", "
	    "issued a certificate, which it is not allowed to do"),
	    .cause = TLS_CAUSE_DEFECTIVE),
	CASE("none of the pinned keys", GOOD, .pin = WRONG_PIN,
	    SAYS("certificate \"CN=leaf\" has a key that is not "
	    "pinned"), .cause = TLS_CAUSE_NOT_PINNED),
	CASE("a pin is verified even if verification is off", GOOD,
	    .pin = WRONG_PIN, .no_verify = true, SAYS("is not pinned")),
	cmocka_unit_test(chain_too_long),
	cmocka_unit_test(many_names),
};

int
main(void)
{
	return cmocka_run_group_tests_name("net/tls: accepted", accepted_spec,
	    make_certificates, remove_certificates) +
	    cmocka_run_group_tests_name("net/tls: refused", refused_spec,
	    make_certificates, remove_certificates);
}
