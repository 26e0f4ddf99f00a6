#include "support/queue.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/spool.h"
#include "support/conf.h"
#include "support/program.h"

static void
write_conf(struct queue_place *p, const char *more)
{
	struct buffer	text = { 0 };

	if (more == NULL || strstr(more, "queue = ") == NULL)
		buffer_addf(&text, "queue = %s\n", p->spool);
	if (more != NULL)
		buffer_add_text(&text, more);
	strlcpy(p->conf, conf_write(&p->folder, p->host, "smtp", text.data),
	    sizeof(p->conf));
	buffer_free(&text);
}

static void
open_place(struct queue_place *p, const struct script *script,
    const char *folder, const char *more)
{
	snprintf(p->spool, sizeof(p->spool), "%s/spool", folder);
	p->host = smarthost_start(script);
	write_conf(p, more);
}

void
queue_place_open(struct queue_place *p, const struct script *script,
    const char *more)
{
	p->memory.path[0] = '\0';
	folder_make(&p->folder);
	open_place(p, script, p->folder.path, more);
}

void
queue_place_open_fast(struct queue_place *p, const struct script *script)
{
	folder_make(&p->folder);
	strlcpy(p->memory.path, "/dev/shm/relais-test.XXXXXX",
	    sizeof(p->memory.path));
	if (mkdtemp(p->memory.path) == NULL)
		p->memory.path[0] = '\0';
	open_place(p, script, p->memory.path[0] != '\0' ? p->memory.path :
	    p->folder.path, NULL);
}

void
queue_place_change(struct queue_place *p, const struct script *script,
    const char *more)
{
	smarthost_stop(p->host);
	p->host = smarthost_start(script);
	write_conf(p, more);
}

void
queue_place_close(struct queue_place *p)
{
	smarthost_stop(p->host);
	folder_remove(&p->folder);
	folder_remove(&p->memory);
}

static void
put(struct queue_place *p, const char *sender, const char *const *to)
{
	const char	*arguments[64] = { "-odq", "-i", "-f", sender };
	struct outcome	 o;

	for (size_t i = 4; **to != '\0'; i++)
		arguments[i] = *to++;
	relais_run(&o, p->conf, arguments, "Subject: x\nFrom: me@example.org\n"
	    "To: list@example.org\n\nhi\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	outcome_free(&o);
}

void
queue_put(struct queue_place *p, const char *sender, const char *const *to)
{
	for (; **to != '\0'; to++)
		put(p, sender, (const char *const[]){ *to, "" });
}

void
queue_put_one(struct queue_place *p, const char *sender,
    const char *const *to)
{
	put(p, sender, to);
}

void
queue_run(struct queue_place *p, const char *argument, int status)
{
	struct outcome	o;

	relais_run(&o, p->conf, WORDS(argument), "");
	assert_string_equal(o.out.data, "");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, status);
	outcome_free(&o);
}

static void
rewrite(int folder, const char *name, const char *word, char digit)
{
	char		 text[4096];
	struct stat	 st;
	int		 fd = openat(folder, name, O_RDWR);
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
queue_rewrite(struct queue_place *p, const char *word, char digit)
{
	struct spool_options	options = { 0 };
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;

	assert_true(spool_open(&spool, p->spool, &options, &why));
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	for (size_t i = 0; i < list.n; i++)
		rewrite(spool.folder[SPOOL_QUEUE], list.item[i].name, word,
		    digit);
	spool_list_free(&list);
	spool_close(&spool);
}
