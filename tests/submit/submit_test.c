/*
 * submit_open(), submit_message() and submit_close(), without a smarthost.
 * The tests in tests/program send messages through them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "submit/submit.h"
#include "support/folder.h"
#include "util/buffer.h"

static const struct identity me = { .host = (char []){ "web1" },
	.domain = (char []){ "example.org" }, .user = (char []){ "www-data" },
	.name = (char []){ "" } };

struct row {
	enum submit_mode	 mode;
	const char		*queue;		/* in a directory of the test */
	const char		*to[3];

	/* The expected result. */
	enum outcome_kind	 kind[3];
	int			 status;	/* of the first outcome, */
	const char		*text;		/* and part of its text */
	bool			 queued;
	bool			 failed;
};

static void
submits(void **state)
{
	const struct row	*row = *state;
	struct log		 log = { LOG_TO_NOTHING };
	struct folder		 folder;
	struct config		 config;
	struct buffer		 conf = { 0 };
	struct config_source	 source = { 0 };
	struct submit_options	 options = { .mode = row->mode,
				    .config = &config, .me = &me,
				    .uid = (uint32_t)getuid(), .log = &log };
	struct submit		 submit;
	struct submit_result	 result;
	struct envelope		 env = { 0 };
	struct message		 message;
	struct submit_request	 request = { .envelope = &env,
				    .message = &message };
	struct failure		 why;
	static const char	 text[] = "Subject: x\n\nhi\n";

	folder_make(&folder);
	buffer_add_text(&conf, "smarthost = smtp://localhost:1\naliases = off"
	    "\nqueue = ");
	buffer_addf(&conf, "%s/%s\n", folder.path, row->queue);
	source.file = folder_write(&folder, "relais.conf", 0600, conf.data);
	if (!config_load(&config, &source, &why))
		fail_msg("%s", why.text);
	submit_open(&submit, &options);
	for (size_t i = 0; i < 3 && row->to[i] != NULL; i++)
		envelope_add(&env, row->to[i]);
	message_begin(&message, &submit.limits);
	assert_true(message_feed(&message, text, strlen(text), &why));
	assert_true(message_end(&message, &why));
	if (!submit_message(&submit, &request, &result, &why))
		fail_msg("%s", why.text);
	for (size_t i = 0; i < env.n; i++)
		assert_int_equal(result.outcomes[i].kind, row->kind[i]);
	assert_int_equal(result.outcomes[0].status, row->status);
	if (row->text != NULL &&
	    strstr(result.outcomes[0].text, row->text) == NULL)
		fail_msg("no \"%s\" in: %s", row->text,
		    result.outcomes[0].text);
	assert_int_equal(result.queued[0] != '\0', row->queued);
	assert_int_equal(result.failed[0] != '\0', row->failed);
	submit_result_free(&result);
	submit_close(&submit);
	envelope_free(&env);
	message_free(&message);
	config_free(&config);
	buffer_free(&conf);
	folder_remove(&folder);
}

#define ROW(sentence, ...) { sentence, submits, NULL, NULL, \
	&(struct row){ __VA_ARGS__ } }

static const struct CMUnitTest submit_spec[] = {
	ROW("SUBMIT_VERIFY neither sends nor queues",
	    .mode = SUBMIT_VERIFY, .queue = "spool",
	    .to = { "b@x", "joe" },
	    .kind = { OUTCOME_WAITING, OUTCOME_FAILED }),
	ROW("SUBMIT_QUEUE queues without an attempt",
	    .mode = SUBMIT_QUEUE, .queue = "spool", .to = { "b@x" },
	    .kind = { OUTCOME_DEFERRED }, .status = EX_TEMPFAIL,
	    .queued = true),
	ROW("a recipient that cannot be resolved is kept in failed/",
	    .mode = SUBMIT_QUEUE, .queue = "spool", .to = { "joe", "b@x" },
	    .kind = { OUTCOME_FAILED, OUTCOME_DEFERRED },
	    .status = EX_NOUSER, .text = "no address for the local name joe",
	    .queued = true, .failed = true),
	ROW("without its queue, a message is the caller's, with the reason",
	    .mode = SUBMIT_QUEUE, .queue = "relais.conf", .to = { "b@x" },
	    .kind = { OUTCOME_DEFERRED }, .status = EX_CANTCREAT,
	    .text = "relais.conf"),
};

int
main(void)
{
	return cmocka_run_group_tests(submit_spec, NULL, NULL);
}
