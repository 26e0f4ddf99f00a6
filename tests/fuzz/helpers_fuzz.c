/*
 * helpers_fuzz.c - what a process in the sandbox asks of its helpers
 *
 * The first octet selects the helper (util/helper.h) and its configuration; the
 * rest is on its socket, which is closed after it.  Whatever it is, the helper
 * uses only programs, words, hosts and Maildirs of the configuration, waits for
 * a limited time, passes only paths that it was sent, and delivers a message
 * only after it has read its end.  No program is run: command_*() and
 * maildir_*() are those of this file.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/command_process.h"
#include "config/connect_process.h"
#include "config/secret_command.h"
#include "fuzz/must.h"
#include "fuzz/own_config.h"
#include "relay/delivery_process.h"
#include "relay/maildir.h"
#include "util/file.h"
#include "util/helper.h"

enum {
	WAIT_MAX = 24 * 60 * 60 * 1000,
	OUTPUT_SIZE = 100,
};

/* Each program is named after its key. */
static const char	hosts[] =
	"smarthost = command:///bin/true a, maildir:///srv/Maildir, "
	    "smtp://mail.example:2525\n"
	"connect_command = connect a %h %p\n"
	"password_command = password a\n"
	"[to b.example]\n"
	"smarthost = command:///bin/false\n"
	"connect_command = connect b%% %p\n"
	"token_command = token a\n"
	"[to c.example]\n"
	"smarthost = smtp://[::1]:25\n"
	"connect_command = off\n"
	"token = work\n";
static const char	lookups[] =
	"smarthost = submission+srv://example.org\n"
	"connect_command = connect a %h %p\n";

static struct config	config_of_hosts, config_of_lookups;

/* A helper, and the input that does not make it start too many programs or
 * write too many replies. */
static struct helper {
	const struct config	*config;
	size_t			 input_max;
	void		       (*run)(int fd, const void *context);
} helpers[] = {
	{ &config_of_hosts, 8 * 32, NULL },
	{ &config_of_hosts, 268 * 4, NULL },
	{ &config_of_lookups, 268 * 4, NULL },
	{ &config_of_hosts, 4096, NULL },
};
enum { HELPERS = sizeof(helpers) / sizeof(*helpers) };

static struct helper	*present;	/* is started, or runs */
static int		 caller;	/* its socket */
static const char	*input;
static size_t		 input_len;
static unsigned		 calls;		/* of the functions below */
static bool		*broken;	/* in a child of the helper */

/* In the place of util/helper.c: it runs in this process. */
pid_t
helper_start(int *fd, void (*run)(int fd, const void *context),
    const void *context)
{
	must(context == present->config);
	present->run = run;
	*fd = -1;
	return 1;
}

void
helper_end(pid_t pid, int fd)
{
	(void)pid, (void)fd;
	abort();
}

static bool
is_sent(const char *text, size_t len)
{
	return len == 0 || memmem(input, input_len, text, len) != NULL;
}

/* The end of a message is the length 0. */
static bool
is_at_end_of_message(void)
{
	static const char	end[sizeof(uint32_t)];
	int			rest;
	size_t			at;

	must(ioctl(caller, FIONREAD, &rest) == 0);
	at = input_len - (size_t)rest;
	return at >= sizeof(end) &&
	    memcmp(input + at - sizeof(end), end, sizeof(end)) == 0;
}

/* -------------------------------- in the place of config/secret_command.c */

bool
command_output(struct buffer *output, const char *command, int64_t timeout_ms,
    int fd, struct failure *why)
{
	char	text[OUTPUT_SIZE] = "secret\n";

	must(strcmp(command, "password a") == 0 ||
	    strcmp(command, "token a") == 0);
	must(timeout_ms > 0 && timeout_ms <= WAIT_MAX && fd == caller);
	if (++calls % 3 == 0)
		return failed(why, EX_TEMPFAIL, "password");
	buffer_add(output, text, sizeof(text));
	return true;
}

/* Only if relais-token is installed. */
bool
command_program(struct buffer *output, const struct command_program *p,
    struct failure *why)
{
	static const char *const	plain[] = { "token", "--", "work", NULL };
	static const char *const	renewed[] = { "token", "--renew", "--",
					    "work", NULL };
	const char *const		*wanted = strcmp(p->arguments[1],
					    "--") == 0 ? plain : renewed;
	size_t				 n = 0;

	for (; wanted[n] != NULL; n++)
		must(strcmp(p->arguments[n], wanted[n]) == 0);
	must(p->arguments[n] == NULL);
	return command_output(output, "token a", p->timeout_ms, p->caller, why);
}

const char *
command_last_line(const char *errors, size_t len, size_t *line_len)
{
	*line_len = len;
	return errors;
}

/* Returns the octets of the paths. */
static size_t
check_paths(char *const *arguments)
{
	size_t	octets = 0;

	must(strcmp(arguments[0], "--") == 0 && arguments[1] != NULL);
	for (arguments++; *arguments != NULL; arguments++) {
		size_t	len = strlen(*arguments);

		must(len > 0 && is_sent(*arguments, len + 1));
		for (const char *c = *arguments; *c != '\0'; c++)
			must((unsigned char)*c >= ' ' && *c != 127);
		octets += len + 1;
	}
	return octets;
}

