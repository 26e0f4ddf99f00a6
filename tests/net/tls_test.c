#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/stream.h"
#include "net/tls.h"
#include "support/certificate.h"
#include "support/tls_client.h"
#include "support/tls_peer.h"

static struct {
	char			 dir[64];
	char			 ca[96], cnf[96], own[96], key[96];
	struct certificate	 root, leaf, client_certificate;
	const struct tls_module	*m;
} world;

/* A client session and its server. */
struct pair {
	struct tls_peer	 peer;
	struct tls	*tls;
	struct failure	 why;
};

static struct tls_options
usual_options(void)
{
	return (struct tls_options){ .name = "mail.example", .ca = world.ca,
	    .verify = true };
}

static enum tls_result
handshake(struct pair *p, struct tls_peer_form form,
    const struct tls_options *options)
{
	if (form.raw == NULL && form.chain[0] == NULL)
		form.chain[0] = &world.leaf;
	p->tls = world.m->start(options, &p->why);
	if (p->tls == NULL)
		print_error("%s\n", p->why.text);
	assert_non_null(p->tls);
	tls_peer_start(&p->peer, &form);
	return tls_client_handshake(p->tls, p->peer.fd, &p->why);
}

static void
close_pair(struct pair *p)
{
	world.m->close(p->tls);
	tls_peer_finish(&p->peer);
}

static void
open_pair(struct pair *p, struct tls_peer_form form)
{
	struct tls_options	options = usual_options();
	enum tls_result		result = handshake(p, form, &options);

	if (result != TLS_DONE)
		print_error("%s\n", p->why.text);
	assert_int_equal(result, TLS_DONE);
}

static void
assert_reads(struct pair *p, const char *want)
{
	char	text[256];
	size_t	got;

	assert_int_equal(tls_client_read(p->tls, p->peer.fd, text,
	    sizeof(text) - 1, &got, &p->why), TLS_DONE);
	text[got] = '\0';
	assert_string_equal(text, want);
}

static void
assert_closed(struct pair *p)
{
	char	text[256];
	size_t	got;

	assert_int_equal(tls_client_read(p->tls, p->peer.fd, text,
	    sizeof(text), &got, &p->why), TLS_CLOSED);
}

static void
assert_failure(const struct failure *why, int status, const char *want)
{
	if (strstr(why->text, want) == NULL)
		print_error("\"%s\" is not in: %s\n", want, why->text);
	assert_non_null(strstr(why->text, want));
	assert_int_equal(why->status, status);
}

/* write_policy() allows one cipher suite of TLS 1.3. */
static void
the_policy_of_the_system_is_respected(void **state)
{
	struct pair	p;
	char		text[128];

	(void)state;
	open_pair(&p, (struct tls_peer_form){ 0 });
	assert_non_null(strstr(world.m->describe(p.tls, text, sizeof(text)),
	    "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256 X25519"));
	close_pair(&p);
	assert_string_equal(p.peer.report->protocol, "TLSv1.3");
	tls_peer_free(&p.peer);
	assert_int_equal(strncmp(world.m->library(), "OpenSSL 3", 9), 0);
}

struct sni_case {
	const char	*name;
	const char	*sni;
};

static void
sends_sni(void **state)
{
	const struct sni_case	*c = *state;
	struct tls_options	 options = { .name = c->name };
	struct pair		 p;

	assert_int_equal(handshake(&p, (struct tls_peer_form){ 0 }, &options),
	    TLS_DONE);
	close_pair(&p);
	assert_string_equal(p.peer.report->sni, c->sni);
	tls_peer_free(&p.peer);
}

struct broken_case {
	const char	*says;
	size_t		 len;
	bool		 deaf;
	int		 version;	/* the only one it speaks */
	int		 status;
	const char	*want;
};

static void
reports_failure(void **state)
{
	const struct broken_case *c = *state;
	struct tls_options	 options = usual_options();
	struct pair		 p;

	assert_int_equal(handshake(&p, (struct tls_peer_form){ .raw = c->says,
	    .raw_len = c->len, .deaf = c->deaf, .min = c->version,
	    .max = c->version }, &options), TLS_FAILED);
	assert_failure(&p.why, c->status, c->want);
	close_pair(&p);
	assert_false(p.peer.report->accepted);
	tls_peer_free(&p.peer);
}

static void
send_hello(SSL *ssl, struct tls_peer_report *report)
{
	(void)report;
	SSL_write(ssl, "220 hello\r\n", 11);
}

static void
send_hello_and_exit(SSL *ssl, struct tls_peer_report *report)
{
	send_hello(ssl, report);
	_exit(0);
}

