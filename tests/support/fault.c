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

static const char	names[FAULT_N][16] = {
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
}

void
fault_close(struct fault_run *r)
{
	munmap(r->state, sizeof(*r->state));
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
	s->fd = -1;
	s->caller = 0;
	s->object[0] = '\0';
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
	r->processes = 0;
	fault_none(r);
}

void
fault_none(struct fault_run *r)
{
	clear(r->state);
	r->state->process = 0;
	r->state->nth = 0;
}

unsigned
fault_calls(const struct fault_run *r)
{
	unsigned	most = 0;

	for (size_t i = 0; i < FAULT_PROCESSES; i++)
		if (r->state->calls[i] > most)
			most = r->state->calls[i];
	return most;
}

bool
fault_next(struct fault_run *r, unsigned step, unsigned first)
{
	struct fault_state	*s = r->state;

	if (r->processes == 0) {
		r->processes = s->processes + 1;
		if (r->processes > FAULT_PROCESSES)
			r->processes = FAULT_PROCESSES;
		for (size_t i = 0; i < FAULT_PROCESSES; i++)
			r->calls[i] = s->calls[i];
		s->process = 0;
		s->nth = first;
	} else
		s->nth += step;
	while (s->process < r->processes && s->nth > r->calls[s->process]) {
		s->process++;
		s->nth = first;
	}
	clear(s);
	return s->process < r->processes;
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
