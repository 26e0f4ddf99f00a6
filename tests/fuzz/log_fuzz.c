/*
 * log_fuzz.c - records of the log, and addresses that are hidden in it
 *
 * Each line of the text is a value.  A record is one visible line of limited
 * length, whatever the values are, and in JSON it is UTF-8 with balanced
 * quotation marks.  If a value is a path, its local part is hidden in a text
 * that contains it, also if the text was escaped.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "fuzz/must.h"
#include "mail/address.h"
#include "util/json.h"
#include "util/log_addresses.h"
#include "util/log_record.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

/* One line, which ends in LF if .is_line is true. */
static void
check_record(const struct buffer *b, bool is_line)
{
	size_t		len = b->len - is_line, n;
	uint32_t	c;

	must(b->len <= LOG_RECORD_MAX);
	must(!is_line || b->data[len] == '\n');
	for (size_t i = 0; i < len; i += n) {
		n = text_decode_utf8(b->data + i, len - i, &c);
		must(n > 0 && visible_is_safe(c));
	}
}

static void
write_records(const struct log_event *e)
{
	static const struct {
		void	(*write)(struct buffer *, const struct log_event *);
		bool	 is_line;
	} forms[] = {
		{ log_record_plain, true },
		{ log_record_file, true },
		{ log_record_syslog, false },
		{ log_record_json, true },
	};
	struct buffer	record = { 0 }, ascii = { 0 };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		buffer_clear(&record);
		forms[i].write(&record, e);
		check_record(&record, forms[i].is_line);
		must(forms[i].write != log_record_json ||
		    json_to_ascii(&ascii, record.data, record.len));
	}
	buffer_clear(&record);
	log_record_journal(&record, e);
	buffer_free(&record);
	buffer_free(&ascii);
}

/* The path is local@domain, in the text of a server. */
static void
must_be_hidden(const struct log_addresses *a, const char *local,
    const char *domain)
{
	struct buffer	reply = { 0 }, wanted = { 0 }, hidden = { 0 };
	size_t		quotes = strspn(local, "'`");

	/* Apostrophes before a local part may be around the path. */
	if (local[quotes] == '\0')
		quotes = 0;
	buffer_addf(&reply, "550 <%s@%s> no", local, domain);
	buffer_addf(&wanted, "550 <%.*s*@%s> no", (int)quotes, local, domain);
	log_addresses_add_text(&hidden, a, reply.data);
	must(strcmp(hidden.data, wanted.data) == 0);
	/* Text between this quotation mark and one of the path may be hidden,
	 * too. */
	buffer_clear(&reply);
	buffer_addf(&reply, "\" <%s@%s>", local, domain);
	buffer_clear(&hidden);
	log_addresses_add_text(&hidden, a, reply.data);
	must(strcmp(local, "*") == 0 || strstr(hidden.data, reply.data + 2) ==
	    NULL);
	buffer_free(&reply);
	buffer_free(&wanted);
	buffer_free(&hidden);
}

static char *
escaped(const char *text)
{
	size_t	size = 4 * strlen(text) + 1;

	return visible(memory_new(size, 1), size, text, strlen(text));
}

static void
hide_path(const struct log_addresses *a, const struct address *path)
{
	struct buffer	written = { 0 };
	char		*local, *shown_local, *shown_domain;

	address_write(&written, path);
	local = memory_copy_n(written.data,
	    written.len - strlen("@") - strlen(path->domain));
	shown_local = escaped(local);
	shown_domain = escaped(path->domain);
	must_be_hidden(a, local, path->domain);
	must_be_hidden(a, shown_local, shown_domain);
	free(local);
	free(shown_local);
	free(shown_domain);
	buffer_free(&written);
}

static void
hide_addresses(const char *text)
{
	struct log_addresses	a;
	struct address		path;
	struct failure		ignored;
	struct buffer		hidden = { 0 };

	log_addresses_begin(&a, "domain", "/nonexistent");
	log_addresses_add_text(&hidden, &a, text);
	if (address_parse_path(&path, text, strlen(text), &ignored) &&
	    path.domain[0] != '\0')
		hide_path(&a, &path);
	address_free(&path);
	log_addresses_end(&a);
	buffer_free(&hidden);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct log_field	fields[] = {
		{ "from", "sender", LOG_ADDRESS, "" },
		{ "to", "recipient", LOG_ADDRESS, "" },
		{ "message-id", "message_id", LOG_IDENTIFIER, NULL },
		{ "id", "queue_id", LOG_WORD, NULL },
		{ "program", "program", LOG_WORD, NULL },
		{ "tls", "tls", LOG_WORD, NULL },
		{ "reply", "reply", LOG_TEXT, NULL },
	};
	struct log_event	e = { .priority = LOG_INFO, .tag = "sendmail",
				    .status = "sent", .fields = fields,
				    .n = sizeof(fields) / sizeof(*fields) };
	const struct log_event	line = { .priority = LOG_ERR,
				    .tag = "relais" };
	struct log_event	message = line;
	char			*text = memory_copy_n((const char *)data,
				    len);
	char			*next = text, *value;

	message.message = text;
	write_records(&message);
	for (size_t i = 0; i < e.n && (value = strsep(&next, "\n")) != NULL;
	    i++) {
		fields[i].value = value;
		hide_addresses(value);
	}
	write_records(&e);
	free(text);
	return 0;
}