static void
send_hello_and_close(SSL *ssl, struct tls_peer_report *report)
{
	send_hello(ssl, report);
	SSL_shutdown(ssl);
}

static void
close_notify_ends_the_session(void **state)
{
	struct pair	p;

	(void)state;
	open_pair(&p, (struct tls_peer_form){ .serve = send_hello_and_close });
	assert_reads(&p, "220 hello\r\n");
	assert_closed(&p);
	assert_closed(&p);
	close_pair(&p);
	tls_peer_free(&p.peer);
}

static void
a_closed_connection_ends_the_session(void **state)
{
	struct pair	p;
	size_t		put;

	(void)state;
	open_pair(&p, (struct tls_peer_form){ .serve = send_hello_and_exit });
	assert_reads(&p, "220 hello\r\n");
	assert_closed(&p);
	/* SIGPIPE would end this process. */
	assert_int_not_equal(world.m->write(p.tls, "QUIT\r\n", 6, &put,
	    &p.why), TLS_DONE);
	close_pair(&p);
	tls_peer_free(&p.peer);
}

static void
a_write_to_a_closed_connection_fails(void **state)
{
	struct pair	p;
	size_t		put;
	enum tls_result	result;

	(void)state;
	open_pair(&p, (struct tls_peer_form){ .serve = send_hello_and_exit });
	tls_peer_finish(&(struct tls_peer){ .pid = p.peer.pid, .fd = -1 });
	p.peer.pid = 0;
	result = world.m->write(p.tls, "QUIT\r\n", 6, &put, &p.why);
	assert_int_equal(result, TLS_FAILED);
	assert_failure(&p.why, EX_TEMPFAIL, "the TLS connection failed: ");
	close_pair(&p);
	tls_peer_free(&p.peer);
}

static void
close_sends_close_notify(void **state)
{
	struct pair	p;

	(void)state;
	open_pair(&p, (struct tls_peer_form){ .serve = send_hello });
	assert_reads(&p, "220 hello\r\n");
	assert_int_equal(tls_client_write(p.tls, p.peer.fd, "QUIT\r\n", 6,
	    &p.why), TLS_DONE);
	close_pair(&p);
	assert_true(p.peer.report->polite);
	assert_int_equal(p.peer.report->received, 6);
	tls_peer_free(&p.peer);
}

/* Sends several session tickets before the data. */
static void
tickets_then_hello(SSL *ssl, struct tls_peer_report *report)
{
	char	byte;

	for (int i = 0; i < 5; i++) {
		SSL_new_session_ticket(ssl);
		SSL_do_handshake(ssl);
	}
	/* The client has examined the first tickets. */
	SSL_read(ssl, &byte, 1);
	SSL_new_session_ticket(ssl);
	send_hello(ssl, report);
}

static void
session_tickets_are_not_data(void **state)
{
	struct pair	p;
	char		text[16];
	size_t		got;

	(void)state;
	open_pair(&p, (struct tls_peer_form){ .serve = tickets_then_hello });
	assert_int_equal(poll(&(struct pollfd){ .fd = p.peer.fd,
	    .events = POLLIN }, 1, 20000), 1);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(world.m->read(p.tls, text, sizeof(text),
		    &got, &p.why), TLS_WANT_READ);
		assert_int_equal(got, 0);
	}
	assert_int_equal(tls_client_write(p.tls, p.peer.fd, "x", 1, &p.why),
	    TLS_DONE);
	assert_reads(&p, "220 hello\r\n");
	close_pair(&p);
	tls_peer_free(&p.peer);
}

enum { LARGE = 3 * 1024 * 1024 };

static unsigned char
octet_at(size_t i)
{
	return (unsigned char)(i * 2654435761u >> 13);
}

/* Stops until SIGCONT, reads all data, and sends it back. */
static void
echo_large(SSL *ssl, struct tls_peer_report *report)
{
	unsigned char	*data = malloc(LARGE);
	int		 n;

	raise(SIGSTOP);
	while (report->received < LARGE && (n = SSL_read(ssl, data +
	    report->received, (int)(LARGE - report->received))) > 0)
		report->received += (size_t)n;
	SSL_write(ssl, data, LARGE);
	free(data);
}

/* Writes from another buffer each time. */
static enum tls_result
write_moving(struct pair *p, const unsigned char *from, size_t len, size_t *put)
{
	enum { TRY = 40000 };
	enum tls_result	 result;
	unsigned char	*copy;

	if (len > TRY)
		len = TRY;
	copy = malloc(len);
	memcpy(copy, from, len);
	result = world.m->write(p->tls, copy, len, put, &p->why);
	free(copy);
	assert_true(result == TLS_DONE || result == TLS_WANT_WRITE);
	assert_true(*put <= len && (*put > 0) == (result == TLS_DONE));
	return result;
}