enum command_end
command_deliver(struct command_delivery *d, struct failure *why)
{
	static const char	variable[] = "RELAIS_SENDER=";
	const char		*sender = d->environment[0];

	must(strcmp(d->command, "/bin/true a") == 0 ||
	    strcmp(d->command, "/bin/false") == 0);
	must(d->timeout_ms >= 0 && d->timeout_ms <= WAIT_MAX);
	must(d->caller == caller && is_at_end_of_message());
	must(strncmp(sender, variable, strlen(variable)) == 0);
	must(d->environment[1] == NULL);
	sender += strlen(variable);
	must(is_sent(sender, strlen(sender) + 1));
	must(strlen(sender) + 1 + check_paths(d->arguments) <=
	    2 * DELIVERY_PATHS_MAX);
	must((size_t)lseek(d->input, 0, SEEK_END) <= input_len);

	buffer_add_text(&d->errors, "its errors\n");
	d->status = (int)(++calls % 80);
	switch (calls % 4) {
	case 0:
		failed(why, EX_CONFIG, "true");
		return COMMAND_END_NOT_STARTED;
	case 1:
		return COMMAND_END_STATUS;
	case 2:
		return COMMAND_END_SIGNAL;
	default:
		failed(why, EX_TEMPFAIL, "true: timed out");
		return COMMAND_END_STOPPED;
	}
}

static bool
is_command_of_hosts(const char *command)
{
	return strcmp(command, "connect a mail.example 2525") == 0 ||
	    strcmp(command, "connect a ::1 25") == 0 ||
	    strcmp(command, "connect b% 2525") == 0 ||
	    strcmp(command, "connect b% 25") == 0;
}

/* "connect a HOST PORT" */
static bool
is_command_of_lookups(const char *command)
{
	static const char	start[] = "connect a ";
	size_t			host, port;

	if (strncmp(command, start, strlen(start)) != 0)
		return false;
	command += strlen(start);
	host = strspn(command, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789.-_");
	if (host == 0 || command[0] == '-' || command[host] != ' ' ||
	    !is_sent(command, host))
		return false;
	command += host + 1;
	port = strspn(command, "0123456789");
	return port > 0 && command[port] == '\0';
}

/* In a child of the helper. */
enum command_end
command_connect(struct command_connection *c, struct failure *why)
{
	(void)why;
	if (!(present->config == &config_of_hosts ?
	    is_command_of_hosts(c->command) :
	    is_command_of_lookups(c->command)))
		*broken = true;
	buffer_add_text(&c->errors, "its errors\n");
	c->status = 1;
	return COMMAND_END_STATUS;
}

/* -------------------------------------- in the place of relay/maildir.c */

bool
maildir_open(struct maildir *m, const char *path, struct failure *why)
{
	must(strcmp(path, "/srv/Maildir") == 0);
	*m = (struct maildir){ .fd = -1, .name = "name" };
	return ++calls % 8 != 0 || failed(why, EX_CONFIG, "no");
}

bool
maildir_create(struct maildir *m, struct failure *why)
{
	m->fd = file_in_memory();
	return m->fd != -1 || failed(why, EX_TEMPFAIL, "no");
}

bool
maildir_commit(struct maildir *m, bool *in_doubt, struct failure *why)
{
	must(is_at_end_of_message());
	must((size_t)lseek(m->fd, 0, SEEK_END) <= input_len);
	*in_doubt = ++calls % 3 == 0;
	return calls % 3 == 1 || failed(why, EX_TEMPFAIL, "no");
}

void
maildir_close(struct maildir *m)
{
	if (m->fd != -1)
		close(m->fd);
}

/* ------------------------------------------------------------------------ */

static void
free_configs(void)
{
	config_free(&config_of_hosts);
	config_free(&config_of_lookups);
}

static void
start_helpers(void)
{
	struct command_process	command;
	struct connect_process	connect;
	struct delivery_process	delivery;

	own_config_parse(&config_of_hosts, hosts, strlen(hosts));
	own_config_parse(&config_of_lookups, lookups, strlen(lookups));
	atexit(free_configs);
	broken = mmap(NULL, sizeof(*broken), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(broken != MAP_FAILED);
	present = &helpers[0];
	command_process_start(&command, present->config);
	for (present++; present < &helpers[HELPERS - 1]; present++)
		connect_process_start(&connect, present->config);
	delivery_process_start(&delivery, present->config);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int	fd[2];

	if (config_of_hosts.first == NULL)
		start_helpers();
	if (size == 0)
		return 0;
	present = &helpers[data[0] % HELPERS];
	input = (const char *)data + 1;
	input_len = size - 1 < present->input_max ? size - 1 :
	    present->input_max;
	calls = data[0] / HELPERS;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0);
	must(file_write(fd[0], input, input_len) &&
	    shutdown(fd[0], SHUT_WR) == 0);
	caller = fd[1];
	present->run(caller, present->config);
	must(!*broken);
	/* Also what the helper leaves open because it ends. */
	closefrom(fd[0]);
	return 0;
}
