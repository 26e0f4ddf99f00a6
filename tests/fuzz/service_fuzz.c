/*
 * XRELAIS OPTIONS, and the replies to RESULT, COUNT, ENTRIES, RELEASE and
 * ABOUT: the first octet selects the parser.  An accepted line is written again
 * and read again; an entry has a forward-path and a message of the size in its
 * envelope.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "fuzz/must.h"
#include "submit/service_protocol.h"
#include "submit/service_queue.h"
#include "util/file.h"
#include "util/memory.h"

static void
fuzz_options(char *text)
{
	struct service_options	o, again;
	struct buffer		line = { 0 };
	struct failure		why;

	if (!service_options_parse(&o, text, &why))
		return;
	service_options_write(&line, &o);
	must(service_options_parse(&again, line.data +
	    strlen("XRELAIS OPTIONS"), &why));
	must(again.queue == o.queue &&
	    (again.full_name == NULL) == (o.full_name == NULL) &&
	    (o.full_name == NULL ||
	    strcmp(again.full_name, o.full_name) == 0));
	buffer_free(&line);
	service_options_free(&o);
	service_options_free(&again);
}

static bool
read_result(struct service_result *r, char *text)
{
	char		*line;
	struct failure	 why;

	while ((line = strsep(&text, "\n")) != NULL)
		if (!service_result_add(r, line, &why))
			return false;
	return r->complete;
}

static void
fuzz_result(char *text)
{
	struct service_result	r = { 0 }, again = { 0 };
	struct buffer		lines = { 0 };

	if (read_result(&r, text)) {
		service_result_write(&lines, &r);
		must(read_result(&again, lines.data));
		must(again.envelope.n == r.envelope.n &&
		    again.refused == r.refused);
		for (size_t i = 0; i < r.envelope.n; i++)
			must(again.outcomes[i].kind == r.outcomes[i].kind &&
			    strcmp(outcome_text(&again.outcomes[i]),
			    outcome_text(&r.outcomes[i])) == 0);
	}
	buffer_free(&lines);
	service_result_free(&r);
	service_result_free(&again);
}

static void
fuzz_count(const char *text)
{
	struct health_state	state, again;
	struct buffer		line = { 0 };
	struct failure		why;

	if (!service_count_parse(&state, text, &why))
		return;
	service_count_write(&line, &state);
	must(service_count_parse(&again, line.data, &why));
	must(again.queue.octets == state.queue.octets &&
	    again.queue.next == state.queue.next &&
	    again.last.error == state.last.error);
	buffer_free(&line);
}

static void
fuzz_entry(const char *text)
{
	struct service_entry	e, again;
	struct buffer		line = { 0 };
	struct failure		why;

	if (!service_entry_parse(&e, text, &why))
		return;
	service_entry_write(&line, &e);
	line.data[line.len - 1] = '\0';
	must(service_entry_parse(&again, line.data, &why));
	must(again.dir == e.dir && strcmp(again.id, e.id) == 0 &&
	    again.size == e.size && again.next == e.next &&
	    again.locked == e.locked && again.length == e.length);
	must(e.length <= e.size);
	buffer_free(&line);
}

static void
check_entry(void *context, const struct entry *e)
{
	const struct service_entries	*wanted = context;

	must(e->file.envelope.n > 0);
	must(e->file.message_size <= e->size);
	must(wanted->id == NULL || e->message.body.size <=
	    e->file.message_size);
}

static void
fuzz_list(const char *id, const uint8_t *data, size_t len)
{
	struct service_entries	wanted = { id, check_entry, &wanted };
	struct stream		stream;
	struct failure		why;
	int			fd = file_in_memory();

	must(fd != -1 && file_write(fd, data, len) &&
	    lseek(fd, 0, SEEK_SET) == 0);
	stream_open(&stream, fd);
	service_queue_read(&stream, &wanted, &why);
	stream_close(&stream);
}

static void
fuzz_release(const char *text)
{
	struct service_release	r;
	struct failure		why;

	if (!service_release_parse(&r, text, &why))
		return;
	must((r.why.status == EX_OK) == id_is_valid(r.id));
	must(strpbrk(r.why.text, "\r\n") == NULL);
}

static void
fuzz_about(const char *text)
{
	struct service_about	about, again;
	struct buffer		line = { 0 };
	struct failure		why;

	if (!service_about_parse(&about, text, &why))
		return;
	service_about_write(&line, &about);
	must(service_about_parse(&again, line.data, &why));
	must(strcmp(again.version, about.version) == 0 &&
	    again.changed_us == about.changed_us);
	buffer_free(&line);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	*text;

	if (len == 0)
		return 0;
	text = memory_copy_n((const char *)data + 1, len - 1);
	switch (data[0] % 8) {
	case 0:
		fuzz_options(text);
		break;
	case 1:
		fuzz_result(text);
		break;
	case 2:
		fuzz_count(text);
		break;
	case 3:
		fuzz_entry(text);
		break;
	case 4:
		fuzz_list(NULL, data + 1, len - 1);
		break;
	case 5:
		fuzz_list("0123456789abcde", data + 1, len - 1);
		break;
	case 6:
		fuzz_release(text);
		break;
	case 7:
		fuzz_about(text);
		break;
	}
	free(text);
	return 0;
}
