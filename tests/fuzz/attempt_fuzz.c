/*
 * attempt_fuzz.c - what a worker of the service sends to a session
 *
 * The text is the line from the worker, which is closed after it.  All outcomes
 * are complete afterwards, and consist of valid values and visible text; those
 * that the worker has not sent are in doubt.  If the worker has not taken the
 * message, the attempt has failed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "fuzz/must.h"
#include "queue/last_attempt.h"
#include "serve/serve_attempt.h"
#include "serve/serve_channel.h"
#include "util/memory.h"

enum { RECIPIENTS = 3, LINE_MAX = 32 * 1024 };

static const char	*line;
static size_t		 line_len;
static int		 worker;	/* its end of the line */
static bool		 connecting;

static void
must_be_visible(const char *text)
{
	for (; *text != '\0'; text++)
		must((unsigned char)*text >= ' ' && *text != 127);
}

/* In the place of serve_channel.c: the service has a worker at once. */
bool
serve_channel_send(int channel, const void *data, size_t len,
    const int fds[SERVE_CHANNEL_FDS])
{
	(void)channel, (void)data, (void)len;
	must(send(fds[1], line, line_len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)line_len || line_len == 0);
	must(shutdown(fds[1], SHUT_WR) == 0);
	worker = dup(fds[1]);
	return true;
}

static bool
note_step(void *context, struct failure *why)
{
	(void)context, (void)why;
	return true;
}

static bool
before_connect(void *context, const struct relay_login *login,
    struct failure *why)
{
	(void)context;
	must(strlen(login->url) < 320);
	must(login->user == NULL || strlen(login->user) < 320);
	connecting = !connecting;
	return connecting || failed(why, EX_TEMPFAIL, "not now");
}

static void
after_connect(void *context, const struct relay_login *login,
    enum connection_trouble trouble, const struct failure *why)
{
	(void)context, (void)login;
	must((int)trouble >= CONNECTION_TROUBLE_NONE &&
	    trouble <= CONNECTION_TROUBLE_BUSY);
	must_be_visible(why->text);
}

static void
check_outcome(const struct outcome *o)
{
	must(o->kind == OUTCOME_DELIVERED || o->kind == OUTCOME_FAILED ||
	    o->kind == OUTCOME_DEFERRED);
	must(o->kind == OUTCOME_DELIVERED || o->status != EX_OK);
	must((unsigned)o->step <= STEP_QUIT && !o->paced);
	must(strspn(o->enhanced, "0123456789.") == strlen(o->enhanced));
	must_be_visible(outcome_text(o));
	must_be_visible(o->tls.version);
	must_be_visible(o->tls.verified);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct relay_callbacks	callbacks = {
		.before_send = note_step, .after_transaction = note_step,
		.before_connect = before_connect,
		.after_connect = after_connect };
	static struct interrupt	interrupt = { .fd = -1 };
	struct buffer		transcript = { 0 };
	struct serve_attempt	session = { .uid = 33, .caller = "www-data",
				    .interrupt = &interrupt,
				    .transcript = &transcript };
	struct envelope		env = { .n = 0 };
	struct message		message;
	struct message_limits	limits = { .spill = NULL };
	struct outcome		outcomes[RECIPIENTS] = { 0 };
	struct tried		tried = { .n = 0 };
	struct submit_attempt	a = { .envelope = &env, .message = &message,
				    .outcomes = outcomes, .tried = &tried };
	struct failure		why = { .status = EX_OK };

	if (len == 0 || len > LINE_MAX)
		return 0;
	a.callbacks = data[0] & 1 ? &callbacks : NULL;
	line = (const char *)data + 1;
	line_len = len - 1;
	connecting = false;
	envelope_set_reverse(&env, "me@example.org");
	for (size_t i = 0; i < RECIPIENTS; i++)
		envelope_add(&env, "you@example.net");
	outcomes[0] = (struct outcome){ .kind = OUTCOME_DELIVERED };
	message_begin(&message, &limits);
	must(message_feed(&message, "Subject: x\n\nhi\n", 15, &why) &&
	    message_end(&message, &why));
	if (serve_attempt_make(&session, &a, &why)) {
		must(line_len > 0 && line[0] == SERVE_TAKEN);
		for (size_t i = 1; i < RECIPIENTS; i++)
			check_outcome(&outcomes[i]);
		must(tried.n <= TRIED_MAX && transcript.len <=
		    LAST_ATTEMPT_MAX);
	} else {
		must(why.status != EX_OK);
	}
	close(worker);
	for (size_t i = 0; i < RECIPIENTS; i++)
		outcome_clear(&outcomes[i]);
	buffer_free(&transcript);
	envelope_free(&env);
	message_free(&message);
	return 0;
}
