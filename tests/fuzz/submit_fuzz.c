/*
 * submit_fuzz.c - sendmail -t and sendmail -bs, up to the attempt and the queue
 *
 * The first octet selects -t, -t without -i, an SMTP session, or a session with
 * the private commands of the service; whether an attempt is made; and -f.  The
 * rest is standard input.  A sender at edited.example has keys that edit the
 * message.  An attempt sends nothing: the length of a path decides what becomes
 * of its recipient.  An entry in the queue is valid, has recipients that can be
 * sent in SMTP and no Bcc field, and was reported to the caller.  Of a message
 * of -t, the queue holds the deferred recipients, and failed/ the failed ones.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/input.h"
#include "config/parse.h"
#include "config/section.h"
#include "fuzz/must.h"
#include "fuzz/own_config.h"
#include "queue/entry.h"
#include "smtpd/smtpd_submit.h"
#include "submit/submit.h"
#include "util/file.h"
#include "util/memory.h"

static const struct identity me = { .host = (char []){ "web1" },
	.domain = (char []){ "example.org" }, .user = (char []){ "www-data" },
	.name = (char []){ "Web" } };

static struct config	config;
static struct submit	submit;

static struct interrupt	interrupt = { .fd = -1 };
static size_t		waiting;	/* recipients in the queue */

enum { EDITED = 4, ATTEMPTED = 8 };	/* in the first octet */

static enum outcome_kind
fate(const char *path)
{
	return strlen(path) % 4 == 0 ? OUTCOME_DELIVERED :
	    strlen(path) % 4 == 1 ? OUTCOME_FAILED : OUTCOME_DEFERRED;
}

static bool
attempt(void *context, const struct submit_attempt *a, struct failure *why)
{
	const struct relay_callbacks	*cb = a->callbacks;
	const struct envelope		*env = a->envelope;
	size_t				 sender = strlen(env->reverse_path);
	unsigned			 host;

	(void)context;
	must(submit.options.mode == SUBMIT_NOW);
	if (sender % 8 == 7)
		return failed(why, EX_TEMPFAIL, "no worker");
	if (sender % 3 == 2)
		interrupt_call_back(&interrupt);	/* it takes long */
	must(cb->before_send(cb->context, why));
	host = (unsigned)tried_add(a->tried, "smtp://mail.example", NULL);
	for (size_t i = 0; i < env->n; i++) {
		const char	*path = env->forward[i].path;
		struct outcome	*o = &a->outcomes[i];

		if (o->kind != OUTCOME_WAITING)
			continue;
		must(strchr(path, '@') != NULL);
		o->kind = fate(path);
		o->step = STEP_FINAL;
		o->smarthost = host;
		o->in_doubt = strlen(path) % 4 == 3;
		o->dsn_offered = sender % 2 == 0;
		if (o->kind != OUTCOME_DELIVERED)
			o->status = EX_UNAVAILABLE;
		outcome_set_text(o, "RCPT TO: %s", path);
	}
	must(cb->after_transaction(cb->context, why));
	return true;
}

static void
close_all(void)
{
	static const char *const	files[] = { "usage", "status", "state",
		"counters", "storm", "alarm", "log-key" };
	struct spool			*spool = &submit.spool;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlinkat(spool->fd, files[i], 0);
	for (int i = 0; i < SPOOL_DIRS; i++)
		unlinkat(spool->fd, spool_dir_name((enum spool_dir)i),
		    AT_REMOVEDIR);
	rmdir(spool->directory);
	submit_close(&submit);
	config_free(&config);
}

static void
open_all(void)
{
	static const struct log	log = { .target = LOG_TO_NOTHING };
	struct submit_options	how = {
		.mode = SUBMIT_NOW,
		.config = &config,
		.me = &me,
		.uid = 33,
		.log = &log,
		.interrupt = &interrupt,
		.each_recipient = true,
		.attempt = attempt,
	};
	char			path[] = "/dev/shm/relais-fuzz.XXXXXX";
	struct buffer		text = { 0 };

	must(mkdtemp(path) != NULL);
	buffer_addf(&text, "queue = %s\nsocket = off\nsmarthost = "
	    "smtp://mail.example\ndomain = example.org\nroot = "
	    "admin@example.net\naliases = /nonexistent\n"
	    "message_size_limit = 1M\nrecipient_limit = 50\n"
	    "[from *@edited.example]\nfrom = me@example.net\n"
	    "from_mode = always\nalways_bcc = log@example.net\n"
	    "header_add = X-Added: yes\nheader_set = X-Set: yes\n"
	    "header_remove = X-Mailer X-Removed\nreceived = yes\n", path);
	own_config_parse(&config, text.data, text.len);
	buffer_free(&text);
	submit_open(&submit, &how);
	must(submit.spool.directory != NULL);
	submit.confined = true;	/* LeakSanitizer cannot enter the sandbox */
	atexit(close_all);
}

/* ------------------------------------------------------------ the queue */

static void
check_path(const char *path)
{
	for (; *path != '\0'; path++)
		must((unsigned char)*path >= ' ' && *path != 127 &&
		    *path != '<' && *path != '>');
}

