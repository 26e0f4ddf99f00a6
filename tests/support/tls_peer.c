#include "support/tls_peer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "support/binding.h"

enum { DEADLINE = 30 };

static SSL_CTX *
context(const struct tls_peer_form *form)
{
	SSL_CTX	*ctx = SSL_CTX_new(TLS_server_method());

	/* Allow weak keys and digests, which the client must refuse. */
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, form->min);
	SSL_CTX_set_max_proto_version(ctx, form->max);
	if (form->no_ems)
		SSL_CTX_set_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	if (form->chain[0] != NULL) {
		SSL_CTX_use_certificate(ctx, form->chain[0]->x);
		SSL_CTX_use_PrivateKey(ctx, form->chain[0]->key);
		for (size_t i = 1; form->chain[i] != NULL; i++)
			SSL_CTX_add1_chain_cert(ctx, form->chain[i]->x);
	}
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	if (form->client_ca != NULL) {
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx),
		    form->client_ca->x);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
		    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	return ctx;
}

static void
report_session(SSL *ssl, struct tls_peer_report *report)
{
	const char	*sni;
	X509		*x = SSL_get1_peer_certificate(ssl);

	sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	report->accepted = true;
	report->certified = x != NULL;
	X509_free(x);
	strlcpy(report->sni, sni != NULL ? sni : "", sizeof(report->sni));
	strlcpy(report->protocol, SSL_get_version(ssl),
	    sizeof(report->protocol));
	binding_of(ssl, "tls-exporter", report->exporter);
	report->unique_len = binding_of(ssl, "tls-unique", report->unique);
}

static void
talk(SSL *ssl, const struct tls_peer_form *form,
    struct tls_peer_report *report)
{
	char	block[4096];
	int	n;

	if (SSL_accept(ssl) != 1)
		return;
	report_session(ssl, report);
	if (form->serve != NULL)
		form->serve(ssl, report);
	while ((n = SSL_read(ssl, block, sizeof(block))) > 0)
		report->received += (size_t)n;
	report->polite = SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN;
}

static void
be_the_peer(int fd, const struct tls_peer_form *form,
    struct tls_peer_report *report)
{
	char	block[4096];
	SSL	*ssl;

	signal(SIGPIPE, SIG_IGN);
	alarm(DEADLINE);
	if (form->deaf)
		_exit(0);
	if (form->raw != NULL) {
		if (write(fd, form->raw, form->raw_len) == -1)
			_exit(1);
		shutdown(fd, SHUT_WR);
		while (read(fd, block, sizeof(block)) > 0)
			continue;
		_exit(0);
	}
	ssl = SSL_new(context(form));
	SSL_set_fd(ssl, fd);
	talk(ssl, form, report);
	_exit(0);
}

void
tls_peer_start(struct tls_peer *peer, const struct tls_peer_form *form)
{
	int	pair[2];

	peer->report = mmap(NULL, sizeof(*peer->report),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (peer->report == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1 ||
	    (peer->pid = fork()) == -1)
		abort();
	if (peer->pid == 0) {
		close(pair[0]);
		be_the_peer(pair[1], form, peer->report);
	}
	close(pair[1]);
	peer->fd = pair[0];
	fcntl(peer->fd, F_SETFL, O_NONBLOCK);
}

void
tls_peer_finish(struct tls_peer *peer)
{
	if (peer->fd != -1)
		close(peer->fd);
	peer->fd = -1;
	if (peer->pid > 0)
		waitpid(peer->pid, NULL, 0);
	peer->pid = 0;
}

void
tls_peer_free(struct tls_peer *peer)
{
	tls_peer_finish(peer);
	munmap(peer->report, sizeof(*peer->report));
}
