#include "support/mock_process.h"

#include <err.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/mock_session.h"
#include "util/memory.h"

static void
check(int ok, const char *what)
{
	if (ok == 1)
		return;
	ERR_print_errors_fp(stderr);
	errx(1, "smarthost: %s", what);
}

static SSL_CTX *
tls_context(const struct script *s)
{
	SSL_CTX	*ctx;

	if (s->security == IN_CLEAR)
		return NULL;
	check((ctx = SSL_CTX_new(TLS_server_method())) != NULL, "TLS");
	if (s->certificate != NULL)
		check(SSL_CTX_use_certificate_chain_file(ctx, s->certificate),
		    s->certificate);
	if (s->key != NULL)
		check(SSL_CTX_use_PrivateKey_file(ctx, s->key,
		    SSL_FILETYPE_PEM), s->key);
	if (s->client_ca != NULL) {
		check(SSL_CTX_load_verify_file(ctx, s->client_ca),
		    s->client_ca);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	}
	SSL_CTX_set_min_proto_version(ctx, s->tls_min);
	SSL_CTX_set_max_proto_version(ctx, s->tls_max);
	if (s->tls_setup != NULL)
		s->tls_setup(ctx);
	return ctx;
}

/* The sockets of the connections that have a thread. */
struct open_sockets {
	pthread_mutex_t	 lock;
	struct pollfd	*socket;	/* .fd is -1 if free */
	size_t		 n, cap;
};

struct job {
	SSL_CTX			*tls;
	struct open_sockets	*open;
	struct mock_conn	 conn;
};

/*
 * Adds a socket, and returns the number of those that their clients have not
 * closed, whether their threads have noticed it or not.
 */
static size_t
add_socket(struct open_sockets *o, int fd)
{
	size_t	i = 0, still_open = 0;

	pthread_mutex_lock(&o->lock);
	while (i < o->n && o->socket[i].fd != -1)
		i++;
	if (i == o->n) {
		o->socket = memory_room(o->socket, o->n, &o->cap,
		    sizeof(*o->socket));
		o->n++;
	}
	o->socket[i] = (struct pollfd){ .fd = fd, .events = POLLRDHUP };
	poll(o->socket, o->n, 0);
	for (i = 0; i < o->n; i++)
		still_open += o->socket[i].fd != -1 &&
		    o->socket[i].revents == 0;
	pthread_mutex_unlock(&o->lock);
	return still_open;
}

static void
remove_socket(struct open_sockets *o, int fd)
{
	pthread_mutex_lock(&o->lock);
	for (size_t i = 0; i < o->n; i++)
		if (o->socket[i].fd == fd)
			o->socket[i].fd = -1;
	pthread_mutex_unlock(&o->lock);
}

static void *
attend(void *arg)
{
	struct job	*job = arg;
	int		 fd = job->conn.fd;

	mock_session_run(&job->conn, job->tls);
	remove_socket(job->open, fd);
	mock_conn_close(&job->conn);
	free(job);
	return NULL;
}

/* Close the descriptors of the test. */
static void
close_others(const int *keep, size_t n)
{
	for (int fd = 3; fd < 256; fd++) {
		bool	kept = false;

		for (size_t i = 0; i < n; i++)
			kept = kept || keep[i] == fd;
		if (!kept)
			close(fd);
	}
}

void
mock_process_run(const struct script *s, int listener, int release,
    const struct event_log *events)
{
	int		 keep[] = { listener, release, events->fd,
			    events->bell };
	struct open_sockets open = { .lock = PTHREAD_MUTEX_INITIALIZER };
	SSL_CTX		*tls;
	pthread_attr_t	 detached;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1)
		_exit(1);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, SIG_DFL);
	alarm(s->life_s > 0 ? s->life_s : 600);
	close_others(keep, sizeof(keep) / sizeof(keep[0]));
	tls = tls_context(s);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (unsigned n = 0;; n++) {
		struct job	*job = memory_new(1, sizeof(*job));
		pthread_t	 thread;

		job->tls = tls;
		job->open = &open;
		job->conn.connection = n;
		job->conn.script = s;
		job->conn.events = events;
		job->conn.release = release;
		do
			job->conn.fd = accept4(listener, NULL, NULL,
			    SOCK_CLOEXEC);
		while (job->conn.fd == -1 && errno == EINTR);
		if (job->conn.fd == -1)
			err(1, "smarthost: accept");
		mock_conn_open(&job->conn,
		    add_socket(&open, job->conn.fd));
		if (pthread_create(&thread, &detached, attend, job) != 0)
			errx(1, "smarthost: no thread");
	}
}
