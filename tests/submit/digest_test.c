/*
 * The header and the summary of a digest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "submit/digest.h"
#include "support/cases.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"
#include "support/temp_spool.h"
#include "util/memory.h"

enum { MEMBERS_MAX = 30, TEXTS = 4 };

struct digest_case {
	const char	*sentence;
	const char	*message[3];	/* headers with LF, NULL: no more; the
					 * last one is repeated */
	size_t		 n;		/* messages; 0: as many as above */
	bool		 numbered;	/* each has a subject of its own */
	const char	*conf;		/* more lines */
	const char	*has[TEXTS];	/* in this order, with CRLF */
	const char	*lacks;		/* or NULL */
};

#define FROM	"From: Web <w@example.org>\n"

static const struct digest_case digest_cases[] = {
	{ "the common subject, sender and recipient",
	    { FROM "To: a@example.net\nSubject: x\n" }, .n = 2,
	    .has = { "From: Web <w@example.org>\r\nTo: a@example.net\r\n"
	    "Subject: [digest] 2 messages: x\r\n",
	    "\r\n\r\nSubjects:\r\n\r\n    2  x\r\n" }, .lacks = " more " },
	{ "recipients that not every message shows are hidden",
	    { FROM "To: a@example.net, b@example.net\nCc: c@example.net\n",
	    FROM "To: c@EXAMPLE.net, a@example.net\n" },
	    .has = { "\r\nTo: a@example.net,\r\n\tc@example.net\r\n" },
	    .lacks = "\r\nTo: a@example.net,\r\n\tb@" },
	{ "without a common recipient", { FROM "To: a@example.net\n",
	    FROM "To: b@example.net\n" },
	    .has = { "\r\nTo: undisclosed-recipients:;\r\n" } },
	{ "without a common sender, it is that of the envelope",
	    { FROM, "From: Other <w@example.org>\n" },
	    .has = { "From: <w@example.org>\r\n",
	    "\r\nSubject: [digest] 2 messages: (no subject)\r\n" } },
	{ "a message without a sender", { "To: a@b\n", FROM },
	    .has = { "From: <w@example.org>\r\n" } },
	{ "different subjects are counted", { FROM "Subject: a\n",
	    FROM "Subject: b\n", FROM "Subject: a\n" },
	    .has = { "    2  a\r\n    1  b\r\n" } },
	{ "no more than 25 subjects are shown", { FROM }, .n = 26,
	    .numbered = true, .has = { "    1  24\r\n... and 1 more "
	    "message\r\n" }, .lacks = "    1  25\r\n" },
	{ "the number of the other messages", { FROM }, .n = 30,
	    .numbered = true, .has = { "... and 5 more messages\r\n" } },
	{ "the rate of the key is explained", { FROM }, .n = 2,
	    .conf = "storm = 5/hour\n", .has = { "More than 5 messages in one "
	    "hour were sent to the same recipients, so\r\nrelais on web1 "
	    "collected the others (storm = 5/hour)." } },
	{ "the keys about the header apply", { FROM }, .n = 2,
	    .conf = "received = yes\nheader_add = X-A: b\n",
	    .has = { "Received: by web1 (relais, from user root); ",
	    "\r\nX-A: b\r\n" } },
};

static const struct identity	me = { .host = (char []){ "web1" },
	.domain = (char []){ "example.org" }, .user = (char []){ "root" },
	.name = (char []){ "Root" } };

static void
load_config(struct config *config, struct temp_dir *dir, const char *more)
{
	char	text[400];

	snprintf(text, sizeof(text), "smarthost = smtp://mail.example\n%s",
	    more != NULL ? more : "");
	conf_load(config, dir, text);
}

static void
make_member(struct entry *e, const struct digest_case *c, size_t i)
{
	static const struct message_limits	limits;
	struct buffer				text = { 0 };
	struct failure				why;
	size_t					k = i < 3 ? i : 2;

	while (c->message[k] == NULL)
		k--;
	buffer_addf(&text, "%s", c->message[k]);
	if (c->numbered)
		buffer_addf(&text, "Subject: %zu\n", i);
	buffer_add_text(&text, "\nhello\n");
	*e = (struct entry){ .fd = -1 };
	e->file.arrived_us = 1763760000000000;
	envelope_set_reverse(&e->file.envelope, "w@example.org");
	envelope_add(&e->file.envelope, "a@example.net");
	message_begin(&e->message, &limits);
	assert_true(message_feed(&e->message, text.data, text.len, &why));
	assert_true(message_end(&e->message, &why));
	buffer_free(&text);
}

static size_t
count_messages(const struct digest_case *c)
{
	size_t	n = c->n;

	while (c->n == 0 && n < 3 && c->message[n] != NULL)
		n++;
	return n;
}

static void
check_text(const struct digest_case *c, const struct message *m)
{
	struct buffer	 text = { 0 };
	const char	*at;

	header_write(&text, &m->header);
	buffer_add(&text, body_in_memory(&m->body), (size_t)m->body.size);
	at = text.data;
	for (size_t i = 0; i < TEXTS && c->has[i] != NULL; i++)
		if ((at = strstr(at, c->has[i])) == NULL)
			fail_msg("no \"%s\" in: %s", c->has[i], text.data);
	if (c->lacks != NULL && strstr(text.data, c->lacks) != NULL)
		fail_msg("\"%s\" in: %s", c->lacks, text.data);
	buffer_free(&text);
}

static void
is_written(void **state)
{
	const struct digest_case *c = *state;
	struct entry		 member[MEMBERS_MAX];
	const struct entry	*members[MEMBERS_MAX];
	struct temp_dir		 dir;
	struct spool		 spool;
	struct config		 config;
	struct digest_options	 options = { .config = &config, .me = &me,
				    .spool = &spool, .member = members,
				    .n = count_messages(c),
				    .now = 1763763600 };
	struct message		 m;
	struct failure		 why;

	temp_dir_make(&dir);
	temp_spool_make(&spool, 0);
	load_config(&config, &dir, c->conf);
	for (size_t i = 0; i < options.n; i++) {
		make_member(&member[i], c, i);
		members[i] = &member[i];
	}
	if (!digest_make(&m, &options, &why))
		fail_msg("%s", why.text);
	check_text(c, &m);
	message_free(&m);
	for (size_t i = 0; i < options.n; i++) {
		envelope_free(&member[i].file.envelope);
		message_free(&member[i].message);
	}
	config_free(&config);
	temp_spool_remove(&spool);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("digests", is_written, digest_cases);
}
