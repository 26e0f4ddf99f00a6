#include "support/heap.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

void
heap_open(struct heap *h, struct temp_dir *dir)
{
	const char	*path = temp_dir_write(dir, "heap-state", 0600, "");
	int		 fd = open(path, O_RDWR | O_CLOEXEC);

	if (access(HEAP_COUNTING, R_OK) != 0)
		fail_msg("%s is not built", HEAP_COUNTING);
	*h = (struct heap){ .environment = { "LD_PRELOAD=" HEAP_COUNTING,
	    h->text[0], h->text[1], "PATH=/usr/bin:/bin:/usr/sbin:/sbin",
	    "HOME=/nowhere", "LC_ALL=C" } };
	assert_int_equal(ftruncate(fd, sizeof(*h->state)), 0);
	h->state = mmap(NULL, sizeof(*h->state), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	assert_ptr_not_equal(h->state, MAP_FAILED);
	snprintf(h->text[0], sizeof(h->text[0]), "HEAP_STATE=%s", path);
	temp_dir_write(dir, "tmp/.keep", 0600, "");
	snprintf(h->text[1], sizeof(h->text[1]), "TMPDIR=%s/tmp", dir->path);
}

void
heap_close(struct heap *h)
{
	munmap(h->state, sizeof(*h->state));
}

void
heap_clear(struct heap *h)
{
	memset(h->state, 0, sizeof(*h->state));
}

void
heap_copy(const struct heap *h, struct heap_copy *to)
{
	to->n = h->state->processes + 1;
	if (to->n > HEAP_PROCESSES)
		to->n = HEAP_PROCESSES;
	for (unsigned i = 0; i < to->n; i++) {
		to->process[i].blocks = h->state->process[i].most_blocks;
		to->process[i].octets = h->state->process[i].most_octets;
	}
}