static void
wait_until_writable(struct pair *p)
{
	struct pollfd	poll_fd = { .fd = p->peer.fd, .events = POLLOUT };

	assert_int_equal(poll(&poll_fd, 1, 20000), 1);
}

/* Writes until the socket is full, continues the peer, and writes the rest. */
static void
write_large(struct pair *p, const unsigned char *data)
{
	unsigned	waits = 0;
	size_t		put;
	int		status;

	assert_int_equal(waitpid(p->peer.pid, &status, WUNTRACED),
	    p->peer.pid);
	assert_true(WIFSTOPPED(status));
	for (size_t at = 0; at < LARGE; at += put) {
		if (write_moving(p, data + at, LARGE - at, &put) == TLS_DONE)
			continue;
		if (waits++ == 0)
			kill(p->peer.pid, SIGCONT);
		wait_until_writable(p);
	}
	assert_true(waits > 0);
}

static void
large_data_is_sent_and_received(void **state)
{
	struct pair	 p;
	unsigned char	*data = malloc(LARGE);
	size_t		 got;

	(void)state;
	for (size_t i = 0; i < LARGE; i++)
		data[i] = octet_at(i);
	open_pair(&p, (struct tls_peer_form){ .serve = echo_large });
	write_large(&p, data);
	memset(data, 0, LARGE);
	for (size_t at = 0; at < LARGE; at += got)
		assert_int_equal(tls_client_read(p.tls, p.peer.fd, data + at,
		    LARGE - at, &got, &p.why), TLS_DONE);
	for (size_t i = 0; i < LARGE; i++)
		if (data[i] != octet_at(i))
			fail_msg("octet %zu differs", i);
	free(data);
	close_pair(&p);
	assert_int_equal(p.peer.report->received, LARGE);
	tls_peer_free(&p.peer);
}

struct binding_case {
	enum tls_binding	type;
	int			version;	/* 0: 1.3 */
	bool			no_ems;
	const char		*digest;	/* of the certificate */
	bool			ed25519;
	const char		*hash;		/* tls-server-end-point */
	size_t			len;		/* expected */
};

/* As the server sees it. */
static void
expect_binding(const struct binding_case *c, const struct certificate *leaf,
    const struct tls_peer_report *r, const unsigned char *binding)
{
	unsigned char	hash[EVP_MAX_MD_SIZE];
	unsigned	n;

	switch (c->type) {
	case TLS_EXPORTER:
		assert_memory_equal(binding, r->exporter, c->len);
		break;
	case TLS_UNIQUE:
		assert_int_equal(r->unique_len, c->len);
		assert_memory_equal(binding, r->unique, c->len);
		break;
	case TLS_SERVER_END_POINT:
		assert_int_equal(X509_digest(leaf->x,
		    EVP_get_digestbyname(c->hash), hash, &n), 1);
		assert_int_equal(n, c->len);
		assert_memory_equal(binding, hash, c->len);
		break;
	}
}

static void
binds(void **state)
{
	const struct binding_case	*c = *state;
	struct tls_options		 options = { .name = "mail.example" };
	struct certificate		 leaf;
	struct pair			 p;
	unsigned char			 binding[TLS_BINDING_MAX];

	certificate_make(&leaf, &(struct certificate_form){
	    .dns = "mail.example", .digest = c->digest,
	    .ed25519 = c->ed25519 }, NULL);
	assert_int_equal(handshake(&p, (struct tls_peer_form){
	    .chain = { &leaf }, .max = c->version, .no_ems = c->no_ems },
	    &options), TLS_DONE);
	assert_int_equal(world.m->channel_binding(p.tls, c->type, binding),
	    c->len);
	close_pair(&p);
	if (c->len > 0)
		expect_binding(c, &leaf, p.peer.report, binding);
	tls_peer_free(&p.peer);
	certificate_free(&leaf);
}

static void
no_channel_binding_before_the_handshake(void **state)
{
	struct tls_options	 options = usual_options();
	struct failure		 why;
	struct tls		*tls = world.m->start(&options, &why);
	unsigned char		 binding[TLS_BINDING_MAX];

	(void)state;
	assert_non_null(tls);
	for (enum tls_binding type = TLS_EXPORTER;
	    type <= TLS_SERVER_END_POINT; type++)
		assert_int_equal(world.m->channel_binding(tls, type, binding),
		    0);
	world.m->close(tls);
}

