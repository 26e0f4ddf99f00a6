#include "net/tls_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>

/* More than the largest record, so that a call with data rarely waits. */
enum { TAKEN_MAX = 64 * 1024 };

static bool
is_temporary(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static int
wire_write(BIO *bio, const char *data, size_t len, size_t *put)
{
	struct tls_wire	*w = BIO_get_data(bio);
	ssize_t		 n = send(w->fd, data, len, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (n == -1) {
		if (is_temporary(errno))
			BIO_set_retry_write(bio);
		else
			w->error = errno;
		return 0;
	}
	*put = (size_t)n;
	w->sent += (size_t)n;
	return 1;
}

static int
wire_read(BIO *bio, char *to, size_t room, size_t *got)
{
	struct tls_wire	*w = BIO_get_data(bio);
	ssize_t		 n;

	BIO_clear_retry_flags(bio);
	if (w->taken >= TAKEN_MAX) {
		BIO_set_retry_read(bio);
		return 0;
	}
	n = recv(w->fd, to, room, 0);
	if (n > 0) {
		size_t	kept = sizeof(w->first) - w->first_len;

		if (kept > (size_t)n)
			kept = (size_t)n;
		memcpy(w->first + w->first_len, to, kept);
		w->first_len += kept;
		w->taken += (size_t)n;
		*got = (size_t)n;
		return 1;
	}
	if (n == 0)
		w->eof = true;
	else if (is_temporary(errno))
		BIO_set_retry_read(bio);
	else
		w->error = errno;
	return 0;
}

static long
wire_ctrl(BIO *bio, int command, long number, void *pointer)
{
	const struct tls_wire	*w = BIO_get_data(bio);

	(void)number, (void)pointer;
	switch (command) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return w->eof;
	default:
		return 0;
	}
}

bool
tls_wire_attach(struct tls_wire *w, SSL *ssl, int fd)
{
	BIO	*bio;

	w->fd = fd;
	w->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "relais socket");
	if (w->method == NULL ||
	    !BIO_meth_set_write_ex(w->method, wire_write) ||
	    !BIO_meth_set_read_ex(w->method, wire_read) ||
	    !BIO_meth_set_ctrl(w->method, wire_ctrl) ||
	    (bio = BIO_new(w->method)) == NULL)
		return false;
	BIO_set_data(bio, w);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	return true;
}

void
tls_wire_begin_call(struct tls_wire *w)
{
	w->taken = 0;
}

bool
tls_wire_is_plaintext(const struct tls_wire *w)
{
	enum { ALERT = 21, HANDSHAKE = 22, MAJOR = 3 };

	if (w->first_len == 0)
		return false;
	if (w->first[0] != ALERT && w->first[0] != HANDSHAKE)
		return true;
	return w->first_len > 1 && w->first[1] != MAJOR;
}

void
tls_wire_free(struct tls_wire *w)
{
	BIO_meth_free(w->method);
	w->method = NULL;
}
