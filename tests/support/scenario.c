#include "support/scenario.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "mail/header.h"
#include "queue/entry.h"
#include "queue/spool.h"
#include "support/conf.h"
#include "support/serving.h"
#include "util/memory.h"

enum {
	RUNS_PER_SERVER = 200,	/* its record grows with each message */
	DOUBT_S = 50 * 60,	/* the next attempt of an entry in doubt */
};

#define FIELDS	"From: me@example.org\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n" \
	"Message-ID: <run@example.org>\nTo: a@example.net"
#define BODY	"the first line\n.\n..a line with dots\nthe last line\n"
#define LAST	"the last line\r\n"

#define ONE	.to = { "a@example.net" }
#define TWO	.to = { "a@example.net", "b@example.net" }
#define THREE	.to = { "a@example.net", "b@example.net", "c@example.net" }
#define LOGIN	"user = nina\npassword = Tr0ub4dor&3-secret\ntls_ca = {ca}\n"

const struct scenario	scenarios[] = {
	{ "sendmail -t", SUBMITS, .words = { "-t", "-i" }, ONE },
	{ "sendmail -t without a queue", SUBMITS, .more = "queue = off\n",
	    .words = { "-t", "-i" }, ONE },
	{ "TLS and AUTH", SUBMITS, .script = { .security = STARTTLS_OFFERED,
	    .keywords = "PIPELINING\n8BITMIME\nAUTH PLAIN" },
	    .scheme = "submission", .more = LOGIN, .words = { "-t", "-i" },
	    ONE },
	{ "sendmail -odq", SUBMITS, .words = { "-odq", "-t", "-i" }, ONE },
	{ "a smarthost that defers", SUBMITS, .script = { .steps = {
	    { .at = ON_RCPT, .say = "450 4.2.0 later" } } },
	    .words = { "-t", "-i" }, ONE },
	{ "a smarthost that refuses connections", SUBMITS,
	    .script = { .refusing = true }, .words = { "-t", "-i" }, ONE },
	{ "recipients of which one waits and one is refused", SUBMITS,
	    .script = { .steps = {
	    { .at = ON_RCPT, .match = "b@", .say = "450 4.2.0 later" },
	    { .at = ON_RCPT, .match = "c@", .say = "550 5.1.1 no" } } },
	    .words = { "-t", "-i" }, THREE },
	{ "a large message that is re-encoded", SUBMITS,
	    .script = { .keywords = "PIPELINING" }, .words = { "-t", "-i" },
	    ONE, .large = true },
	{ "a password_command", SUBMITS, .script = {
	    .keywords = "PIPELINING\nAUTH PLAIN" }, .more = "user = nina\n"
	    "auth = plain\ntls = off\npassword_command = /bin/echo "
	    "Tr0ub4dor&3-secret\n", .words = { "-t", "-i" }, ONE },
	{ "a smarthost that is found by its name", SUBMITS,
	    .more = "smarthost = smtp://localhost:{port}\n",
	    .words = { "-t", "-i" }, ONE },
	{ "a program that delivers", SUBMITS,
	    .more = "smarthost = command://{dir}/deliver\n",
	    .words = { "-t", "-i" }, ONE, .files = "out" },
	{ "a Maildir", SUBMITS,
	    .more = "smarthost = maildir://{dir}/Maildir\n",
	    .words = { "-t", "-i" }, ONE, .files = "Maildir/new" },
	{ "sendmail -bs", SPEAKS, .words = { "-bs" }, ONE },
	{ "sendmail -bs, deferred", SPEAKS, .script = { .steps = {
	    { .at = ON_RCPT, .say = "450 4.2.0 later" } } },
	    .words = { "-bs" }, ONE },
	{ "sendmail -qf", FLUSHES, .words = { "-qf" }, TWO },
	{ "sendmail -qf with a recipient that waits", FLUSHES,
	    .script = { .steps = { { .at = ON_RCPT, .match = "b@",
	    .say = "450 4.2.0 later" } } }, .words = { "-qf" }, TWO },
	{ "sendmail -qf with a bounce", FLUSHES, .script = { .steps = {
	    { .at = ON_RCPT, .match = "b@", .say = "550 5.1.1 no" } } },
	    .words = { "-qf" }, TWO },
	{ "mailq", PRINTS, .words = { "-bp" }, TWO },
	{ "relais queue list --json", PRINTS, .words = { "queue", "list",
	    "--json" }, TWO },
	{ "relais route", PRINTS, .words = { "route", "a@example.net" },
	    ONE },
};