static void
renegotiate(SSL *ssl, struct tls_peer_report *report)
{
	(void)report;
	SSL_renegotiate(ssl);
	SSL_do_handshake(ssl);
}

static void
renegotiation_is_refused(void **state)
{
	struct pair	p;
	char		text[16];
	size_t		got;

	(void)state;
	open_pair(&p, (struct tls_peer_form){ .max = TLS1_2_VERSION,
	    .serve = renegotiate });
	assert_int_not_equal(tls_client_read(p.tls, p.peer.fd, text,
	    sizeof(text), &got, &p.why), TLS_DONE);
	close_pair(&p);
	assert_false(p.peer.report->polite);
	tls_peer_free(&p.peer);
}

enum { FLOOD = 150 * 1000 };	/* fits into the buffer of the socket */

/* Sends key updates, written at once, and then a reply. */
static void
flood(SSL *ssl, struct tls_peer_report *report)
{
	BIO	*socket = SSL_get_wbio(ssl), *records = BIO_new(BIO_s_mem());
	char	*data;
	long	 len;

	BIO_up_ref(socket);
	SSL_set0_wbio(ssl, records);
	while (BIO_pending(records) < FLOOD)
		if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
		    SSL_do_handshake(ssl) != 1)
			_exit(1);
	send_hello(ssl, report);
	len = BIO_get_mem_data(records, &data);
	if (BIO_write(socket, data, (int)len) != len)
		_exit(1);
	SSL_set0_wbio(ssl, socket);
}

static int
available(int fd)
{
	int	n = 0;

	assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
	return n;
}

/* The caller could not check its deadline as long as a call goes on. */
static void
a_call_ends_although_records_without_data_arrive(void **state)
{
	struct pair	p;
	struct pollfd	fd = { .events = POLLIN };
	char		text[16];
	size_t		got;
	int		tries = 3000;

	(void)state;
	open_pair(&p, (struct tls_peer_form){ .serve = flood });
	fd.fd = p.peer.fd;
	while (available(fd.fd) < FLOOD && tries-- > 0)
		poll(NULL, 0, 10);
	assert_true(available(fd.fd) >= FLOOD);
	assert_int_equal(world.m->read(p.tls, text, sizeof(text), &got,
	    &p.why), TLS_WANT_READ);
	assert_int_equal(poll(&fd, 1, 0), 1);
	assert_reads(&p, "220 hello\r\n");
	close_pair(&p);
	tls_peer_free(&p.peer);
}

/* Sends key updates, one after another, until the client closes. */
static void
flood_without_end(SSL *ssl, struct tls_peer_report *report)
{
	(void)report;
	while (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
	    SSL_do_handshake(ssl) == 1)
		continue;
	_exit(0);
}

/* Starts the peer, and opens a stream with TLS to it. */
static void
open_peer(struct tls_peer *peer, const struct tls_peer_form *form,
    struct stream *s)
{
	struct tls_options	options = usual_options();
	struct failure		why;

	tls_peer_start(peer, form);
	stream_open(s, peer->fd);
	stream_set_timeout(s, 20 * 1000);
	assert_true(stream_start_tls(s, world.m,
	    world.m->start(&options, &why), &why));
}

/* Each wait of the write ends with input. */
static void
a_write_times_out_although_records_without_data_arrive(void **state)
{
	struct tls_peer_form	 form = { .chain = { &world.leaf },
				    .serve = flood_without_end };
	char			*much = calloc(1, 8 << 20);
	struct tls_peer		 peer;
	struct stream		 s;
	struct failure		 why;

	(void)state;
	open_peer(&peer, &form, &s);
	stream_read_while_writing(&s, 1000);
	stream_set_wait_timeout(&s, 1000);
	assert_false(stream_write(&s, much, 8 << 20, &why));
	assert_failure(&why, EX_TEMPFAIL, "timed out after 1 s");
	stream_close(&s);
	peer.fd = -1;
	tls_peer_free(&peer);
	free(much);
}

/* Requests new keys, sends much without data, and reads nothing. */
static void
request_keys(SSL *ssl, struct tls_peer_report *report)
{
	if (SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) != 1 ||
	    SSL_do_handshake(ssl) != 1)
		_exit(1);
	flood(ssl, report);
	for (;;)
		pause();
}

