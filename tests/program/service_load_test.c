/*
 * Many callers of sendmail, while processes of the service are killed, its
 * configuration is read again, its disk or descriptors are used up, or the
 * smarthost is away: no message that was acknowledged is lost, and none is
 * sent twice unless a process ended while it was being sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "support/load.h"
#include "support/skip.h"

enum { CONNECTIONS = 3, CALLERS = 20, CHILDREN_MAX = 100 };

#define CONF	"connections = 3\n"

/* What happened in a load, for the limit of messages that may come twice. */
static struct {
	size_t	children, services;
} killed;

static void
begin(struct load *l, const char *more)
{
	load_open(l, more);
	load_start(l, NULL);
	killed.children = killed.services = 0;
}

static void
send_all(struct load *l, size_t n, void (*ended)(struct load *, size_t))
{
	load_run(l, &(struct load_callers){ .n = n, .at_once = CALLERS,
	    .ended = ended });
}

static void
end(struct load *l, size_t twice_max)
{
	load_settle(l);
	load_check(l, twice_max);
	load_close(l);
}

static void
every_message_arrives_once(void **state)
{
	struct load	l;

	(void)state;
	begin(&l, CONF);
	send_all(&l, 200, NULL);
	load_settle(&l);
	load_check(&l, 0);
	assert_int_equal(l.acknowledged, 200);
	assert_in_range(mock_smtp_most_open(l.at.host), 1, CONNECTIONS);
	/* Sessions, some of which are ending, workers and a queue run. */
	assert_in_range(l.processes_max, 1, 2 * CALLERS + CONNECTIONS + 1);
	load_close(&l);
}

/* Kills a session, a worker or the queue run after every fifth caller. */
static void
kill_a_child(struct load *l, size_t n)
{
	pid_t	child[CHILDREN_MAX];
	size_t	children = load_children(l, child, CHILDREN_MAX);

	if (n % 5 != 0 || children == 0)
		return;
	kill(child[arc4random_uniform((uint32_t)children)], SIGKILL);
	killed.children++;
	kill(program_pid(l->service), SIGUSR1);
}

static void
children_are_killed(void **state)
{
	struct load	l;

	(void)state;
	begin(&l, CONF);
	send_all(&l, 100, kill_a_child);
	end(&l, killed.children);
}

static void
kill_the_service(struct load *l, size_t n)
{
	if (n % 20 != 10)
		return;
	load_kill(l);
	load_start(l, NULL);
	killed.services++;
}

static void
the_service_is_killed(void **state)
{
	struct load	l;

	(void)state;
	begin(&l, CONF);
	send_all(&l, 100, kill_the_service);
	end(&l, killed.services * CONNECTIONS);
}

static void
reload(struct load *l, size_t n)
{
	if (n % 10 != 0)
		return;
	load_configure(l, n % 20 == 0 ? "helo = other.example\n" :
	    "nonsense\n");
	kill(program_pid(l->service), SIGHUP);
}

static void
the_configuration_is_read_again(void **state)
{
	struct load	l;

	(void)state;
	begin(&l, CONF);
	send_all(&l, 100, reload);
	load_settle(&l);
	load_check(&l, 0);
	assert_int_equal(l.acknowledged, 100);
	load_close(&l);
}

static void
stop_the_service(struct load *l, size_t n)
{
	if (n == 30)
		load_stop(l);
}

static void
the_service_is_stopped(void **state)
{
	struct load	l;

	(void)state;
	begin(&l, CONF);
	send_all(&l, 60, stop_the_service);
	end(&l, 0);
}

static void
lose_the_smarthost(struct load *l, size_t n)
{
	if (n == 30)
		load_lose_smarthost(l);
	if (n == 70)
		load_replace_smarthost(l);
}

static void
the_smarthost_goes_away_and_comes_back(void **state)
{
	struct load	l;

	(void)state;
	begin(&l, CONF);
	send_all(&l, 100, lose_the_smarthost);
	load_settle(&l);
	load_check(&l, CONNECTIONS);
	assert_int_equal(l.acknowledged, 100);
	load_close(&l);
}

/* Fewer than the callers need. */
static void
limit_descriptors(void *ctx)
{
	struct rlimit	limit = { 24, 24 };

	(void)ctx;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
descriptors_are_used_up(void **state)
{
	struct load	l;

	(void)state;
	load_open(&l, CONF);
	load_start(&l, limit_descriptors);
	send_all(&l, 60, NULL);
	load_settle(&l);
	load_check(&l, 0);
	assert_int_equal(l.acknowledged, 60);
	load_close(&l);
}

/* Room for the entries of some of the messages. */
static void
the_disk_is_full(void **state)
{
	struct load	l;

	(void)state;
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL,
	    MS_REC | MS_PRIVATE, NULL) != 0)
		skip_because("needs a mount namespace of its own");
	load_open(&l, CONF);
	assert_int_equal(mkdir(l.spool, 0700), 0);
	assert_int_equal(mount("tmpfs", l.spool, "tmpfs", 0,
	    "size=128k,mode=700"), 0);
	load_lose_smarthost(&l);
	load_start(&l, NULL);
	send_all(&l, 60, NULL);
	assert_in_range(l.acknowledged, 1, 59);
	load_replace_smarthost(&l);
	load_settle(&l);
	load_check(&l, 0);
	umount(l.spool);
	load_close(&l);
}

static const struct CMUnitTest load_spec[] = {
	cmocka_unit_test(every_message_arrives_once),
	cmocka_unit_test(children_are_killed),
	cmocka_unit_test(the_service_is_killed),
	cmocka_unit_test(the_configuration_is_read_again),
	cmocka_unit_test(the_service_is_stopped),
	cmocka_unit_test(the_smarthost_goes_away_and_comes_back),
	cmocka_unit_test(descriptors_are_used_up),
	cmocka_unit_test(the_disk_is_full),
};

int
main(void)
{
	return cmocka_run_group_tests(load_spec, NULL, NULL);
}
