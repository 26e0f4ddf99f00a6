#include "support/queue_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/spool.h"
#include "support/conf.h"
#include "support/program.h"
#include "support/temp_spool.h"

static void
write_conf(struct queue_fixture *p, const char *more)
{
	struct buffer	text = { 0 };

	if (more == NULL || strstr(more, "queue = ") == NULL)
		buffer_addf(&text, "queue = %s\n", p->spool);
	if (more != NULL)
		buffer_add_text(&text, more);
	strlcpy(p->conf, conf_write(&p->dir, p->host, "smtp", text.data),
	    sizeof(p->conf));
	buffer_free(&text);
}

static void
open_place(struct queue_fixture *p, const struct script *script,
    const char *dir, const char *more)
{
	snprintf(p->spool, sizeof(p->spool), "%s/spool", dir);
	p->host = mock_smtp_start(script);
	write_conf(p, more);
}

void
queue_fixture_open(struct queue_fixture *p, const struct script *script,
    const char *more)
{
	p->memory.path[0] = '\0';
	temp_dir_make(&p->dir);
	open_place(p, script, p->dir.path, more);
}

void
queue_fixture_open_fast(struct queue_fixture *p, const struct script *script)
{
	temp_dir_make(&p->dir);
	strlcpy(p->memory.path, "/dev/shm/relais-test.XXXXXX",
	    sizeof(p->memory.path));
	if (mkdtemp(p->memory.path) == NULL)
		p->memory.path[0] = '\0';
	open_place(p, script, p->memory.path[0] != '\0' ? p->memory.path :
	    p->dir.path, NULL);
}

void
queue_fixture_change(struct queue_fixture *p, const struct script *script,
    const char *more)
{
	mock_smtp_stop(p->host);
	p->host = mock_smtp_start(script);
	write_conf(p, more);
}

void
queue_fixture_close(struct queue_fixture *p)
{
	mock_smtp_stop(p->host);
	temp_dir_remove(&p->dir);
	temp_dir_remove(&p->memory);
}

static void
put(struct queue_fixture *p, const char *sender, const char *const *to)
{
	const char		*arguments[64] = { "-odq", "-i", "-f", sender };
	struct program_result	 o;

	for (size_t i = 4; **to != '\0'; i++)
		arguments[i] = *to++;
	relais_run(&o, p->conf, arguments, "Subject: x\nFrom: me@example.org\n"
	    "To: list@example.org\n\nhi\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
}

void
queue_fixture_put(struct queue_fixture *p, const char *sender,
    const char *const *to)
{
	for (; **to != '\0'; to++)
		put(p, sender, (const char *const[]){ *to, "" });
}

void
queue_fixture_put_one(struct queue_fixture *p, const char *sender,
    const char *const *to)
{
	put(p, sender, to);
}

void
queue_fixture_run(struct queue_fixture *p, const char *argument, int status)
{
	struct program_result	o;

	relais_run(&o, p->conf, WORDS(argument), "");
	if (status == QUEUE_FIXTURE_ANY)
		status = o.status == EX_TEMPFAIL ? EX_TEMPFAIL : EX_OK;
	if (o.status != status || o.out.len > 0)
		fail_msg("exit %d: %s%s", o.status, o.out.data, o.err.data);
	if (status == EX_OK)
		assert_string_equal(o.err.data, "");
	else
		assert_memory_equal(o.err.data, "relais: not sent: ", 18);
	program_result_free(&o);
}

static void
rewrite(int dir, const char *name, const char *word, char digit)
{
	char		 text[4096];
	struct stat	 st;
	int		 fd = openat(dir, name, O_RDWR);
	ssize_t		 n = pread(fd, text, sizeof(text) - 1, 0);
	struct timespec	 times[2];
	char		*at;

	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(at = strstr(text, word));
	at += strlen(word);
	assert_int_equal(fstat(fd, &st), 0);
	for (size_t i = 0; at[i] >= '0' && at[i] <= '9'; i++)
		assert_int_equal(pwrite(fd, &digit, 1,
		    (off_t)((size_t)(at - text) + i)), 1);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

void
queue_fixture_rewrite(struct queue_fixture *p, const char *word, char digit)
{
	struct spool_options	options = { 0 };
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;

	assert_true(spool_open(&spool, p->spool, &options, &why));
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	for (size_t i = 0; i < list.n; i++)
		rewrite(spool.dir[SPOOL_QUEUE], list.item[i].name, word,
		    digit);
	spool_list_free(&list);
	spool_close(&spool);
}

void
queue_fixture_make_due(const struct queue_fixture *p)
{
	struct timespec		times[2] = { { .tv_sec = 1 },
				    { .tv_sec = 1 } };
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;

	temp_spool_open(&spool, p->spool);
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(utimensat(spool.dir[SPOOL_QUEUE],
		    list.item[i].name, times, 0), 0);
	spool_list_free(&list);
	spool_close(&spool);
}
