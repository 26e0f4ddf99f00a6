/*
 * Lack of memory: the process ends with EX_TEMPFAIL, but first uses the memory
 * that was set aside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/skip.h"
#include "util/memory.h"

enum { SMALL = 1000, USED_UP = 90 };

struct memory_case {
	const char	*sentence;
	bool		 reserve;
	unsigned	 blocks;	/* to allocate when nothing is left */
	int		 status;
};

/* Allocates until malloc(3) fails. */
_Noreturn static void
use_up(const struct memory_case *c)
{
	struct rlimit	limit = { 0, 0 };
	char		*last = NULL;

	if (c->reserve)
		memory_reserve();
	if (setrlimit(RLIMIT_DATA, &limit) != 0)
		_exit(USED_UP);
	for (size_t size = 1 << 20; size >= 16; size /= 2)
		while ((last = malloc(size)) != NULL)
			*last = 'x';
	for (unsigned i = 0; i < c->blocks; i++)
		*(char *)memory_new(SMALL, 1) = 'x';
	_exit(EX_OK);
}

static void
ends(void **state)
{
	const struct memory_case	*c = *state;
	int				 status;
	pid_t				 pid;

	if (SKIP_SANITIZED)
		skip_because("AddressSanitizer has an allocator of its own");
	pid = fork();
	if (pid == 0) {
		/* "out of memory" is expected. */
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		use_up(c);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == USED_UP)
		skip_because("memory cannot be limited");
	assert_int_equal(WEXITSTATUS(status), c->status);
}

static const struct memory_case	cases[] = {
	{ "without memory, the process ends", false, 1, EX_TEMPFAIL },
	{ "the reserve is used if no other memory is left", true, 20, EX_OK },
	{ "if the reserve is used up, the process ends", true, 100,
	    EX_TEMPFAIL },
};

int
main(void)
{
	return CASES_RUN("memory", ends, cases);
}
