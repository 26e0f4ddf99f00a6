#include "runner/turn_list.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "relay/relay.h"
#include "submit/pace.h"
#include "util/clock.h"

enum {
	/* A connection is not kept open longer without a message. */
	KEEP_MS = 5000,

	/* At this interval, one worker can send all messages. */
	ONE_WORKER_MS = 1000,
};

void
turn_list_begin(struct turn_list *list, size_t n, int64_t patience_ms)
{
	void	*memory;

	*list = (struct turn_list){ .n = 0 };
	if (n == 0 || pipe2(list->stop, O_CLOEXEC) == -1)
		return;
	memory = mmap(NULL, n * sizeof(*list->turn), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		close(list->stop[0]);
		close(list->stop[1]);
		return;
	}
	list->turn = memory;
	list->n = n;
	list->end_ms = clock_ms() + patience_ms;
}

void
turn_list_begin_worker(struct turn_list *list)
{
	turn_list_stop(list);
}

static int64_t
ms_until(int64_t turn_us)
{
	int64_t	us = turn_us - pace_now_us();

	return us > 0 ? (us + 999) / 1000 : 0;
}

static bool
is_late(const struct turn_list *list, int64_t ms)
{
	return ms > 0 && ms > list->end_ms - clock_ms();
}

/* Called by the worker that has taken the entry out of the list or the run. */
static void
set_turn(struct turn_list *list, const struct turn_list_entry *entry)
{
	struct turn	*t = &list->turn[entry->index];

	atomic_store(&t->high, (unsigned)(entry->turn_us >> 32));
	atomic_store(&t->low, (unsigned)entry->turn_us);
	atomic_fetch_add(&t->count, 1);
}

bool
turn_list_add(struct turn_list *list, const struct turn_list_entry *entry)
{
	if (entry->turn_us == 0 || entry->index >= list->n ||
	    is_late(list, ms_until(entry->turn_us)))
		return false;
	set_turn(list, entry);
	return true;
}

bool
turn_list_take(struct turn_list *list, struct turn_list_entry *to)
{
	for (;;) {
		unsigned	first = 0;

		for (size_t i = 0; i < list->n; i++) {
			struct turn	*t = &list->turn[i];
			unsigned	 count = atomic_load(&t->count);
			int64_t		 us;

			if (count % 2 == 0)
				continue;
			us = (int64_t)((uint64_t)atomic_load(&t->high) << 32 |
			    atomic_load(&t->low));
			if (first == 0 || us < to->turn_us) {
				first = count;
				*to = (struct turn_list_entry){ i, us };
			}
		}
		if (first == 0)
			return false;
		/*
		 * If another worker was faster, the count has changed, and the
		 * turn that was read may be wrong.
		 */
		if (atomic_compare_exchange_strong(
		    &list->turn[to->index].count, &first, first + 1))
			return true;
	}
}

bool
turn_list_is_empty(const struct turn_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (atomic_load(&list->turn[i].count) % 2 != 0)
			return false;
	return true;
}

enum turn_list_answer
turn_list_wait(struct turn_list *list, const struct turn_list_entry *entry,
    struct attempt_worker *w)
{
	int64_t		ms = ms_until(entry->turn_us);
	int64_t		end = clock_ms() + ms;
	struct pollfd	p = { .fd = list->stop[0], .events = POLLIN };
	int		n;

	if (entry->turn_us == 0 || is_late(list, ms))
		return TURN_LIST_LATE;
	if (ms == 0)
		return TURN_LIST_CAME;
	if (ms >= ONE_WORKER_MS && w->may_leave(w->context)) {
		set_turn(list, entry);
		return TURN_LIST_LEFT;
	}
	if (ms > KEEP_MS)
		relay_rest(&w->relay);
	do
		n = poll(&p, 1, (int)ms);
	while (n == -1 && errno == EINTR && (ms = end - clock_ms()) > 0);
	return n == 1 ? TURN_LIST_STOPPED : TURN_LIST_CAME;
}

void
turn_list_stop(struct turn_list *list)
{
	if (list->n > 0 && list->stop[1] != -1)
		close(list->stop[1]);
	list->stop[1] = -1;
}

void
turn_list_end(struct turn_list *list)
{
	if (list->n == 0)
		return;
	turn_list_stop(list);
	close(list->stop[0]);
	munmap(list->turn, list->n * sizeof(*list->turn));
	list->n = 0;
}
