/*
 * Connections of a section, which processes take from each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "relay/seats.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"
#include "util/file.h"

static const struct config_subject	one = { .to = "x@one.example" };
static const struct config_subject	two = { .to = "x@two.example" };
static const struct config_subject	any = { .to = "x@any.example" };

struct fixture {
	struct temp_dir	 dir;
	struct config	 config;
	struct seats	 seats;
	struct failure	 why;
};

static int
fixture_open(void **state)
{
	static struct fixture	f;

	f = (struct fixture){ .seats = { .file = file_in_memory() } };
	assert_int_not_equal(f.seats.file, -1);
	temp_dir_make(&f.dir);
	conf_load(&f.config, &f.dir, "smarthost = smtp://mail.example\n"
	    "connections = 9\n"
	    "[to *@one.example]\nconnections = 1\n"
	    "[to *@two.example]\nconnections = 2\n");
	*state = &f;
	return 0;
}

static int
fixture_close(void **state)
{
	struct fixture	*f = *state;

	close(f->seats.file);
	config_free(&f->config);
	temp_dir_remove(&f->dir);
	return 0;
}

static bool
take(struct fixture *f, const struct config_subject *subject)
{
	return seats_take(&f->seats, &f->config, subject, NULL, &f->why);
}

/* Whether another process can take a seat, which it leaves again. */
static bool
is_free(struct fixture *f, const struct config_subject *subject)
{
	int	status;
	pid_t	pid = fork();

	if (pid == 0) {
		f->seats.taken = 0;
		_exit(take(f, subject));
	}
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status != 0;
}

static void
a_seat_is_taken_by_one_process(void **state)
{
	struct fixture	*f = *state;

	assert_true(seats_are_set(&f->config));
	assert_true(take(f, &one));
	assert_true(take(f, &one));
	assert_false(is_free(f, &one));
	assert_true(is_free(f, &two));
	seats_leave(&f->seats);
	assert_true(is_free(f, &one));
}

static void
another_section_releases_the_seat(void **state)
{
	struct fixture	*f = *state;

	assert_true(take(f, &one));
	assert_true(take(f, &two));
	assert_true(is_free(f, &one));
	assert_true(is_free(f, &two));
	/* Without a section, only the limit of all applies. */
	assert_true(take(f, &any));
	assert_int_equal(f->seats.taken, 0);
	assert_true(is_free(f, &any));
}

static void
no_free_seat_is_a_temporary_failure(void **state)
{
	struct fixture	*f = *state;
	int		 ready[2], end[2];
	char		 octet = 0;
	pid_t		 pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid = fork();
	if (pid == 0) {
		close(end[1]);
		_exit(!(take(f, &one) && write(ready[1], &octet, 1) == 1 &&
		    read(end[0], &octet, 1) == 0));
	}
	assert_int_equal(read(ready[0], &octet, 1), 1);
	assert_false(take(f, &one));
	assert_int_equal(f->why.status, EX_TEMPFAIL);
	assert_non_null(strstr(f->why.text, "all connections to the smarthost "
	    "are in use: connections = 1 ("));
	/* The seat of a process that has ended is free. */
	f->seats.wait_ms = 10 * 1000;
	close(end[1]);
	assert_true(take(f, &one));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(end[0]);
	close(ready[0]);
	close(ready[1]);
}

static void
without_a_section_there_are_no_seats(void **state)
{
	struct fixture	*f = *state;

	config_free(&f->config);
	conf_load(&f->config, &f->dir, "smarthost = smtp://mail.example\n"
	    "connections = 9\n");
	assert_false(seats_are_set(&f->config));
	assert_true(take(f, &one));
	assert_int_equal(f->seats.taken, 0);
}

#define WITH_SEATS(test) \
	cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int
main(void)
{
	static const struct CMUnitTest	seats[] = {
		WITH_SEATS(a_seat_is_taken_by_one_process),
		WITH_SEATS(another_section_releases_the_seat),
		WITH_SEATS(no_free_seat_is_a_temporary_failure),
		WITH_SEATS(without_a_section_there_are_no_seats),
	};

	return cmocka_run_group_tests_name("seats", seats, NULL, NULL);
}