/* Writes whole records until the socket accepts not even one octet more. */
static void
fill_socket(struct stream *s)
{
	static const char	record[1000];
	int			room = 1, used = 0;
	socklen_t		len = sizeof(room);
	struct failure		why;

	assert_int_equal(setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &room,
	    len), 0);
	assert_int_equal(getsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &room,
	    &len), 0);
	while (used < room) {
		assert_true(stream_write(s, record, sizeof(record), &why));
		assert_true(stream_flush(s, &why));
		assert_int_equal(ioctl(s->fd, TIOCOUTQ, &used), 0);
	}
}

/* OpenSSL does not read while it has to send new keys. */
static void
a_write_sleeps_while_new_keys_cannot_be_sent(void **state)
{
	struct tls_peer_form	 form = { .chain = { &world.leaf },
				    .serve = request_keys };
	struct tls_peer		 peer;
	struct stream		 s;
	struct failure		 why;
	int			 tries = 3000;
	clock_t			 before;

	(void)state;
	open_peer(&peer, &form, &s);
	fill_socket(&s);
	while (available(s.fd) < FLOOD && tries-- > 0)
		poll(NULL, 0, 10);
	assert_false(stream_is_readable(&s));
	assert_true(available(s.fd) > 0);
	stream_read_while_writing(&s, 1000);
	stream_set_wait_timeout(&s, 1000);
	before = clock();
	assert_true(stream_write(&s, "x", 1, &why));
	assert_false(stream_flush(&s, &why));
	assert_true(clock() - before < CLOCKS_PER_SEC / 20);
	assert_failure(&why, EX_TEMPFAIL, "timed out after 1 s");
	stream_close(&s);
	kill(peer.pid, SIGKILL);
	peer.fd = -1;
	tls_peer_free(&peer);
}

static void
the_client_certificate_is_sent(void **state)
{
	struct tls_options	options = usual_options();
	struct pair		p;

	(void)state;
	options.certificate = world.own;
	options.key = world.key;
	assert_int_equal(handshake(&p, (struct tls_peer_form){
	    .client_ca = &world.root, .serve = send_hello }, &options),
	    TLS_DONE);
	assert_reads(&p, "220 hello\r\n");
	close_pair(&p);
	assert_true(p.peer.report->certified);
	tls_peer_free(&p.peer);
}

/* The file of the certificate contains no chain; OpenSSL completes it. */
static void
the_chain_is_completed_from_the_ca_file(void **state)
{
	struct certificate	middle, client;
	struct tls_options	options = usual_options();
	struct pair		p;
	char			ca[96], both[96];

	(void)state;
	snprintf(ca, sizeof(ca), "%s/chain.pem", world.dir);
	snprintf(both, sizeof(both), "%s/client.pem", world.dir);
	certificate_make(&middle, &(struct certificate_form){
	    .common_name = "Middle", .authority = true }, &world.root);
	certificate_make(&client, &(struct certificate_form){
	    .common_name = "x" }, &middle);
	certificate_write(&world.root, ca, 0);
	certificate_write(&middle, ca, CERTIFICATE_APPEND);
	certificate_write(&client, both, CERTIFICATE_KEY);
	options.ca = ca;
	options.certificate = both;
	assert_int_equal(handshake(&p, (struct tls_peer_form){
	    .client_ca = &world.root, .serve = send_hello }, &options),
	    TLS_DONE);
	assert_reads(&p, "220 hello\r\n");
	close_pair(&p);
	assert_true(p.peer.report->certified);
	tls_peer_free(&p.peer);
	certificate_free(&middle);
	certificate_free(&client);
	unlink(ca);
	unlink(both);
}

/* With TLS 1.3, the server reports this only after the handshake. */
static void
a_required_certificate_is_reported(void **state)
{
	struct pair	p;
	char		text[16];
	size_t		got;

	(void)state;
	open_pair(&p, (struct tls_peer_form){ .client_ca = &world.root });
	assert_int_equal(tls_client_read(p.tls, p.peer.fd, text,
	    sizeof(text), &got, &p.why), TLS_FAILED);
	assert_failure(&p.why, EX_CONFIG, "requires a client certificate");
	assert_int_equal(p.why.cause, TLS_CAUSE_OWN_REQUIRED);
	close_pair(&p);
	tls_peer_free(&p.peer);
}

static void
a_rejected_certificate_is_reported(void **state)
{
	struct tls_options	options = usual_options();
	struct pair		p;
	char			text[16];
	size_t			got;

	(void)state;
	options.certificate = world.own;
	options.key = world.key;
	assert_int_equal(handshake(&p, (struct tls_peer_form){
	    .client_ca = &world.leaf }, &options), TLS_DONE);
	assert_int_equal(tls_client_read(p.tls, p.peer.fd, text,
	    sizeof(text), &got, &p.why), TLS_FAILED);
	assert_failure(&p.why, EX_CONFIG,
	    "the server rejects the client certificate");
	assert_int_equal(p.why.cause, TLS_CAUSE_OWN_REJECTED);
	close_pair(&p);
	tls_peer_free(&p.peer);
}

