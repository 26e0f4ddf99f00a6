#include "support/strace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"

enum { PIDS_MAX = 16, WORDS_MAX = 64 };

/* The reason why programs cannot be traced; NULL if they can. */
static const char *
why_untraceable(void)
{
	struct program_result	o;
	bool			good;

#ifdef __SANITIZE_ADDRESS__
	return "AddressSanitizer looks for leaks by tracing, too";
#endif
	if (access(STRACE, X_OK) != 0)
		return "there is no strace";
	program_run(&o, &(struct program){ .path = STRACE,
	    .argv = WORDS("strace", "-qq", "-o", "/dev/null", "true") });
	good = o.status == 0;
	program_result_free(&o);
	return good ? NULL : "strace may not trace here";
}

void
strace_need(void)
{
	const char	*why = why_untraceable();

	if (why != NULL)
		skip_because("%s", why);
}

static struct strace_call *
find_call(struct strace_calls *calls, const char *name)
{
	for (size_t i = 0; i < calls->n; i++)
		if (strcmp(calls->call[i].name, name) == 0)
			return &calls->call[i];
	assert_in_range(calls->n, 0, STRACE_CALLS_MAX - 1);
	strlcpy(calls->call[calls->n].name, name,
	    sizeof(calls->call[0].name));
	return &calls->call[calls->n++];
}

/*
 * Only numbers are looked at: after PR_SET_DUMPABLE strace can read no string
 * without being root.
 */
void
strace_learn(struct strace_calls *calls, const char *trace, const char *marker)
{
	struct counts {
		int			pid;
		struct strace_calls	seen;
	}		*of = calloc(PIDS_MAX, sizeof(*of));
	struct buffer	 text = { 0 };
	bool		 inside = marker == NULL;

	*calls = (struct strace_calls){ 0 };
	file_read(&text, trace);
	for (char *line = strtok(text.data, "\n"); line != NULL;
	    line = strtok(NULL, "\n")) {
		char			 name[24];
		struct strace_call	*call;
		int			 pid = 1, i = 0;

		inside |= marker != NULL && strstr(line, marker) != NULL;
		/* Without -f, there is no process ID. */
		if ((islower((unsigned char)*line) ?
		    sscanf(line, "%23[a-z0-9_](", name) != 1 :
		    sscanf(line, "%d %23[a-z0-9_](", &pid, name) != 2) ||
		    strstr(line, "resumed>") != NULL)
			continue;
		while (of[i].pid != 0 && of[i].pid != pid)
			i++;
		assert_in_range(i, 0, PIDS_MAX - 2);
		of[i].pid = pid;
		call = find_call(&of[i].seen, name);
		call->last++;
		if (!inside)
			continue;
		if (find_call(calls, name)->first == 0)
			find_call(calls, name)->first = call->last;
		if (find_call(calls, name)->last < call->last)
			find_call(calls, name)->last = call->last;
	}
	assert_in_range(calls->n, 5, STRACE_CALLS_MAX);
	buffer_free(&text);
	free(of);
}

/*
 * Calls that change nothing outside the process: to be killed before one of
 * them is to be killed before the next call that does.
 */
static const char	idle[] = " access brk close fcntl fstat getdents64 "
			    "geteuid getpid getrandom getsockname "
			    "getsockopt getuid lseek mmap mprotect munmap "
			    "newfstatat poll pread64 prctl read recvfrom "
			    "rt_sigaction rt_sigprocmask rt_sigtimedwait "
			    "setsockopt uname exit exit_group ";

static bool
is_wanted(const struct strace_fault *fault, const char *name)
{
	char	word[32];

	snprintf(word, sizeof(word), " %s ", name);
	return fault->calls != NULL ? strstr(fault->calls, word) != NULL :
	    strstr(idle, word) == NULL;
}

bool
strace_next(struct strace_walk *w, char *inject, size_t size)
{
	const struct strace_call	*call;

	for (;; w->at++, w->nth = 0) {
		if (w->at == w->calls->n)
			return false;
		call = &w->calls->call[w->at];
		w->nth = w->nth == 0 ? call->first : w->nth + 1;
		if (w->nth <= call->last && is_wanted(w->fault, call->name))
			break;
	}
	snprintf(inject, size, "inject=%s:%s:when=%d%s", call->name,
	    w->fault->how, w->nth, w->fault->lasting ? "+" : "");
	return true;
}

int
strace_relais(const struct strace_relais *r)
{
	const char		*argv[WORDS_MAX] = { "strace", "-f", "-qq",
				    "-o", r->output };
	char			*parts = strdup(r->inject != NULL ?
				    r->inject : "");
	size_t			 n = 5;
	struct program_result	 o;
	int			 status;

	for (char *part = strtok(parts, " "); part != NULL;
	    part = strtok(NULL, " ")) {
		argv[n++] = "-e";
		argv[n++] = part;
	}
	argv[n++] = relais_program(r->words);
	argv[n++] = "-C";
	argv[n++] = r->conf;
	for (const char *const *word = r->words; *word != NULL; word++)
		argv[n++] = *word;
	argv[n] = NULL;
	program_run(&o, &(struct program){ .path = STRACE, .argv = argv,
	    .input = r->input });
	if (o.signal != 0 && o.signal != SIGKILL)
		fail_msg("%s: signal %d", r->inject, o.signal);
	status = o.signal != 0 ? -1 : o.status;
	program_result_free(&o);
	free(parts);
	return status;
}
