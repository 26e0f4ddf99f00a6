/*
 * relais check: the stages that concern only this machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/local.h"
#include "config/section.h"
#include "support/cases.h"
#include "support/temp_spool.h"
#include "util/buffer.h"

struct spool_case {
	const char	*sentence;
	const char	*queue;		/* or NULL: the spool of the test */
	mode_t		 mode;
	bool		 waiting;
	bool		 lost;
	const char	*want;		/* the start of the finding */
	const char	*remedy;	/* or NULL: none */
};

static const struct spool_case spools[] = {
	{ "an empty spool is good", NULL, 0700, false, false,
	    "spool ok 0 waiting, none given up", NULL },
	{ "waiting messages are counted", NULL, 0700, true, false,
	    "spool ok 1 waiting, none given up", NULL },
	{ "messages that were given up are a warning", NULL, 0700, true, true,
	    "spool warning 0 waiting, 1 given up",
	    "run relais queue list --failed" },
	{ "a spool that others can write to is a warning", NULL, 0777, false,
	    false, "spool warning /", "run relais check as root, or correct "
	    "the owner and the mode of the directory" },
	{ "a directory that does not exist yet is good",
	    "/nonexistent/relais", 0700, false, false,
	    "spool ok does not exist yet", NULL },
	{ "a disabled queue is a warning", "off", 0700, false, false,
	    "spool warning the queue is disabled", "" },
};

static void
note_finding(void *context, const struct check_finding *f)
{
	buffer_addf(context, "%s %s %s\n%s", check_stage_name(f->stage),
	    check_verdict_name(f->verdict), f->text,
	    f->remedy != NULL ? f->remedy : "");
}

static void
spool_is_reported(void **state)
{
	const struct spool_case	*c = *state;
	struct setting		 set = { .origin = "here:1" };
	struct section		 top = { 0 };
	struct config		 config = { .first = &top };
	struct buffer		 out = { 0 };
	struct check		 check = { .config = &config,
				    .report = note_finding, .context = &out };
	char			 id[64];
	struct spool		 spool;

	temp_spool_make(&spool, 0);
	if (c->waiting)
		temp_spool_put(&spool, id, (const char *const[]){
		    "a@example.org", "" });
	if (c->lost)
		assert_int_equal(renameat(spool.dir[SPOOL_QUEUE], id,
		    spool.dir[SPOOL_FAILED], id), 0);
	assert_int_equal(fchmod(spool.fd, c->mode), 0);
	set.value = (char *)(c->queue != NULL ? c->queue : spool.directory);
	top.setting[KEY_QUEUE] = &set;
	check_spool(&check);
	fchmod(spool.fd, 0700);
	temp_spool_remove(&spool);
	if (strncmp(out.data, c->want, strlen(c->want)) != 0)
		fail_msg("\"%s\" is not at the start of: %s", c->want,
		    out.data);
	assert_string_equal(strchr(out.data, '\n') + 1,
	    c->remedy != NULL ? c->remedy : "");
	buffer_free(&out);
}

int
main(void)
{
	return CASES_RUN("the spool", spool_is_reported, spools);
}