static void
does_not_start(const struct tls_options *options, enum tls_cause cause,
    const char *want)
{
	struct failure	why;

	assert_null(world.m->start(options, &why));
	assert_failure(&why, EX_CONFIG, want);
	assert_int_equal(why.cause, cause);
}

static void
refuses_name(void **state)
{
	struct tls_options	options = usual_options();

	options.name = *state;
	does_not_start(&options, TLS_CAUSE_NAME, "name");
}

static void
refuses_pin(void **state)
{
	const char		*pins[] = { *state, NULL };
	struct tls_options	 options = usual_options();

	options.pins = pins;
	does_not_start(&options, TLS_CAUSE_PIN,
	    "is not a SHA-256 digest in base64");
}

static void
a_missing_ca_file_is_refused(void **state)
{
	struct tls_options	options = usual_options();

	(void)state;
	options.ca = "/nonexistent";
	does_not_start(&options, TLS_CAUSE_CA, "/nonexistent: No such");
}

static void
invalid_certificate_files_are_refused(void **state)
{
	struct tls_options	options = usual_options();

	(void)state;
	options.certificate = "/nonexistent";
	does_not_start(&options, TLS_CAUSE_CERTIFICATE,
	    "/nonexistent: No such");
	options.certificate = world.dir;
	does_not_start(&options, TLS_CAUSE_CERTIFICATE,
	    "is a directory, not a regular file");
	options.certificate = world.key;
	does_not_start(&options, TLS_CAUSE_CERTIFICATE,
	    "contains no usable certificate");
	options.certificate = world.own;
	does_not_start(&options, TLS_CAUSE_KEY, "contains no usable key");
	options.key = "/nonexistent";
	does_not_start(&options, TLS_CAUSE_KEY, "/nonexistent: No such");
	options.certificate = NULL;
	does_not_start(&options, TLS_CAUSE_KEY,
	    "has no certificate");
}

static void
a_key_that_does_not_match_is_refused(void **state)
{
	struct tls_options	options = usual_options();
	char			path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/other.pem", world.dir);
	certificate_write_key(&world.leaf, path, 0);
	options.certificate = world.own;
	options.key = path;
	does_not_start(&options, TLS_CAUSE_KEY,
	    "does not match the certificate");
	unlink(path);
}

static void
a_key_that_others_can_read_is_refused(void **state)
{
	struct tls_options	options = usual_options();

	(void)state;
	options.certificate = world.own;
	options.key = world.key;
	assert_int_equal(chmod(world.key, 0644), 0);
	does_not_start(&options, TLS_CAUSE_KEY, "run: chmod o-rwx /tmp/");
	assert_int_equal(chmod(world.key, 0600), 0);
}

static void
an_encrypted_key_is_refused(void **state)
{
	struct tls_options	 options = usual_options();
	char			 path[96];
	FILE			*f;

	(void)state;
	snprintf(path, sizeof(path), "%s/locked.pem", world.dir);
	certificate_write(&world.client_certificate, path, 0);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, world.client_certificate.key,
	    EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL,
	    NULL), 1);
	assert_int_equal(fclose(f), 0);
	options.certificate = path;
	does_not_start(&options, TLS_CAUSE_KEY,
	    "is encrypted; a key with a passphrase cannot");
	unlink(path);
}

static void
one_file_can_contain_certificate_and_key(void **state)
{
	struct tls_options	options = usual_options();
	char			path[96];
	struct failure		why;
	struct tls		*tls;

	(void)state;
	snprintf(path, sizeof(path), "%s/both.pem", world.dir);
	certificate_write(&world.client_certificate, path, CERTIFICATE_KEY);
	options.certificate = path;
	tls = world.m->start(&options, &why);
	assert_non_null(tls);
	world.m->close(tls);
	unlink(path);
}

static void
the_module_is_loaded_once(void **state)
{
	struct failure	why;

	(void)state;
	assert_ptr_equal(tls_load(&why), world.m);
}

static void
write_policy(void)
{
	FILE	*f = fopen(world.cnf, "w");

	assert_non_null(f);
	fputs("openssl_conf = init\n[init]\nssl_conf = ssl\n"
	    "[ssl]\nsystem_default = policy\n"
	    "[policy]\nCiphersuites = TLS_CHACHA20_POLY1305_SHA256\n"
	    "MinProtocol = TLSv1\n", f);
	assert_int_equal(fclose(f), 0);
}

