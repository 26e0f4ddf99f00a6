#include "config/command_process.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/secret_command.h"
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

/* Sets *command to the command with this number; false after the last one. */
static bool
command_at(const struct config *config, size_t number, const char **command)
{
	static const enum config_key	keys[] = { KEY_PASSWORD_COMMAND,
					    KEY_TOKEN_COMMAND };

	for (const struct section *s = config->first; s != NULL; s = s->next)
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			if (s->setting[keys[i]] != NULL && number-- == 0) {
				*command = s->setting[keys[i]]->value;
				return true;
			}
	return false;
}

/*
 * In the child.
 */

static void
run_commands(int fd, const void *context)
{
	const struct config	*config = context;
	struct buffer		 output = { 0 };
	struct command_result	 r;
	const char		*command;
	uint32_t		 number;

	while (read(fd, &number, sizeof(number)) == sizeof(number) &&
	    command_at(config, number, &command)) {
		memset(&r, 0, sizeof(r));
		if (command_output(&output, command, COMMAND_MS, fd, &r.why))
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
	const char	*command;

	*p = (struct command_process){ .config = config };
	if (!command_at(config, 0, &command))
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
request_output(struct command_process *p, uint32_t number,
    struct buffer *output, struct failure *why)
{
	struct command_result	r;

	if (!file_write(p->fd, &number, sizeof(number)) ||
	    !read_result(p, &r, sizeof(r)) ||
	    !read_result(p, buffer_room(output, r.len), r.len)) {
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
    const char *command, struct failure *why)
{
	const char	*other;

	if (p->pid == 0) {
		errno = p->error;
		return failed_errno(why, EX_OSERR,
		    "cannot start the process that runs commands");
	}
	for (uint32_t i = 0; command_at(p->config, i, &other); i++)
		if (strcmp(other, command) == 0)
			return request_output(p, i, output, why);
	return failed(why, EX_SOFTWARE, "%s is not in the configuration",
	    command);
}

void
command_process_end(struct command_process *p)
{
	if (p->pid == 0)
		return;
	helper_end(p->pid, p->fd);
	p->pid = 0;
}
