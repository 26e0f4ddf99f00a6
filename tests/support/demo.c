/*
 * A smarthost for demonstrations: accepts every message on a loopback port and
 * writes it, after its envelope, to the Maildir DIR.  Prints "port N", and
 * "delivered FILE" for each message; ends at the end of standard input.  If a
 * user and a password are given, it accepts messages only after AUTH.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/mock_smtp.h"

enum { LIFE_S = 24 * 60 * 60 };

static void
make_directory(char *to, size_t size, const char *dir, const char *name)
{
	if ((size_t)snprintf(to, size, "%s%s", dir, name) >= size)
		errx(1, "%s: too long", dir);
	if (mkdir(to, 0755) == -1 && errno != EEXIST)
		err(1, "%s", to);
}

static void
write_message(FILE *f, const struct heard_message *m)
{
	fprintf(f, "Return-Path: <%s>\n", m->reverse_path);
	for (size_t i = 0; i < m->n_rcpt; i++)
		if (m->rcpt[i].code / 100 == 2)
			fprintf(f, "X-Original-To: %s\n", m->rcpt[i].path);
	for (size_t i = 0; i < m->data.len; i++)
		if (m->data.data[i] != '\r' || i + 1 == m->data.len ||
		    m->data.data[i + 1] != '\n')
			putc(m->data.data[i], f);
}

/* Written to tmp/, and renamed when it is complete. */
static void
deliver(const char *dir, size_t n, const struct heard_message *m)
{
	char	 tmp[1024], name[1024];
	FILE	*f;

	snprintf(tmp, sizeof(tmp), "%s/tmp/%d.%zu", dir, (int)getpid(), n);
	snprintf(name, sizeof(name), "%s/new/%d.%zu", dir, (int)getpid(), n);
	if ((f = fopen(tmp, "wxe")) == NULL)
		err(1, "%s", tmp);
	write_message(f, m);
	if (ferror(f) || fclose(f) == EOF || rename(tmp, name) == -1)
		err(1, "%s", name);
	printf("delivered %s\n", name);
	fflush(stdout);
}

int
main(int argc, char *argv[])
{
	struct script		 script = { .life_s = LIFE_S };
	struct pollfd		 fd[2] = { { .fd = 0, .events = POLLIN } };
	struct mock_smtp	*host;
	char			 path[1024];
	size_t			 done = 0;
	bool			 over = false;

	if (argc != 2 && argc != 4)
		errx(64, "usage: demo DIR [USER PASSWORD]");
	if (argc == 4) {
		script.user = argv[2];
		script.password = argv[3];
		script.auth_in_clear = script.auth_required = true;
	}
	make_directory(path, sizeof(path), argv[1], "");
	make_directory(path, sizeof(path), argv[1], "/tmp");
	make_directory(path, sizeof(path), argv[1], "/new");
	make_directory(path, sizeof(path), argv[1], "/cur");
	host = mock_smtp_start(&script);
	printf("port %u\n", host->port);
	fflush(stdout);
	fd[1] = (struct pollfd){ .fd = mock_smtp_bell(host),
		.events = POLLIN };
	while (!over) {
		/* Look for messages once more after the end of input. */
		if (poll(fd, 2, -1) > 0 && fd[0].revents != 0)
			over = read(0, path, sizeof(path)) <= 0;
		for (; done < mock_smtp_messages(host); done++)
			deliver(argv[1], done, mock_smtp_message(host, done));
	}
	mock_smtp_stop(host);
	return 0;
}
