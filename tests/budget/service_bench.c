/*
 * A burst of 200 messages from 8 callers at once over TLS, with a process for
 * each message: sendmail with the service, sendmail alone, and msmtp.  All
 * trust the certificates of the system, which is msmtp's default.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/load.h"
#include "support/skip.h"

enum { MESSAGES = 200, CALLERS = 8, RUNS = 2 };

#define SYSTEM_CERTIFICATES	"/etc/ssl/certs/ca-certificates.crt"
#define CALLERS_ROOT	BUILD "/servers/callers/usr/"
#define MSMTP		CALLERS_ROOT "bin/msmtp"

/* Adds the system's certificates, if there are any, to the smarthost's. */
static void
trust_system(struct load *l)
{
	struct buffer	trusted = { 0 }, system = { 0 };

	if (access(SYSTEM_CERTIFICATES, R_OK) != 0)
		return;
	file_read(&trusted, l->at.usual.ca);
	file_read(&system, SYSTEM_CERTIFICATES);
	buffer_add(&trusted, system.data, system.len);
	temp_dir_write_bytes(&l->at.dir, strrchr(l->at.usual.ca, '/') + 1,
	    0600, trusted.data, trusted.len);
	buffer_free(&trusted);
	buffer_free(&system);
}

static void
run(struct load *l, const struct load_callers *c, double *shortest)
{
	double	s = load_run(l, c);

	if (*shortest == 0 || s < *shortest)
		*shortest = s;
}

static void
bench(void **state)
{
	struct load		l;
	struct load_callers	ours = { .n = MESSAGES, .at_once = CALLERS };
	struct load_callers	theirs = ours;
	char			port[20], trust[128];
	double			service = 0, alone = 0, msmtp = 0;
	const char		*libraries = "LD_LIBRARY_PATH="
				    CALLERS_ROOT "lib/x86_64-linux-gnu";
	bool			has_msmtp = access(MSMTP, X_OK) == 0;

	(void)state;
	load_open(&l, NULL);
	trust_system(&l);
	snprintf(port, sizeof(port), "--port=%u", l.at.host->port);
	snprintf(trust, sizeof(trust), "--tls-trust-file=%s", l.at.usual.ca);
	theirs.argv = WORDS(MSMTP, "--host=127.0.0.1", port, "--tls=on",
	    "--tls-starttls=off", trust, "--from=me@example.org",
	    "a@example.net");
	theirs.env = WORDS(libraries, "LC_ALL=C", "HOME=/nowhere");
	for (int i = 0; i < RUNS; i++) {
		if (has_msmtp)
			run(&l, &theirs, &msmtp);
		run(&l, &ours, &alone);
		load_start(&l, NULL);
		run(&l, &ours, &service);
		load_stop(&l);
	}
	print_message("%d messages of %d callers: %.2f s by the service, "
	    "%.2f s without it\n", MESSAGES, CALLERS, service, alone);
	load_check(&l, 0);
	load_close(&l);
	if (!has_msmtp)
		skip_because("there is no " MSMTP);
	print_message("%.2f s by msmtp: the service has %.1f times its rate\n",
	    msmtp, msmtp / service);
	assert_true(msmtp / service >= 5);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(bench) };

	return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
