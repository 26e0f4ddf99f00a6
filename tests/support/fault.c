#include "support/fault.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/memory.h"

enum { EACH_MAX = 1000 };

static const char	names[FAULT_N][20] = {
#define FAULT_NAME(name)	#name,
	FAULT_FUNCTIONS(FAULT_NAME)
#undef FAULT_NAME
};

void
fault_open(struct fault_run *r, struct temp_dir *dir)
{
	const char	*path = temp_dir_write(dir, "faulty-state", 0600, "");
	const char	*asan = getenv("ASAN_OPTIONS");
	int		 fd;

	if (access(FAULTY, R_OK) != 0)
		fail_msg("%s is not built", FAULTY);
	*r = (struct fault_run){ 0 };
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, sizeof(*r->state)), 0);
	r->state = mmap(NULL, sizeof(*r->state), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	assert_ptr_not_equal(r->state, MAP_FAILED);
	snprintf(r->text[0], sizeof(r->text[0]), "FAULTY_STATE=%s", path);
	snprintf(r->text[1], sizeof(r->text[1]), "ASAN_OPTIONS="
	    "%s%sverify_asan_link_order=0:allocator_may_return_null=1",
	    asan != NULL ? asan : "", asan != NULL ? ":" : "");
	r->environment[0] = "LD_PRELOAD=" FAULTY;
	r->environment[1] = r->text[0];
	r->environment[2] = r->text[1];
	r->environment[3] = "PATH=/usr/bin:/bin:/usr/sbin:/sbin";
	r->environment[4] = "HOME=/nowhere";
	r->environment[5] = "LC_ALL=C";
	temp_dir_write(dir, "tmp/.keep", 0600, "");
	snprintf(r->text[2], sizeof(r->text[2]), "TMPDIR=%s/tmp", dir->path);
	r->environment[6] = r->text[2];
}

void
fault_close(struct fault_run *r)
{
	munmap(r->state, sizeof(*r->state));
	free(r->chosen);
}

/* Whether the list, separated by blanks, contains the name; NULL: all do. */
static bool
lists(const char *list, const char *name)
{
	size_t	n = strlen(name);

	for (const char *at = list; at != NULL; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, name, n) == 0 && (at[n] == ' ' ||
		    at[n] == '\0'))
			return true;
	}
	return false;
}

static void
clear(struct fault_state *s)
{
	s->processes = 0;
	s->hits = 0;
	s->clock = 0;
	s->ended = false;
	s->fd = -1;
	s->caller = 0;
	s->object[0] = '\0';
	s->last_in_libc = false;
	for (size_t i = 0; i < FAULT_PROCESSES; i++)
		s->calls[i] = 0;
}

void
fault_begin(struct fault_run *r, const struct fault *fault)
{
	static const char	special[] = "malloc calloc realloc "
				    "reallocarray clock_gettime time";
	struct fault_state	*s = r->state;

	for (size_t i = 0; i < FAULT_N; i++)
		s->is_in[i] = fault->functions != NULL ?
		    lists(fault->functions, names[i]) :
		    !lists(special, names[i]);
	s->kind = fault->kind;
	s->error = fault->error;
	s->lasting = fault->lasting;
	fault_none(r);
}

void
fault_none(struct fault_run *r)
{
	clear(r->state);
	r->state->process = 0;
	r->state->nth = 0;
}

static unsigned
count_calls(const struct fault_state *s, size_t process)
{
	unsigned	n = s->calls[process];

	return n < FAULT_CALLS ? n : FAULT_CALLS;
}

static void
choose_each(struct fault_run *r, unsigned process, unsigned calls)
{
	for (unsigned nth = 1; nth <= calls; nth += calls / EACH_MAX + 1)
		r->chosen[r->n++] = (struct fault_call){ process, nth };
}

/* One call of each function. */
static void
choose_some(struct fault_run *r, unsigned process, unsigned calls,
    unsigned seed)
{
	const unsigned char	*called = r->state->called[process];
	unsigned		 total[FAULT_N] = { 0 }, seen[FAULT_N] = { 0 };

	for (unsigned i = 0; i < calls; i++)
		total[called[i]]++;
	for (unsigned i = 0; i < calls; i++)
		if (seen[called[i]]++ == seed % total[called[i]])
			r->chosen[r->n++] = (struct fault_call){ process,
				i + 1 };
}

void
fault_choose(struct fault_run *r, size_t max, unsigned seed)
{
	const struct fault_state	*s = r->state;
	unsigned			 processes = s->processes + 1;
	size_t				 n = 0, step;

	if (processes > FAULT_PROCESSES)
		processes = FAULT_PROCESSES;
	free(r->chosen);
	r->chosen = memory_new((size_t)processes * FAULT_CALLS,
	    sizeof(*r->chosen));
	r->n = r->at = 0;
	for (unsigned i = 0; i < processes; i++)
		if (max == 0)
			choose_each(r, i, count_calls(s, i));
		else
			choose_some(r, i, count_calls(s, i), seed);
	step = max > 0 ? (r->n + max - 1) / max : 1;
	for (size_t i = step > 0 ? seed % step : 0; i < r->n; i += step)
		r->chosen[n++] = r->chosen[i];
	r->n = n;
}

bool
fault_next(struct fault_run *r)
{
	struct fault_state	*s = r->state;

	if (r->at == r->n)
		return false;
	clear(s);
	s->process = r->chosen[r->at].process;
	s->nth = r->chosen[r->at].nth;
	r->at++;
	return true;
}

const char *const *
fault_environment(struct fault_run *r)
{
	return r->environment;
}

const char *
fault_describe(const struct fault_run *r)
{
	static char			 text[200];
	const struct fault_state	*s = r->state;

	if (s->hits == 0)
		snprintf(text, sizeof(text), "no call (%u of process %u)",
		    s->nth, s->process);
	else
		snprintf(text, sizeof(text), "%s(%d) from %s+%#lx (%u of "
		    "process %u)", names[s->function], s->fd, s->object,
		    (unsigned long)s->caller, s->nth, s->process);
	return text;
}