static int
make_files(void **state)
{
	(void)state;
	strlcpy(world.dir, "/tmp/relais.XXXXXX", sizeof(world.dir));
	assert_non_null(mkdtemp(world.dir));
	snprintf(world.ca, sizeof(world.ca), "%s/ca.pem", world.dir);
	snprintf(world.cnf, sizeof(world.cnf), "%s/cnf", world.dir);
	snprintf(world.own, sizeof(world.own), "%s/own.pem", world.dir);
	snprintf(world.key, sizeof(world.key), "%s/own.key", world.dir);
	/* OpenSSL reads the policy at its first call. */
	write_policy();
	setenv("OPENSSL_CONF", world.cnf, 1);
	world.m = tls_client_module();
	certificate_make(&world.root, &(struct certificate_form){
	    .common_name = "Test Root", .authority = true }, NULL);
	certificate_make(&world.leaf, &(struct certificate_form){
	    .common_name = "leaf", .dns = "mail.example" }, &world.root);
	certificate_make(&world.client_certificate, &(struct certificate_form){
	    .common_name = "client" }, &world.root);
	certificate_write(&world.root, world.ca, 0);
	certificate_write(&world.client_certificate, world.own, 0);
	certificate_write_key(&world.client_certificate, world.key, 0);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	certificate_free(&world.root);
	certificate_free(&world.leaf);
	certificate_free(&world.client_certificate);
	unlink(world.ca);
	unlink(world.cnf);
	unlink(world.own);
	unlink(world.key);
	return rmdir(world.dir);
}

/* An empty ServerHello of TLS 1.0. */
#define OLD_HELLO "\026\003\001\000\052\002\000\000\046\003\001" \
	"01234567890123456789012345678901\000\000\057\000"

#define REPORTS(sentence, ...) { .name = sentence, \
	.test_func = reports_failure, \
	.initial_state = &(struct broken_case){ __VA_ARGS__ } }
#define SENDS_SNI(sentence, ...) { .name = sentence, .test_func = sends_sni, \
	.initial_state = &(struct sni_case){ __VA_ARGS__ } }
#define BINDS(sentence, ...) { .name = sentence, .test_func = binds, \
	.initial_state = &(struct binding_case){ __VA_ARGS__ } }
#define REFUSES(sentence, function, text) { .name = sentence, \
	.test_func = function, .initial_state = (void *)(uintptr_t)(text) }
#define OCTETS(text) .says = text, .len = sizeof(text) - 1