const size_t	scenarios_n = sizeof(scenarios) / sizeof(*scenarios);

static void
fill_in(struct scenario_place *p, struct buffer *out, const char *text)
{
	char	port[8];
	const struct {
		const char	*name, *value;
	} words[] = {
		{ "{dir}", p->dir.path },
		{ "{port}", port },
		{ "{ca}", p->usual.ca },
	};

	snprintf(port, sizeof(port), "%u", p->host->port);
	while (*text != '\0') {
		size_t	i = 0, n = sizeof(words) / sizeof(*words);

		while (i < n && strncmp(text, words[i].name,
		    strlen(words[i].name)) != 0)
			i++;
		if (i < n) {
			buffer_add_text(out, words[i].value);
			text += strlen(words[i].name);
		} else
			buffer_add_byte(out, *text++);
	}
}

static void
start_server(struct scenario_place *p)
{
	struct script	 script = p->s->script;
	struct buffer	 more = { 0 };

	mock_smtp_stop(p->host);
	if (script.security != IN_CLEAR) {
		script.certificate = p->usual.chain;
		script.key = p->usual.key;
	}
	p->host = mock_smtp_start(&script);
	p->messages = 0;
	if (p->s->more == NULL || strstr(p->s->more, "queue = ") == NULL)
		buffer_addf(&more, "queue = %s\n", p->spool);
	fill_in(p, &more, p->s->more != NULL ? p->s->more : "");
	strlcpy(p->conf, conf_write(&p->dir, p->host, p->s->scheme != NULL ?
	    p->s->scheme : "smtp", more.data), sizeof(p->conf));
	buffer_free(&more);
}

static void
write_input(struct scenario_place *p)
{
	const struct scenario	*s = p->s;
	struct buffer		*b = &p->input;

	if (s->kind == SPEAKS)
		buffer_add_text(b, "EHLO client.example\r\n"
		    "MAIL FROM:<me@example.org>\r\n"
		    "RCPT TO:<a@example.net>\r\nDATA\r\n");
	buffer_addf(b, "Subject: run\n" FIELDS);
	for (size_t i = 1; s->to[i] != NULL; i++)
		buffer_addf(b, ", %s", s->to[i]);
	buffer_add_text(b, "\n\n");
	while (s->large && b->len < 400000)
		buffer_add_text(b, "a line of a large message: \303\244\n");
	buffer_add_text(b, s->kind == SPEAKS ? "the first line\r\n"
	    "the last line\r\n.\r\nQUIT\r\n" : BODY);
}

void
scenario_open(struct scenario_place *p, const struct scenario *s)
{
	*p = (struct scenario_place){ .s = s };
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	temp_dir_make(&p->dir);
	strlcpy(p->memory.path, "/dev/shm/relais-test.XXXXXX",
	    sizeof(p->memory.path));
	if (mkdtemp(p->memory.path) == NULL)
		p->memory.path[0] = '\0';
	snprintf(p->spool, sizeof(p->spool), "%s/spool",
	    p->memory.path[0] != '\0' ? p->memory.path : p->dir.path);
	if (s->script.security != IN_CLEAR)
		certificate_usual(&p->usual, &p->dir);
	temp_dir_write(&p->dir, "out/x", 0600, "");
	temp_dir_write(&p->dir, "deliver", 0700, "#!/bin/sh\n"
	    "cd ${0%/*} && cat >tmp && mv tmp out/$$\n");
	start_server(p);
	write_input(p);
}

