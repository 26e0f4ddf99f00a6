/*
 * bounce_fuzz.c - the bounces of an entry of the queue, and a digest with it
 *
 * The first octet selects the kind of the bounce; the file of the entry
 * follows.  A bounce goes to the sender of the message from the null sender,
 * and its message/delivery-status consists of fields of printable ASCII.  A
 * message that is labelled as 7bit has no other octets.  An invalid entry is
 * tried again with the right lengths.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config/parse.h"
#include "config/section.h"
#include "fuzz/entry_text.h"
#include "fuzz/must.h"
#include "fuzz/own_config.h"
#include "queue/entry.h"
#include "submit/bounce.h"
#include "submit/digest.h"
#include "submit/local_names.h"
#include "util/memory.h"
#include "util/text.h"

static const struct identity me = { .host = (char []){ "web1" },
	.domain = (char []){ "example.org" }, .user = (char []){ "www-data" },
	.name = (char []){ "Web" } };

static struct config		config;
static struct local_names	local_names;
static struct spool		spool = { .fd = -1 };

static void
close_all(void)
{
	local_names_end(&local_names);
	config_free(&config);
}

static void
open_all(void)
{
	static const char	text[] = "smarthost = smtp://mail.example\n"
				    "domain = example.org\nstorm = 5/hour\n"
				    "root = admin@example.net\n"
				    "aliases = /nonexistent\n";

	own_config_parse(&config, text, strlen(text));
	local_names_begin(&local_names, &config, &me);
	atexit(close_all);
}

/* The body, ended by a NUL; the caller frees it. */
static char *
body_text(const struct message *m)
{
	char		*text = memory_new((size_t)m->body.size + 1, 1);
	struct failure	 why;

	for (uint64_t at = 0; at < m->body.size; ) {
		ssize_t	n = body_read(&m->body, at, text + at,
			    (size_t)(m->body.size - at), &why);

		must(n > 0);
		at += (uint64_t)n;
	}
	return text;
}

static void
check_field(const char *line, size_t len)
{
	size_t	name = strcspn(line, ":");

	must(name < len && (line[0] == ' ' || strcspn(line, " ") > name));
	for (size_t i = 0; i < len; i++)
		must(line[i] >= ' ' && line[i] <= '~');
}

/* The lines of message/delivery-status, up to the next part. */
static void
check_status(const char *body)
{
	static const char	type[] = "message/delivery-status\r\n";
	const char		*line = strstr(body, type);

	must(line != NULL && (line = strstr(line, "\r\n\r\n")) != NULL);
	for (line += 4; strncmp(line, "--relais-", 9) != 0; ) {
		size_t	len = strcspn(line, "\r");

		must(line[len] == '\r');
		if (len > 0 && line[0] != ' ')
			check_field(line, len);
		for (size_t i = 0; i < len; i++)
			must(line[i] >= ' ' && line[i] <= '~');
		line += len + 2;
	}
}

static size_t
count_fields(const struct header *h, const char *name)
{
	size_t	n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += field_is(&h->field[i], name);
	return n;
}

static void
check_message(const struct message *m)
{
	static const char *const	once[] = { "From", "To", "Date",
					    "Subject", "Message-ID",
					    "MIME-Version", "Content-Type" };
	const struct field		*encoding = header_find(&m->header,
					    "Content-Transfer-Encoding", 0);

	for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++)
		must(count_fields(&m->header, once[i]) == 1);
	must(count_fields(&m->header, "Bcc") == 0);
	must(encoding != NULL);
	must(!m->body.has_8bit || memmem(encoding->text, encoding->len,
	    "8bit", 4) != NULL);
}

static void
make_bounce(const struct entry *e, enum bounce_kind kind)
{
	const struct prepare_options	options = { .config = &config,
					    .me = &me,
					    .local_names = &local_names };
	const struct bounce_report	r = {
		.kind = kind,
		.envelope = &e->file.envelope,
		.outcomes = e->file.outcomes,
		.message = &e->message,
		.arrived = e->file.arrived_us / 1000000,
		.retry_until = e->file.arrived_us / 1000000 + 432000,
		.spool = &spool,
		.uid = e->file.uid,
		.caller = e->file.caller,
	};
	struct bounce			 bounce;
	struct failure			 why;
	char				*text;

	if (!bounce_is_due(&r))
		return;
	if (bounce_make(&bounce, &r, &options, &why)) {
		must(bounce.envelope.reverse_path[0] == '\0');
		check_message(&bounce.message);
		text = body_text(&bounce.message);
		must(strlen(text) == bounce.message.body.size);
		check_status(text);
		free(text);
	}
	bounce_free(&bounce);
}

static void
make_digest(const struct entry *e)
{
	const struct entry *const	members[] = { e, e };
	const struct digest_options	options = { .config = &config,
					    .me = &me, .spool = &spool,
					    .member = members, .n = 2,
					    .now = 1763760000 };
	struct message			m;
	struct failure			why;

	if (digest_make(&m, &options, &why))
		check_message(&m);
	message_free(&m);
}

/*
 * Whether the facts that the entry records about its text are true.  Only one
 * that was changed by hand has others; its octets are sent as they are.
 */
static bool
is_true(const struct entry *e)
{
	const struct header	*h = &e->message.header;
	char			*text = body_text(&e->message);
	bool			 has_8bit = false;

	for (uint64_t i = 0; i < e->message.body.size; i++)
		has_8bit |= (unsigned char)text[i] >= 0x80;
	free(text);
	for (size_t i = 0; i < h->n; i++)
		if (!text_is_ascii(h->field[i].text, h->field[i].len) &&
		    !e->message.header_8bit)
			return false;
	return !has_8bit || e->message.body.has_8bit;
}

static bool
try(uint8_t kind, const void *data, size_t len)
{
	struct entry	e;
	bool		valid = entry_text_open(&e, data, len);

	if (valid && is_true(&e)) {
		if (kind % 4 == 3)
			make_digest(&e);
		else
			make_bounce(&e, (enum bounce_kind)(kind % 4));
	}
	entry_close(&e);
	return valid;
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (config.first == NULL)
		open_all();
	entry_text_try(try, data, len);
	return 0;
}
