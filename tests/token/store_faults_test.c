/*
 * relais-token keeps the file of a login whole if calls of libc fail: the file
 * has its old or its new content, and nothing is left beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "support/authorization.h"
#include "support/cases.h"
#include "support/certificate.h"
#include "support/fault.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"

enum { SAMPLE = 8, DEADLINE_MS = 60000 };

struct store_fault {
	const char	*sentence;
	struct fault	 fault;
};

static const struct store_fault cases[] = {
	{ "a write fails", { "write ftruncate posix_fallocate", FAULT_ERROR,
	    EIO, false } },
	{ "the disk is full", { "write ftruncate posix_fallocate openat",
	    FAULT_ERROR, ENOSPC, true } },
	{ "a sync fails", { "fsync close", FAULT_ERROR, EIO, false } },
	{ "a file cannot be created or moved", { "openat renameat",
	    FAULT_ERROR, EACCES, false } },
	{ "rename(2) reports an error late", { "renameat", FAULT_LATE_ERROR,
	    EIO, false } },
	{ "no memory is left", { "malloc calloc realloc reallocarray",
	    FAULT_ERROR, ENOMEM, true } },
};

struct place {
	struct temp_dir			 dir;
	struct usual_certificates	 usual;
	struct authorization		 server;
	struct fault_run		 faults;
	struct buffer			 file;
};

static void
write_login(struct place *p)
{
	struct buffer	text = { 0 };
	long		now = (long)time(NULL);

	buffer_addf(&text, "account = nina@example.org\n"
	    "grant = refresh_token\ntoken_endpoint = %s/token\n"
	    "client_id = relais-test\nrenewed = %ld\nexpires = %ld\n"
	    "refresh_token = refresh-1\naccess_token = access-0\n",
	    p->server.url, now - 3600, now - 60);
	temp_dir_write(&p->dir, "tokens/work", 0600, text.data);
	buffer_free(&text);
}

/* The file of the login, that of the lock, and .keep. */
static void
look_at_names(struct place *p, const char *fault)
{
	DIR		*d = opendir(temp_dir_path(&p->dir, "tokens"));
	struct dirent	*e;

	while ((e = readdir(d)) != NULL)
		if (strstr(e->d_name, ".new") != NULL) {
			print_error("%s: left %s\n", fault, e->d_name);
			fail();
		}
	closedir(d);
}

static void
try(struct place *p)
{
	struct program_result	 o;
	const char		*fault;

	write_login(p);
	program_run(&o, &(struct program){ .argv = WORDS("relais-token",
	    "token", "--ca", p->usual.ca, temp_dir_path(&p->dir,
	    "tokens/work")), .env = fault_environment(&p->faults),
	    .deadline_ms = DEADLINE_MS });
	fault = fault_describe(&p->faults);
	file_read(&p->file, temp_dir_path(&p->dir, "tokens/work"));
	if (o.signal != 0 || (o.status == 0) != (o.out.len > 1) ||
	    (o.status != 0 && o.err.len == 0))
		fail_msg("%s: signal %d, status %d: %s%s", fault, o.signal,
		    o.status, o.out.data, o.err.data);
	if (strstr(p->file.data, "account = nina@example.org\n") == NULL ||
	    strstr(p->file.data, "\nrefresh_token = ") == NULL ||
	    strstr(p->file.data, "\naccess_token = ") == NULL ||
	    p->file.data[p->file.len - 1] != '\n')
		fail_msg("%s: %s", fault, p->file.data);
	/* Without memory, it ends at once; the next one removes the file. */
	if (strstr(o.err.data, "out of memory") == NULL)
		look_at_names(p, fault);
	program_result_free(&o);
}

static void
the_login_stays_whole(void **state)
{
	const struct store_fault	*c = *state;
	struct place			 p;

	if (SKIP_SANITIZED)
		skip_because("AddressSanitizer has an allocator of its own");
	if (sizeof(time_t) > sizeof(long))
		skip_because("on a 32-bit machine, libc has two forms of some "
		    "functions, which faulty.so does not distinguish");
	skip_without_token();
	memset(&p, 0, sizeof(p));
	temp_dir_make(&p.dir);
	certificate_usual(&p.usual, &p.dir);
	authorization_start(&p.server, &p.dir, &p.usual,
	    "{\"refresh_tokens\": [\"refresh-1\"], \"rotate\": false}");
	temp_dir_write(&p.dir, "tokens/.keep", 0600, "");
	assert_int_equal(chmod(temp_dir_path(&p.dir, "tokens"), 0700), 0);
	fault_open(&p.faults, &p.dir);
	fault_begin(&p.faults, &c->fault);
	try(&p);
	fault_choose(&p.faults, getenv("FAULTS") != NULL ? 0 : SAMPLE, 0);
	while (fault_next(&p.faults))
		try(&p);
	fault_close(&p.faults);
	authorization_stop(&p.server);
	buffer_free(&p.file);
	temp_dir_remove(&p.dir);
}

int
main(void)
{
	return CASES_RUN("faults of relais-token", the_login_stays_whole,
	    cases);
}