void
scenario_close(struct scenario_place *p)
{
	buffer_free(&p->input);
	buffer_free(&p->delivered);
	buffer_free(&p->queued);
	buffer_free(&p->wrong);
	program_result_free(&p->o);
	mock_smtp_stop(p->host);
	temp_dir_remove(&p->dir);
	temp_dir_remove(&p->memory);
}

static void
put_entry(struct scenario_place *p)
{
	struct program_result	o;

	relais_run(&o, p->conf, WORDS("-odq", "-t", "-i"), p->input.data);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
}

/*
 * A helper that outlives the program may still deliver the message.  It has
 * become our child, beside the smarthost.
 */
static void
wait_for_orphans(void)
{
	pid_t	children[32];
	size_t	n = serving_children(getpid(), children, 32);
	char	path[64], name[32];

	for (size_t i = 0; i < n; i++) {
		FILE	*f;

		snprintf(path, sizeof(path), "/proc/%ld/comm",
		    (long)children[i]);
		if ((f = fopen(path, "re")) == NULL)
			continue;
		if (fgets(name, sizeof(name), f) != NULL &&
		    strcmp(name, "relais\n") == 0)
			waitpid(children[i], NULL, 0);
		fclose(f);
	}
}

void
scenario_run(struct scenario_place *p, const struct program *how)
{
	const char	*argv[16] = { "relais", "-C", p->conf };
	struct program	 program = *how;
	bool		 old = p->s->kind == FLUSHES || p->s->kind == PRINTS;

	if (old)
		put_entry(p);
	for (size_t i = 0; p->s->words[i] != NULL; i++)
		argv[3 + i] = p->s->words[i];
	program.argv = argv;
	if (!old) {
		program.input = p->input.data;
		program.input_len = p->input.len;
	}
	program_result_free(&p->o);
	program_run(&p->o, &program);
	wait_for_orphans();
	p->runs++;
}

/* Removes the files of a directory. */
static void
clear_directory(const char *path)
{
	DIR		*d = opendir(path);
	struct dirent	*e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
}

/*
 * The fate of a message.
 */

struct fate {
	size_t	delivered;
	size_t	queued;
	int64_t	next;		/* when the entry is due; 0: none */
	size_t	given_up;	/* in failed/ */
	size_t	bounced;	/* delivered or queued */
};

static void	accuse(struct scenario_place *, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));

static void
accuse(struct scenario_place *p, const char *fmt, ...)
{
	char	text[2000];
	va_list	list;

	va_start(list, fmt);
	vsnprintf(text, sizeof(text), fmt, list);
	va_end(list);
	buffer_addf(&p->wrong, "%s%s", p->wrong.len > 0 ? "; " : "", text);
}

/* The first message is the model for all others. */
static void
compare(struct scenario_place *p, struct buffer *model, const char *data,
    size_t len)
{
	if (model->len == 0) {
		assert_non_null(memmem(data, len, "the last line", 13));
		buffer_add(model, data, len);
	}
	if (len != model->len || memcmp(data, model->data, len) != 0)
		accuse(p, "not the whole message, but %zu of %zu octets: "
		    "%.300s", len, model->len, data);
}

/* The last part of a bounce must be complete. */
static bool
is_bounce_for(const char *text, const char *to)
{
	char	line[100];

	snprintf(line, sizeof(line), "Final-Recipient: rfc822;%s", to);
	return strcasestr(text, line) != NULL;
}

static void
look_at_server(struct scenario_place *p, const char *to, struct fate *f)
{
	assert_true(mock_smtp_wait_closed(p->host,
	    mock_smtp_connections(p->host)));
	for (size_t i = p->messages; i < mock_smtp_messages(p->host); i++) {
		const struct heard_message	*m =
		    mock_smtp_message(p->host, i);

		for (size_t k = 0; m->code == 250 && k < m->n_rcpt; k++) {
			if (m->rcpt[k].code != 250)
				continue;
			if (m->reverse_path[0] == '\0')
				f->bounced += is_bounce_for(m->data.data, to);
			else if (strcmp(m->rcpt[k].path, to) == 0) {
				f->delivered++;
				compare(p, &p->delivered, m->data.data,
				    m->data.len);
			}
		}
	}
}

