#include "support/authorization.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "support/skip.h"
#include "util/clock.h"

enum { DEADLINE_MS = 20000 };

/*
 * The parent of all servers of this test program, which ends with it: Python
 * needs longer to load its modules than most tests run.
 */
static struct running	*parent;

void
authorization_start(struct authorization *a, struct temp_dir *dir,
    const struct usual_certificates *usual, const char *script)
{
	struct running	*servers = parent;
	const char	*line;
	unsigned	 port;
	pid_t		 pid;

	if (access("/usr/bin/python3", X_OK) == -1)
		skip_because("python3 is not installed");
	*a = (struct authorization){ .process = -1 };
	snprintf(a->script, sizeof(a->script), "%s",
	    temp_dir_write(dir, "authorization.json", 0600, script));
	snprintf(a->log, sizeof(a->log), "%s",
	    temp_dir_write(dir, "authorization.log", 0600, ""));
	if (servers == NULL)
		servers = program_start(&(struct program){
		    .path = "/usr/bin/python3", .argv = WORDS("python3", "-B",
		    TESTS "/support/authorization.py"), .keep_open = true,
		    .deadline_ms = 600000 });
	parent = NULL;		/* it is freed if it does not reply */
	for (const char *const *word = WORDS(usual->chain, usual->key,
	    a->script, a->log); *word != NULL; word++) {
		program_say(servers, *word);
		program_say(servers, word[1] != NULL ? " " : "\n");
	}
	line = program_hear(servers);
	parent = servers;
	assert_int_equal(sscanf(line, "port %u process %d", &port, &pid), 2);
	a->process = pidfd_open(pid, 0);
	assert_int_not_equal(a->process, -1);
	snprintf(a->url, sizeof(a->url), "https://127.0.0.1:%u", port);
}

/* A request must not read half of it. */
void
authorization_script(struct authorization *a, const char *script)
{
	char	 name[120];
	FILE	*f;

	snprintf(name, sizeof(name), "%s.new", a->script);
	f = fopen(name, "w");
	assert_non_null(f);
	assert_true(fputs(script, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(name, a->script), 0);
}

const char *
authorization_log(struct authorization *a)
{
	file_read(&a->requests, a->log);
	return a->requests.data;
}

size_t
authorization_count(struct authorization *a, const char *text)
{
	const char	*line = authorization_log(a), *end;
	size_t		 n = 0, len = strlen(text);

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1)
		n += memmem(line, (size_t)(end - line), text, len) != NULL;
	return n;
}

void
authorization_wait(struct authorization *a, const char *text, size_t n)
{
	struct pollfd	fd = { .fd = inotify_init1(IN_CLOEXEC),
			    .events = POLLIN };
	char		event[4096]
			    __attribute__((aligned(sizeof(void *))));
	int64_t		until = clock_ms() + DEADLINE_MS;

	assert_int_not_equal(inotify_add_watch(fd.fd, a->log, IN_MODIFY), -1);
	while (authorization_count(a, text) < n) {
		int64_t	left = until - clock_ms();

		if (left < 0 || poll(&fd, 1, (int)left) != 1 ||
		    read(fd.fd, event, sizeof(event)) <= 0)
			fail_msg("fewer than %zu requests with %s:\n%s", n,
			    text, a->requests.data);
	}
	close(fd.fd);
}

void
authorization_stop(struct authorization *a)
{
	struct pollfd	end = { .fd = a->process, .events = POLLIN };

	if (a->process <= 0)
		return;
	pidfd_send_signal(a->process, SIGKILL, NULL, 0);
	assert_int_equal(poll(&end, 1, DEADLINE_MS), 1);
	close(a->process);
	a->process = -1;
	buffer_free(&a->requests);
}
