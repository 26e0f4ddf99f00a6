#include "support/dns.h"

#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/buffer.h"

enum { QUERY_MAX = 512, HEADER_SIZE = 12, SERVER_FAILURE = 2, NAME_ERROR = 3,
	TRUNCATED = 0x200 };

static void
add_number(struct buffer *b, unsigned n)
{
	buffer_add_byte(b, (char)(n >> 8));
	buffer_add_byte(b, (char)n);
}

/* "a.example" as labels. */
static void
add_name(struct buffer *b, const char *name)
{
	while (*name != '\0' && strcmp(name, ".") != 0) {
		size_t	n = strcspn(name, ".");

		buffer_add_byte(b, (char)n);
		buffer_add(b, name, n);
		name += n;
		name += *name == '.';
	}
	buffer_add_byte(b, '\0');
}

static void
add_data(struct buffer *b, const struct dns_record *r)
{
	bool	six = r->type == DNS_AAAA;
	char	a[sizeof(struct in6_addr)];

	if (six || r->type == DNS_A) {
		if (inet_pton(six ? AF_INET6 : AF_INET, r->value, a) != 1)
			errx(1, "%s: no address", r->value);
		buffer_add(b, a, six ? sizeof(a) : sizeof(struct in_addr));
		return;
	}
	if (r->type == DNS_TXT) {
		/* Two strings, which the reader must concatenate. */
		size_t	half = strlen(r->value) / 2;

		buffer_add_byte(b, (char)half);
		buffer_add(b, r->value, half);
		buffer_add_byte(b, (char)strlen(r->value + half));
		buffer_add_text(b, r->value + half);
		return;
	}
	if (r->type == DNS_MX || r->type == DNS_SRV)
		add_number(b, r->priority);
	if (r->type == DNS_SRV) {
		add_number(b, r->weight);
		add_number(b, r->port);
	}
	add_name(b, r->value);
}

static void
add_record(struct buffer *b, const struct dns_record *r)
{
	struct buffer	data = { 0 };

	add_name(b, r->name);
	add_number(b, (unsigned)r->type);
	add_number(b, 1);			/* IN */
	add_number(b, 0);
	add_number(b, 60);			/* a minute to live */
	add_data(&data, r);
	add_number(b, (unsigned)data.len);
	buffer_add(b, data.data, data.len);
	buffer_free(&data);
}

/* Sets the name and type of the question; returns its end. */
static size_t
read_question(const unsigned char *query, size_t len, char name[256],
    int *type)
{
	size_t	at = HEADER_SIZE, out = 0;

	while (at < len && query[at] != 0) {
		size_t	n = query[at++];

		if (at + n >= len || out + n + 2 > 256)
			return 0;
		if (out > 0)
			name[out++] = '.';
		memcpy(name + out, query + at, n);
		out += n;
		at += n;
	}
	name[out] = '\0';
	if (at + 5 > len)
		return 0;
	*type = query[at + 1] << 8 | query[at + 2];
	return at + 5;
}

/* The records for a question. */
struct found {
	struct buffer	records;
	unsigned	n;
	bool		known;		/* the name exists */
	enum dns_flaw	flaw;
	unsigned	after_ms;
};

static void
find(const struct dns_record *r, const char *name, int type,
    struct found *f)
{
	for (; r->name != NULL; r++) {
		if (strcasecmp(r->name, name) != 0)
			continue;
		f->known = true;
		if (r->type != type && r->type != DNS_CNAME)
			continue;
		f->after_ms = r->after_ms;
		if (r->flaw != DNS_CORRECT) {
			f->flaw = r->flaw;
		} else if (r->raw != NULL) {
			buffer_add(&f->records, r->raw, r->raw_len);
			f->n += r->claimed;
		} else {
			add_record(&f->records, r);
			f->n++;
		}
	}
}

static void
answer(int fd, const struct dns_record *records)
{
	unsigned char		 query[QUERY_MAX];
	struct sockaddr_in	 from;
	socklen_t		 from_len = sizeof(from);
	struct buffer		 out = { 0 };
	struct found		 f = { .n = 0 };
	char			 name[256];
	int			 type;
	pid_t			 later = -1;	/* replies after a while */
	ssize_t			 n = recvfrom(fd, query, sizeof(query), 0,
				    (struct sockaddr *)&from, &from_len);
	size_t			 end;

	if (n < HEADER_SIZE ||
	    (end = read_question(query, (size_t)n, name, &type)) == 0)
		return;
	find(records, name, type, &f);
	query[1] ^= f.flaw == DNS_WRONG_ID;
	buffer_add(&out, (const char *)query, 2);
	f.known &= f.flaw != DNS_NO_NAME;
	add_number(&out, 0x8180u | (f.known ? 0 : NAME_ERROR) |
	    (f.flaw == DNS_TRUNCATED ? TRUNCATED : 0) |
	    (f.flaw == DNS_FAILURE ? SERVER_FAILURE : 0));
	add_number(&out, 1);
	add_number(&out, f.n);
	add_number(&out, 0);
	add_number(&out, 0);
	buffer_add(&out, (const char *)query + HEADER_SIZE,
	    end - HEADER_SIZE);
	buffer_add(&out, f.records.data, f.records.len);
	if (f.after_ms > 0)
		later = fork();
	if (later == 0)
		usleep(f.after_ms * 1000);
	if (f.flaw != DNS_SILENT && later <= 0)
		sendto(fd, out.data, out.len, 0, (struct sockaddr *)&from,
		    from_len);
	if (later == 0)
		_exit(0);
	buffer_free(&out);
	buffer_free(&f.records);
}

void
dns_start(struct dns *d, const struct dns_record *records, uint16_t port)
{
	socklen_t	len = sizeof(d->address);
	int		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	d->address = (struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&d->address, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&d->address, &len) == -1)
		err(1, "name server");
	fflush(NULL);
	if ((d->pid = fork()) == -1)
		err(1, "fork");
	if (d->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		for (;;)
			answer(fd, records);
	}
	close(fd);
}

void
dns_stop(struct dns *d)
{
	kill(d->pid, SIGKILL);
	if (waitpid(d->pid, NULL, 0) != d->pid)
		err(1, "waitpid");
}