static void
look_at_files(struct scenario_place *p, struct fate *f)
{
	const char	*path = temp_dir_path(&p->dir, p->s->files);
	DIR		*d = opendir(path);
	struct buffer	 text = { 0 };
	struct dirent	*e;
	char		 file[600];

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, "x") == 0)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		file_read(&text, file);
		f->delivered++;
		if (strstr(text.data, "Message-ID: <run@") == NULL ||
		    strstr(text.data, "\n" BODY) == NULL)
			accuse(p, "partial file: %s", text.data);
	}
	if (d != NULL)
		closedir(d);
	buffer_free(&text);
}

static void
add_message(struct buffer *text, const struct message *m)
{
	struct failure	why;
	uint64_t	at = 0;

	header_write(text, &m->header);
	while (at < m->body.size) {
		ssize_t	n = body_read(&m->body, at, buffer_room(text, 4096),
			    4096, &why);

		assert_true(n > 0);
		text->len += (size_t)n;
		at += (size_t)n;
	}
	buffer_add(text, "", 0);
}

static void
look_at_entry(struct scenario_place *p, struct entry *e, const char *to,
    struct fate *f)
{
	const struct envelope	*envelope = &e->file.envelope;
	struct buffer		 text = { 0 };
	struct failure		 why;

	if (!entry_load(e, &why)) {
		accuse(p, "entry: %s", why.text);
		return;
	}
	add_message(&text, &e->message);
	if (envelope->reverse_path[0] == '\0')
		f->bounced += is_bounce_for(text.data, to);
	else
		compare(p, &p->queued, text.data, text.len);
	for (size_t i = 0; e->dir == SPOOL_QUEUE && i < envelope->n; i++)
		if (strcmp(envelope->forward[i].path, to) == 0 &&
		    e->file.outcomes[i].kind == OUTCOME_WAITING) {
			f->queued++;
			f->next = e->next;
		}
	f->given_up += e->dir == SPOOL_FAILED;
	buffer_free(&text);
}

static void
look_at_spool(struct scenario_place *p, enum spool_dir dir, const char *to,
    struct fate *f)
{
	struct spool_options	options = { 0 };
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;

	if (!spool_open(&spool, p->spool, &options, &why))
		return;
	assert_true(spool_list(&list, &spool, dir, &why));
	for (size_t i = 0; i < list.n; i++) {
		struct entry	entry;

		if (entry_open(&entry, &spool, dir, list.item[i].name,
		    ENTRY_LOOK, &why) == ENTRY_OPENED)
			look_at_entry(p, &entry, to, f);
		else
			accuse(p, "%s: %s", list.item[i].name, why.text);
		entry_close(&entry);
	}
	spool_list_free(&list);
	spool_close(&spool);
}

static struct fate
find(struct scenario_place *p, const char *to)
{
	struct fate	f = { 0 };

	look_at_server(p, to, &f);
	if (p->s->files != NULL)
		look_at_files(p, &f);
	look_at_spool(p, SPOOL_QUEUE, to, &f);
	look_at_spool(p, SPOOL_FAILED, to, &f);
	return f;
}

/* The recipient gets the message more than once. */
static bool
is_repeated(const struct fate *f, int64_t now)
{
	return f->delivered > 1 || f->queued > 1 || f->bounced > 1 ||
	    (f->delivered > 0 && f->queued > 0 && f->next - now < DOUBT_S);
}

enum answer { NONE, ACCEPTED, REFUSED };

/* What the caller was told about the message. */
static enum answer
answer_of(const struct scenario_place *p)
{
	const char	*at;

	if (p->s->kind != SPEAKS)
		return p->o.signal == 0 && p->o.status == EX_OK ? ACCEPTED :
		    REFUSED;
	at = strstr(p->o.out.data, "\r\n354 ");
	if (at == NULL)
		return REFUSED;
	at = strstr(at + 2, "\r\n") + 2;
	return *at == '\0' ? NONE : *at == '2' ? ACCEPTED : REFUSED;
}