static const struct CMUnitTest tls_spec[] = {
	cmocka_unit_test(the_policy_of_the_system_is_respected),
	cmocka_unit_test(the_module_is_loaded_once),
	SENDS_SNI("a host name is sent as SNI", "mail.example",
	    "mail.example"),
	SENDS_SNI("SNI has no final dot", "mail.example.", "mail.example"),
	SENDS_SNI("an IPv4 address is not sent as SNI", "192.0.2.1", ""),
	SENDS_SNI("an IPv6 address is not sent as SNI", "2001:db8::1", ""),
	REPORTS("clear text of a server is quoted",
	    OCTETS("220 mail.example ESMTP\r\n250 x\r\n"),
	    .status = EX_PROTOCOL, .want = "the server does not speak TLS; "
	    "it sent: \"220 mail.example ESMTP\""),
	REPORTS("escape sequences of a server are escaped",
	    OCTETS("\033[2J hello there\n"),
	    .status = EX_PROTOCOL, .want = "it sent: \"\\033[2J hello there\""),
	REPORTS("an HTTP server is quoted",
	    OCTETS("HTTP/1.1 400 Bad Request\r\n\r\n"), .status = EX_PROTOCOL,
	    .want = "it sent: \"HTTP/1.1 400 Bad Request\""),
	REPORTS("a server with TLS 1.0 is refused",
	    OCTETS(OLD_HELLO), .status = EX_UNAVAILABLE,
	    .want = "supports only TLS 1.1 or older"),
	REPORTS("a server with only TLS 1.1 is refused",
	    .version = TLS1_1_VERSION, .status = EX_UNAVAILABLE,
	    .want = "supports only TLS 1.1 or older"),
	REPORTS("a handshake_failure alert is explained",
	    OCTETS("\025\003\003\000\002\002\050"),
	    .status = EX_TEMPFAIL, .want = "aborted the TLS handshake"),
	REPORTS("another alert is named",
	    OCTETS("\025\003\003\000\002\002\120"),
	    .status = EX_TEMPFAIL,
	    .want = "the TLS handshake failed: tlsv1 alert internal"),
	REPORTS("a close_notify instead of a handshake",
	    OCTETS("\025\003\003\000\002\001\000"),
	    .status = EX_TEMPFAIL, .want = "TLS handshake"),
	REPORTS("an invalid message after a valid record header",
	    OCTETS("\026\003\003\000\010garbage!"),
	    .status = EX_TEMPFAIL, .want = "the TLS handshake failed"),
	REPORTS("a server that closes the connection",
	    .deaf = true, .status = EX_TEMPFAIL,
	    .want = "the "),	/* before or after the client hello */
	REPORTS("a server that closes the connection in a record",
	    OCTETS("\026\003"),
	    .status = EX_TEMPFAIL,
	    .want = "closed the connection without close_notify"),
	cmocka_unit_test(close_notify_ends_the_session),
	cmocka_unit_test(a_closed_connection_ends_the_session),
	cmocka_unit_test(a_write_to_a_closed_connection_fails),
	cmocka_unit_test(close_sends_close_notify),
	cmocka_unit_test(session_tickets_are_not_data),
	cmocka_unit_test(large_data_is_sent_and_received),
	BINDS("tls-exporter with TLS 1.3", TLS_EXPORTER, .len = 32),
	BINDS("no tls-exporter with TLS 1.2", TLS_EXPORTER,
	    .version = TLS1_2_VERSION),
	BINDS("tls-unique with TLS 1.2", TLS_UNIQUE,
	    .version = TLS1_2_VERSION, .len = 12),
	BINDS("no tls-unique without extended master secret", TLS_UNIQUE,
	    .version = TLS1_2_VERSION, .no_ems = true),
	BINDS("no tls-unique with TLS 1.3", TLS_UNIQUE, .len = 0),
	BINDS("tls-server-end-point with SHA-256", TLS_SERVER_END_POINT,
	    .hash = "SHA256", .len = 32),
	BINDS("tls-server-end-point with SHA-384", TLS_SERVER_END_POINT,
	    .digest = "SHA384", .hash = "SHA384", .len = 48),
	BINDS("tls-server-end-point with SHA-512 and TLS 1.2",
	    TLS_SERVER_END_POINT, .version = TLS1_2_VERSION,
	    .digest = "SHA512", .hash = "SHA512", .len = 64),
	BINDS("tls-server-end-point with SHA-256 in place of SHA-1",
	    TLS_SERVER_END_POINT, .digest = "SHA1", .hash = "SHA256",
	    .len = 32),
	BINDS("no tls-server-end-point with Ed25519", TLS_SERVER_END_POINT,
	    .ed25519 = true),
	cmocka_unit_test(no_channel_binding_before_the_handshake),
	cmocka_unit_test(renegotiation_is_refused),
	cmocka_unit_test(a_call_ends_although_records_without_data_arrive),
	cmocka_unit_test(
	    a_write_times_out_although_records_without_data_arrive),
	cmocka_unit_test(a_write_sleeps_while_new_keys_cannot_be_sent),
	cmocka_unit_test(the_client_certificate_is_sent),
	cmocka_unit_test(the_chain_is_completed_from_the_ca_file),
	cmocka_unit_test(a_required_certificate_is_reported),
	cmocka_unit_test(a_rejected_certificate_is_reported),
	REFUSES("without a name, no session starts", refuses_name, NULL),
	REFUSES("an empty name is refused", refuses_name, ""),
	REFUSES("a name that begins with a dot is refused", refuses_name,
	    ".example"),
	REFUSES("a short pin is refused", refuses_pin, "AAAA"),
	REFUSES("an empty pin is refused", refuses_pin, "sha256//"),
	REFUSES("an escape sequence as pin is refused", refuses_pin,
	    "\033[m"),
	REFUSES("a pin with another prefix is refused", refuses_pin,
	    "sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
	cmocka_unit_test(a_missing_ca_file_is_refused),
	cmocka_unit_test(invalid_certificate_files_are_refused),
	cmocka_unit_test(a_key_that_does_not_match_is_refused),
	cmocka_unit_test(a_key_that_others_can_read_is_refused),
	cmocka_unit_test(an_encrypted_key_is_refused),
	cmocka_unit_test(one_file_can_contain_certificate_and_key),
};

int
main(void)
{
	return cmocka_run_group_tests_name("net/tls", tls_spec,
	    make_files, remove_files);
}
