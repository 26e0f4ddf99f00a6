/*
 * How an OpenSSL client verifies the certificates of certificate.h, and the
 * scripted smarthost with TLS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/certificate.h"
#include "support/mock_smtp.h"

/* A certificate, the expected name, and the result of verification. */
struct verdict {
	struct certificate_form form;
	const char	*name;		/* expected; NULL: localhost */
	const char	*ip;
	bool		 self_signed;
	bool		 no_intermediate;
	bool		 hashed;
	long		 want;		/* X509_V_... */
};

static int
dial(const struct mock_smtp *host)
{
	struct sockaddr_in	in = { .sin_family = AF_INET,
				    .sin_port = htons(host->port),
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int			fd = socket(AF_INET,
				    SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

static SSL *
secure(SSL_CTX *ctx, int fd, const char *name, const char *ip)
{
	SSL	*ssl = SSL_new(ctx);

	SSL_set_fd(ssl, fd);
	if (ip != NULL)
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), ip);
	else {
		SSL_set1_host(ssl, name);
		SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
		SSL_set_tlsext_host_name(ssl, name);
	}
	assert_int_equal(SSL_connect(ssl), 1);
	return ssl;
}

/* The root, an intermediate and the server certificate. */
static void
make_files(const struct verdict *v, struct temp_dir *dir,
    struct script *script, SSL_CTX *ctx)
{
	struct certificate	 root, issuer, leaf;
	const char		*trust;

	certificate_make(&root, &(struct certificate_form){
	    .common_name = "root", .authority = true }, NULL);
	certificate_make(&issuer, &(struct certificate_form){
	    .common_name = "issuer", .authority = true }, &root);
	certificate_make(&leaf, &v->form, v->self_signed ? NULL : &issuer);
	if (v->hashed) {
		trust = temp_dir_path(dir, "hashed");
		certificate_write_hashed(&root, trust);
		SSL_CTX_load_verify_dir(ctx, trust);
	} else {
		trust = temp_dir_path(dir, "ca.pem");
		certificate_write(&root, trust, 0);
		SSL_CTX_load_verify_file(ctx, trust);
	}
	script->certificate = certificate_write(&leaf,
	    temp_dir_path(dir, "chain.pem"),
	    v->no_intermediate ? 0 : CERTIFICATE_CHAIN);
	script->key = certificate_write_key(&leaf,
	    temp_dir_path(dir, "key.pem"), 0);
	certificate_free(&leaf);
	certificate_free(&issuer);
	certificate_free(&root);
}

static void
is_verified(void **state)
{
	const struct verdict	*v = *state;
	const char		*name = v->name != NULL ? v->name :
				    "localhost";
	SSL_CTX			*ctx = SSL_CTX_new(TLS_client_method());
	struct script		 script = { .security = TLS_AT_ONCE };
	struct mock_smtp	*host;
	struct temp_dir		 dir;
	SSL			*ssl;
	int			 fd;

	temp_dir_make(&dir);
	make_files(v, &dir, &script, ctx);
	host = mock_smtp_start(&script);
	fd = dial(host);
	ssl = secure(ctx, fd, name, v->ip);
	assert_int_equal(SSL_get_verify_result(ssl), v->want);
	SSL_shutdown(ssl);
	close(fd);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	assert_true(mock_smtp_wait_closed(host, 1));
	assert_string_equal(mock_smtp_heard(host, 0)->tls, "TLSv1.3");
	if (v->ip == NULL)
		assert_string_equal(mock_smtp_heard(host, 0)->sni, name);
	assert_int_equal(mock_smtp_heard(host, 0)->ending, CLIENT_CLOSED);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static void
expect(SSL *ssl, const char *want)
{
	char	got[512];
	size_t	len = 0;
	int	n;

	while (len < strlen(want) && (n = SSL_read(ssl, got + len,
	    (int)(sizeof(got) - 1 - len))) > 0)
		len += (size_t)n;
	got[len] = '\0';
	assert_string_equal(got, want);
}

static void
starts_tls_and_counts_round_trips(void **state)
{
	struct temp_dir			 dir;
	struct usual_certificates	 u;
	struct script			 script = { .keywords = "",
					    .security = STARTTLS_OFFERED };
	struct mock_smtp		*host;
	SSL_CTX				*ctx;
	SSL				*ssl;
	char				 block[512];
	int				 fd;
	static const char		 envelope[] = "EHLO me\r\n",
					 mail[] = "MAIL FROM:<>\r\n"
					    "RCPT TO:<b@y>\r\nDATA\r\n";

	(void)state;
	temp_dir_make(&dir);
	certificate_usual(&u, &dir);
	assert_int_equal(strlen(u.pin), 44);
	script.certificate = u.chain;
	script.key = u.key;
	host = mock_smtp_start(&script);
	ctx = SSL_CTX_new(TLS_client_method());
	assert_int_equal(SSL_CTX_load_verify_dir(ctx, u.hashed), 1);
	fd = dial(host);
	assert_true(recv(fd, block, sizeof(block), 0) > 0);
	send(fd, "EHLO me\r\n", 9, 0);
	assert_true(recv(fd, block, sizeof(block), 0) > 0);
	send(fd, "STARTTLS\r\n", 10, 0);
	assert_true(recv(fd, block, sizeof(block), 0) > 0);
	ssl = secure(ctx, fd, "mail.example", NULL);
	assert_int_equal(SSL_get_verify_result(ssl), X509_V_OK);
	SSL_write(ssl, envelope, sizeof(envelope) - 1);
	expect(ssl, "250 mail.example\r\n");
	SSL_write(ssl, mail, sizeof(mail) - 1);
	expect(ssl, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"
	    "354 End data with <CR><LF>.<CR><LF>\r\n");
	SSL_write(ssl, ".\r\n", 3);
	expect(ssl, "250 2.0.0 Ok: queued as 1-1\r\n");
	close(fd);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	assert_true(mock_smtp_wait_closed(host, 1));
	assert_int_equal(mock_smtp_message(host, 0)->flights, 5);
	assert_int_equal(mock_smtp_message(host, 0)->round_trips, 8);
	assert_int_equal(mock_smtp_heard(host, 0)->ending, CLIENT_CUT);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static void
records_why_a_handshake_failed(void **state)
{
	struct temp_dir			 dir;
	struct usual_certificates	 u;
	struct script			 script = { .security = TLS_AT_ONCE };
	struct mock_smtp		*host;
	int				 fd;

	(void)state;
	temp_dir_make(&dir);
	certificate_usual(&u, &dir);
	script.certificate = u.chain;
	script.key = u.key;
	host = mock_smtp_start(&script);
	fd = dial(host);
	send(fd, "EHLO me\r\n", 9, 0);
	assert_true(mock_smtp_wait_closed(host, 1));
	assert_non_null(mock_smtp_heard(host, 0)->tls_failure);
	assert_null(mock_smtp_heard(host, 0)->tls);
	close(fd);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

/* TLS 1.2 with a client certificate. */
static void
records_the_client_certificate(void **state)
{
	struct temp_dir		 dir;
	struct certificate	 root, server, client;
	struct script		 script = { .security = TLS_AT_ONCE,
				    .tls_max = TLS1_2_VERSION };
	struct mock_smtp	*host;
	const char		*both;
	SSL_CTX			*ctx = SSL_CTX_new(TLS_client_method());
	SSL			*ssl;
	int			 fd;

	(void)state;
	temp_dir_make(&dir);
	certificate_make(&root, &(struct certificate_form){
	    .common_name = "root", .authority = true }, NULL);
	certificate_make(&server, &(struct certificate_form){
	    .dns = "localhost" }, &root);
	certificate_make(&client, &(struct certificate_form){
	    .common_name = "Joe", .usage = "clientAuth" }, &root);
	script.client_ca = certificate_write(&root,
	    temp_dir_path(&dir, "ca.pem"), 0);
	script.certificate = certificate_write(&server,
	    temp_dir_path(&dir, "server.pem"), 0);
	script.key = certificate_write_key(&server,
	    temp_dir_path(&dir, "server.key"), 0);
	both = certificate_write(&client, temp_dir_path(&dir, "client.pem"),
	    CERTIFICATE_KEY);
	SSL_CTX_use_certificate_chain_file(ctx, both);
	SSL_CTX_use_PrivateKey_file(ctx, both, SSL_FILETYPE_PEM);
	host = mock_smtp_start(&script);
	fd = dial(host);
	ssl = secure(ctx, fd, "localhost", NULL);
	expect(ssl, "220 mail.example ESMTP ready\r\n");
	close(fd);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	assert_true(mock_smtp_wait_closed(host, 1));
	assert_string_equal(mock_smtp_heard(host, 0)->tls, "TLSv1.2");
	assert_string_equal(mock_smtp_heard(host, 0)->client_name, "Joe");
	mock_smtp_stop(host);
	certificate_free(&client);
	certificate_free(&server);
	certificate_free(&root);
	temp_dir_remove(&dir);
}

/* A step in place of the handshake. */
static void
replaces_the_handshake_by_a_step(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
					.security = TLS_AT_ONCE,
					.steps = { { .at = ON_HANDSHAKE,
					    .raw = "220 hi\r\n",
					    .then = THEN_CLOSE } } });
	int			 fd = dial(host);
	char			 block[64];

	(void)state;
	assert_int_equal(recv(fd, block, sizeof(block), MSG_WAITALL), 8);
	close(fd);
	assert_true(mock_smtp_wait_closed(host, 1));
	mock_smtp_stop(host);
}

#define VERIFIES(sentence, ...) \
	{ sentence, is_verified, NULL, NULL, &(struct verdict){ __VA_ARGS__ } }

static const struct CMUnitTest certificate_spec[] = {
	VERIFIES("a good one", .form = { .dns = "localhost" },
	    .want = X509_V_OK),
	VERIFIES("found in a hashed directory", .form = { .dns = "localhost" },
	    .hashed = true, .want = X509_V_OK),
	VERIFIES("an address as its name", .form = { .ip = "127.0.0.1" },
	    .ip = "127.0.0.1", .want = X509_V_OK),
	VERIFIES("a wildcard", .form = { .dns = "x *.mail.example" },
	    .name = "a.mail.example", .want = X509_V_OK),
	VERIFIES("expired", .form = { .dns = "localhost", .from_day = -2,
	    .to_day = -1 },
	    .want = X509_V_ERR_CERT_HAS_EXPIRED),
	VERIFIES("not yet valid", .form = { .dns = "localhost",
	    .from_day = 1, .to_day = 3 },
	    .want = X509_V_ERR_CERT_NOT_YET_VALID),
	VERIFIES("signed by itself", .form = { .dns = "localhost" },
	    .self_signed = true,
	    .want = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT),
	VERIFIES("for another host", .form = { .dns = "other" },
	    .want = X509_V_ERR_HOSTNAME_MISMATCH),
	VERIFIES("the name only in the CN", .form = {
	    .common_name = "localhost" }, .want = X509_V_ERR_HOSTNAME_MISMATCH),
	VERIFIES("a NUL in the name", .form = { .common_name = "x",
	    .dns = "localhost@.evil.example" },
	    .want = X509_V_ERR_HOSTNAME_MISMATCH),
	VERIFIES("the intermediate is missing", .form = { .dns = "localhost" },
	    .no_intermediate = true,
	    .want = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
	cmocka_unit_test(starts_tls_and_counts_round_trips),
	cmocka_unit_test(records_the_client_certificate),
	cmocka_unit_test(replaces_the_handshake_by_a_step),
	cmocka_unit_test(records_why_a_handshake_failed),
};

int
main(void)
{
	return cmocka_run_group_tests(certificate_spec, NULL, NULL);
}
