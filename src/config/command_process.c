#include "config/command_process.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/secret_command.h"
#include "config/token_program.h"
#include "util/file.h"
#include "util/helper.h"

enum {
	COMMAND_MS = 30 * 1000,
	RESULT_MS = COMMAND_MS + 5 * 1000,	/* if the process hangs */
};

/* Precedes the output of a command on the socket. */
struct command_result {
	struct failure	why;	/* .status is EX_OK after success */
	size_t		len;	/* of the output */
};

/* What the parent writes to the socket. */
struct command_request {
	uint32_t	number;		/* of the command */
	uint32_t	renew;		/* for the key token: 1 or 0 */
};

struct command {
	const struct section	*section;
	enum config_key		 key;
	const char		*value;
};

/* Finds the command with this number; false after the last one. */
static bool
command_at(const struct config *config, size_t number, struct command *c)
{
	static const enum config_key	keys[] = { KEY_PASSWORD_COMMAND,
					    KEY_TOKEN, KEY_TOKEN_COMMAND };

	for (const struct section *s = config->first; s != NULL; s = s->next)
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			if (s->setting[keys[i]] != NULL && number-- == 0) {
				*c = (struct command){ s, keys[i],
				    s->setting[keys[i]]->value };
				return true;
			}
	return false;
}

/*
 * In the child.
 */

static bool
run_command(struct buffer *output, const struct config *config,
    const struct command_request *q, int fd, struct failure *why)
{
	struct token_request	token = { .command = "token",
				    .renew = q->renew };
	struct command		c;

	if (!command_at(config, q->number, &c))
		return failed(why, EX_SOFTWARE, "no such command");
	if (c.key != KEY_TOKEN)
		return command_output(output, c.value, COMMAND_MS, fd, why);
	token.name = c.value;
	token_program_configure(&token, config, c.section);
	return token_program_run(output, &token, COMMAND_MS, fd, why);
}

static void
run_commands(int fd, const void *context)
{
	struct buffer		 output = { 0 };
	struct command_request	 q;
	struct command_result	 r;

	while (read(fd, &q, sizeof(q)) == sizeof(q)) {
		memset(&r, 0, sizeof(r));
		if (run_command(&output, context, &q, fd, &r.why))
			r.len = output.len;
		if (!file_write(fd, &r, sizeof(r)) ||
		    !file_write(fd, output.data, r.len))
			_exit(EX_IOERR);
		buffer_wipe(&output);
	}
}

/*
 * In the parent.
 */

void
command_process_start(struct command_process *p, const struct config *config)
{
	struct command	first;

	*p = (struct command_process){ .config = config };
	if (!command_at(config, 0, &first))
		return;
	p->pid = helper_start(&p->fd, run_commands, config);
	if (p->pid == -1) {
		p->error = errno;
		p->pid = 0;
	}
}

static bool
read_result(struct command_process *p, void *data, size_t len)
{
	struct pollfd	ready[2] = {
		{ .fd = p->fd, .events = POLLIN },
		{ .fd = p->interrupt != NULL ? p->interrupt->fd : -1,
		    .events = POLLIN },
	};
	char		*to = data;

	while (len > 0) {
		ssize_t	n = poll(ready, 2, RESULT_MS);

		if (n > 0 && ready[0].revents == 0) {
			if (interrupt_came(p->interrupt))
				return false;
			continue;
		}
		if (n == 0)
			errno = ETIMEDOUT;
		else if (n > 0 && (n = read(p->fd, to, len)) == 0)
			errno = EPIPE;
		if (n > 0) {
			to += n;
			len -= (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}

static bool
request_output(struct command_process *p, const struct command_request *q,
    struct buffer *output, struct failure *why)
{
	struct command_result	r;

	if (p->fd == -1)
		return failed(why, EX_TEMPFAIL, "the process that runs "
		    "commands has ended");
	if (!file_write(p->fd, q, sizeof(*q)) ||
	    !read_result(p, &r, sizeof(r)) ||
	    !read_result(p, buffer_room(output, r.len), r.len)) {
		p->lost = errno != ETIMEDOUT &&
		    !interrupt_is_known(p->interrupt);
		/* A late result would be taken for that of another command. */
		close(p->fd);
		p->fd = -1;
		if (interrupt_is_known(p->interrupt))
			return interrupt_failed(p->interrupt, why);
		return failed_errno(why, EX_TEMPFAIL,
		    "no result from the process that runs commands");
	}
	output->len += r.len;
	buffer_add(output, "", 0);
	*why = r.why;
	return r.why.status == EX_OK;
}

bool
command_process_run(struct command_process *p, struct buffer *output,
    const struct command_choice *choice, struct failure *why)
{
	struct command_request	q = { .renew = choice->renew };
	struct command		c;

	if (p->pid == 0) {
		errno = p->error;
		return failed_errno(why, EX_OSERR,
		    "cannot start the process that runs commands");
	}
	for (; command_at(p->config, q.number, &c); q.number++)
		if (c.key == choice->key &&
		    strcmp(c.value, choice->value) == 0)
			return request_output(p, &q, output, why);
	return failed(why, EX_SOFTWARE, "%s is not in the configuration",
	    choice->value);
}

void
command_process_end(struct command_process *p)
{
	if (p->pid == 0)
		return;
	/* After a failure, it ends by itself, unless it hangs. */
	if (p->fd != -1)
		helper_end(p->pid, p->fd);
	p->pid = 0;
}