static void
judge_new(struct scenario_place *p, int64_t now)
{
	enum answer	answer = answer_of(p);
	size_t		without = 0;

	for (size_t i = 0; p->s->to[i] != NULL; i++) {
		struct fate	f = find(p, p->s->to[i]);

		if (is_repeated(&f, now))
			accuse(p, "%s: delivered %zu times, queued %zu times",
			    p->s->to[i], f.delivered, f.queued);
		without += f.delivered + f.queued == 0;
	}
	if (answer == ACCEPTED && without > 0)
		accuse(p, "accepted and lost");
	if (answer == REFUSED && without == 0 && strstr(p->o.err.data,
	    "the server may have accepted the message") == NULL)
		accuse(p, "delivered or queued, and reported as failed");
}

static bool
is_lost(const struct fate *f)
{
	return f->delivered + f->queued + f->given_up + f->bounced == 0;
}

/* If a recipient was refused, the next queue run may have to bounce. */
static void
judge_old(struct scenario_place *p, int64_t now)
{
	for (size_t i = 0; p->s->to[i] != NULL; i++) {
		struct program_result	o;
		struct fate		f = find(p, p->s->to[i]);

		if (is_lost(&f)) {
			relais_run(&o, p->conf, WORDS("-qf"), "");
			program_result_free(&o);
			f = find(p, p->s->to[i]);
		}
		if (is_lost(&f))
			accuse(p, "%s: lost", p->s->to[i]);
		if (is_repeated(&f, now))
			accuse(p, "%s: delivered %zu times, queued %zu times, "
			    "bounced %zu times", p->s->to[i], f.delivered,
			    f.queued, f.bounced);
	}
}

/* An entry that cannot be read is listed with the reason. */
static void
judge_output(struct scenario_place *p)
{
	bool	silent = p->o.status == EX_OK && p->o.err.len == 0 &&
		    strstr(p->o.out.data, ": cannot be ") == NULL;

	for (size_t i = 0; silent && p->s->to[i] != NULL; i++)
		if (strstr(p->o.out.data, p->s->to[i]) == NULL)
			accuse(p, "exit status 0, but %s is missing: %s",
			    p->s->to[i], p->o.out.data);
}

bool
scenario_judge(struct scenario_place *p, const struct scenario_excuse *excuse)
{
	int64_t	now = time(NULL) + excuse->clock;

	buffer_clear(&p->wrong);
	if (p->o.signal != 0 && p->o.signal != excuse->signal)
		accuse(p, "killed by signal %d", p->o.signal);
	if (p->o.signal == 0 && p->o.status != EX_OK && p->o.err.len == 0 &&
	    !excuse->is_mute && p->s->kind != SPEAKS)
		accuse(p, "no reason");
	switch (p->s->kind) {
	case SUBMITS:
	case SPEAKS:
		if (p->s->kind == SUBMITS || !excuse->is_unheard)
			judge_new(p, now);
		break;
	case FLUSHES:
		judge_old(p, now);
		break;
	case PRINTS:
		if (!excuse->is_unheard)
			judge_output(p);
		break;
	}
	p->successes += p->o.signal == 0 && p->o.status == EX_OK;
	return p->wrong.len == 0;
}

void
scenario_sweep(struct scenario_place *p)
{
	char	path[200];

	for (enum spool_dir d = 0; d < SPOOL_DIRS; d++) {
		snprintf(path, sizeof(path), "%s/%s", p->spool,
		    spool_dir_name(d));
		clear_directory(path);
	}
	if (p->s->files != NULL)
		clear_directory(temp_dir_path(&p->dir, p->s->files));
	if (p->runs % RUNS_PER_SERVER == 0)
		start_server(p);
	p->messages = mock_smtp_messages(p->host);
}