/* In failed/, a recipient can be a name that has no address. */
static void
check_entry(const struct entry *e)
{
	const struct envelope	*env = &e->file.envelope;
	const struct header	*h = &e->message.header;

	must(env->n > 0);
	check_path(env->reverse_path);
	for (size_t i = 0; i < env->n; i++) {
		check_path(env->forward[i].path);
		must(e->dir == SPOOL_FAILED ||
		    strchr(env->forward[i].path, '@') != NULL);
		waiting += e->dir == SPOOL_QUEUE &&
		    e->file.outcomes[i].kind == OUTCOME_WAITING;
	}
	must(header_find(h, "Bcc", 0) == NULL);
	must(header_find(h, "From", 0) != NULL);
	must(header_find(h, "Date", 0) != NULL);
	must(header_find(h, "Message-ID", 0) != NULL);
	must(message_size(&e->message) == e->file.message_size);
}

/*
 * Checks and removes all entries, and returns their number.  Those in queue/
 * were reported, except notices to the sender: in SMTP, the reply to a message
 * that was refused for some recipients has no ID.
 */
static size_t
empty_directory(enum spool_dir dir, const char *reported)
{
	struct spool_list	list = { .n = 0 };
	struct entry		e;
	struct failure		why;
	size_t			n;

	must(spool_list(&list, &submit.spool, dir, &why));
	n = list.n;
	for (size_t i = 0; i < n; i++) {
		must(entry_open(&e, &submit.spool, dir, list.item[i].name,
		    ENTRY_WORK, &why) == ENTRY_OPENED);
		check_entry(&e);
		must(dir != SPOOL_QUEUE || strstr(reported, e.name) != NULL ||
		    e.file.envelope.reverse_path[0] == '\0' ||
		    strstr(reported, "Error: accepted for ") != NULL);
		must(entry_remove(&e, &why));
		entry_close(&e);
	}
	spool_list_free(&list);
	return n;
}

/* ------------------------------------------------------------- the input */

static int
file_of(const uint8_t *data, size_t len)
{
	int	fd = file_in_memory();

	must(fd != -1 && file_write(fd, data, len) &&
	    lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void
check_result(const struct envelope *env, const struct submit_result *r)
{
	size_t	deferred = 0, given_up = 0;

	for (size_t i = 0; i < env->n; i++) {
		const struct outcome	*o = &r->outcomes[i];

		must(o->kind != OUTCOME_WAITING);
		must(o->kind != OUTCOME_DELIVERED ||
		    (submit.options.mode == SUBMIT_NOW &&
		    fate(env->forward[i].path) == OUTCOME_DELIVERED));
		deferred += o->kind == OUTCOME_DEFERRED;
		given_up += o->kind == OUTCOME_FAILED;
	}
	must(deferred == waiting);
	must((deferred > 0) == (r->queued[0] != '\0'));
	must((given_up > 0) == (r->failed[0] != '\0'));
}

static void
run_t(const uint8_t *data, size_t len, bool dots, bool edited)
{
	struct envelope		env = { .n = 0 };
	struct message		message;
	struct submit_request	request = {
		.envelope = &env,
		.message = &message,
		.from_header = true,
	};
	struct submit_result	result = { .n = 0 };
	struct failure		why = { .status = 0 };
	int			fd = file_of(data, len);
	bool			dot_ended, good;

	if (edited)
		envelope_set_reverse(&env, "a@edited.example");
	message_begin(&message, &submit.limits);
	good = input_read(fd, &message, dots, &dot_ended, &why) &&
	    submit_message(&submit, &request, &result, &why);
	must(good || why.status != 0);
	waiting = 0;
	must((empty_directory(SPOOL_QUEUE, result.queued) == 1) ==
	    (result.queued[0] != '\0'));
	must((empty_directory(SPOOL_FAILED, "") == 1) ==
	    (result.failed[0] != '\0'));
	if (good)
		check_result(&env, &result);
	submit_result_free(&result);
	envelope_free(&env);
	message_free(&message);
	close(fd);
}

static void
run_bs(const uint8_t *data, size_t len, bool private_commands)
{
	struct smtpd_submit_options session = { .submit = &submit,
		.private_commands = private_commands };
	struct stream		stream;
	struct failure		why;
	int			in = file_of(data, len), out = file_of(NULL, 0);
	struct stat		st;
	char			*replies;

	stream_open_pair(&stream, in, out);
	must(smtpd_submit(&stream, &session, &why));
	stream_close(&stream);
	must(fstat(out, &st) == 0);
	replies = memory_new((size_t)st.st_size + 1, 1);
	must(pread(out, replies, (size_t)st.st_size, 0) == st.st_size);
	empty_directory(SPOOL_QUEUE, replies);
	empty_directory(SPOOL_FAILED, "");
	free(replies);
	close(in);
	close(out);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (submit.spool.directory == NULL)
		open_all();
	submit.options.mode = data[0] & ATTEMPTED ? SUBMIT_NOW : SUBMIT_QUEUE;
	switch (data[0] % 4) {
	case 0:
		run_t(data + 1, len - 1, false, data[0] & EDITED);
		break;
	case 1:
		run_t(data + 1, len - 1, true, data[0] & EDITED);
		break;
	case 2:
		run_bs(data + 1, len - 1, false);
		break;
	case 3:
		run_bs(data + 1, len - 1, true);
		break;
	}
	return 0;
}
