/*
 * Each line of a message is sent with CRLF, and DATA ends with exactly one
 * final dot, so that no second message can be smuggled into the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "mime/wire.h"
#include "net/stream.h"
#include "smtp/transaction_data.h"
#include "util/memory.h"

enum { EDGE = 64 * 1024 };	/* octets in one block of transaction_data.c */

static const char	letters[] = { '\r', '\n', '.', 'a', '\0' };

/*
 * The expected form of a header or body, from a simple implementation.  CRs
 * before LF or at the end of the text belong to the line end.
 */
static void
normalize(struct buffer *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t	end = i;

		while (end < len && text[end] == '\r')
			end++;
		if (end < len && text[end] == '\n')
			buffer_add(to, "\r\n", 2), i = end;
		else if (end < len)
			buffer_add_byte(to, text[i] == '\r' ? ' ' : text[i]);
	}
	if (len > 0 && text[len - 1] != '\n')
		buffer_add(to, "\r\n", 2);
}

struct sink {
	int		fd;
	struct buffer	heard;
};

static void *
drain(void *context)
{
	struct sink	*s = context;
	ssize_t		 n;

	while ((n = read(s->fd, buffer_room(&s->heard, EDGE), EDGE)) > 0)
		s->heard.len += (size_t)n;
	return NULL;
}

static void
send_to(struct sink *s, struct wire *w, bool stuffed, bool large)
{
	struct stream	out;
	struct failure	why;
	pthread_t	thread;
	int		pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	stream_open(&out, pair[0]);
	s->fd = pair[1];
	buffer_clear(&s->heard);
	if (large)
		assert_int_equal(pthread_create(&thread, NULL, drain, s), 0);
	wire_rewind(w);
	assert_true(stuffed ? transaction_data_stuffed(&out, w, &why) &&
	    transaction_data_end(&out, &why) :
	    transaction_data_plain(&out, w, &why));
	stream_close(&out);
	if (large)
		pthread_join(thread, NULL);
	else
		drain(s);
	close(pair[1]);
}

/* Removes dot-stuffing as a server does; fails at a bare CR, LF or NUL. */
static void
unstuff(struct buffer *to, const struct buffer *heard)
{
	const char	*at = heard->data;
	const char	*end = at + heard->len;

	for (;;) {
		const char	*lf = memchr(at, '\n', (size_t)(end - at));

		assert_non_null(lf);
		assert_true(lf > at && lf[-1] == '\r');
		assert_null(memchr(at, '\r', (size_t)(lf - 1 - at)));
		assert_null(memchr(at, '\0', (size_t)(lf - at)));
		if (lf - at == 2 && *at == '.')
			break;
		at += *at == '.';
		buffer_add(to, at, (size_t)(lf + 1 - at));
		at = lf + 1;
		assert_true(at < end);
	}
	assert_int_equal(end - at, 3);
}

struct sent {
	struct sink	sink;
	struct buffer	unstuffed, want;
};

static bool
read_message(struct message *m, const struct buffer *text, size_t piece)
{
	static const char *const		spill[] = { "/tmp", NULL };
	static const struct message_limits	limits = { .spill = spill };
	struct failure				why;

	message_begin(m, &limits);
	for (size_t at = 0; at < text->len; at += piece)
		if (!message_feed(m, text->data + at, text->len - at < piece ?
		    text->len - at : piece, &why)) {
			assert_int_equal(why.status, EX_DATAERR);
			return false;
		}
	return message_end(m, &why);
}

/* Checks that DATA and BDAT send the text in its expected form. */
static void
check_sent(struct sent *s, const struct buffer *text, size_t piece, bool large)
{
	const struct wire_abilities	all = { .eight_bit = true };
	struct message			m;
	struct wire			w;
	struct failure			why;

	if (!read_message(&m, text, piece)) {
		assert_non_null(memchr(text->data, '\0', text->len));
		message_free(&m);
		return;
	}
	assert_null(memchr(text->data, '\0', text->len));
	buffer_clear(&s->want);
	normalize(&s->want, text->data, text->len);
	assert_true(wire_prepare(&w, &m, &all, &why));
	send_to(&s->sink, &w, true, large);
	buffer_clear(&s->unstuffed);
	unstuff(&s->unstuffed, &s->sink.heard);
	assert_int_equal(s->unstuffed.len, s->want.len);
	assert_memory_equal(s->unstuffed.data, s->want.data, s->want.len);
	send_to(&s->sink, &w, false, large);
	assert_int_equal(s->sink.heard.len, s->want.len);
	assert_memory_equal(s->sink.heard.data, s->want.data, s->want.len);
	wire_free(&w);
	message_free(&m);
}

static void
sent_free(struct sent *s)
{
	buffer_free(&s->sink.heard);
	buffer_free(&s->unstuffed);
	buffer_free(&s->want);
}

/* Writes the n-th string of this length; 'of' is the number of letters. */
static void
write_string(char *to, size_t len, size_t n, size_t of)
{
	for (size_t i = 0; i < len; i++, n /= of)
		to[i] = letters[n % of];
}

static size_t
power(size_t base, size_t n)
{
	return n == 0 ? 1 : base * power(base, n - 1);
}

/*
 * All strings of up to 7 letters, at the beginning, in the middle and at the
 * end of a body, which is read in pieces of 1 to 9 octets.
 */
static void
no_text_smuggles_an_end(void **state)
{
	static const char *const	around[][2] = { { "", "b\n" },
		{ "b", "b\n" }, { "b\n", "" }, { "\n", "\n" } };
	struct sent			s = { 0 };
	struct buffer			text = { 0 };
	char				string[8];

	(void)state;
	for (size_t len = 0; len <= 7; len++)
		for (size_t n = 0; n < power(4, len); n++) {
			const char *const	*w = around[n % 4];

			write_string(string, len, n, 4);
			buffer_clear(&text);
			buffer_add_text(&text, "A: b\n\n");
			buffer_add_text(&text, w[0]);
			buffer_add(&text, string, len);
			buffer_add_text(&text, w[1]);
			check_sent(&s, &text, 1 + n % 9, false);
		}
	for (size_t n = 0; n < power(4, 5) * 4; n++) {
		const char *const	*w = around[n % 4];

		write_string(string, 5, n / 4, 4);
		buffer_clear(&text);
		buffer_add_text(&text, "A: b\n\n");
		buffer_add_text(&text, w[0]);
		buffer_add(&text, string, 5);
		buffer_add_text(&text, w[1]);
		check_sent(&s, &text, text.len, false);
	}
	sent_free(&s);
	buffer_free(&text);
}

static void
text_with_a_nul_is_refused(void **state)
{
	struct buffer	text = { 0 };
	struct message	m;
	char		string[8];

	(void)state;
	for (size_t len = 1; len <= 7; len++)
		for (size_t n = 0; n < power(5, len); n++) {
			write_string(string, len, n, 5);
			if (memchr(string, '\0', len) == NULL)
				continue;
			buffer_clear(&text);
			buffer_add_text(&text, n % 2 ? "A: b\n\n" : "A: b\n");
			buffer_add(&text, string, len);
			assert_false(read_message(&m, &text, 1 + n % 3));
			message_free(&m);
		}
	buffer_free(&text);
}

/*
 * Adds the string so that its k-th octet is the first one of a block of the
 * expected form.
 */
static void
add_across_edge(struct buffer *text, struct buffer *normal,
    const char *string, size_t len, size_t k)
{
	struct buffer	form = { 0 };
	size_t		edge;

	normalize(&form, string, len);
	edge = (normal->len / EDGE + 1) * EDGE;
	if (edge - normal->len < k + 200)
		edge += EDGE;
	while (normal->len + k < edge) {
		size_t	left = edge - k - normal->len;
		size_t	pad = left < 160 ? left : 80;

		for (size_t i = 0; i < pad - 2; i++) {
			buffer_add_byte(text, 'x');
			buffer_add_byte(normal, 'x');
		}
		buffer_add_text(text, "\n");
		buffer_add_text(normal, "\r\n");
	}
	buffer_add(text, string, len);
	buffer_add(normal, form.data, form.len);
	if (string[len - 1] != '\n')
		buffer_add_text(text, "\n");
	buffer_free(&form);
}

/* The state at the edge of a block depends on at most two octets. */
static void
no_text_across_a_block_edge_smuggles_an_end(void **state)
{
	enum { LEN = 4 };
	struct sent	s = { 0 };
	struct buffer	text = { 0 };
	struct buffer	normal = { 0 };
	char		string[LEN];

	(void)state;
	buffer_add_text(&text, "A: b\n\n");
	for (size_t n = 0; n < power(4, LEN); n++)
		for (size_t k = 0; k <= LEN; k += 1 + n % 2) {
			write_string(string, LEN, n, 4);
			if (string[LEN - 1] == '\r')
				continue;
			add_across_edge(&text, &normal, string, LEN, k);
		}
	check_sent(&s, &text, EDGE, true);
	check_sent(&s, &text, 100003, true);
	sent_free(&s);
	buffer_free(&text);
	buffer_free(&normal);
}

/* The lines of an encoded body also end with CRLF and one final dot. */
static void
no_encoded_text_smuggles_an_end(void **state)
{
	const struct wire_abilities	seven = { 0 };
	struct sent			s = { 0 };
	struct buffer			text = { 0 };
	char				string[7];

	(void)state;
	for (size_t n = 0; n < power(4, 6); n++) {
		struct message	m;
		struct wire	w;
		struct failure	why;

		write_string(string, 6, n, 4);
		buffer_clear(&text);
		buffer_add_text(&text, "A: b\n\n\303\244");
		for (size_t i = 0; i < n % 80; i++)
			buffer_add_byte(&text, 'x');
		buffer_add(&text, string, 6);
		assert_true(read_message(&m, &text, 3));
		assert_true(wire_prepare(&w, &m, &seven, &why));
		send_to(&s.sink, &w, true, false);
		buffer_clear(&s.unstuffed);
		unstuff(&s.unstuffed, &s.sink.heard);
		assert_int_equal(s.unstuffed.len, w.size);
		wire_free(&w);
		message_free(&m);
	}
	sent_free(&s);
	buffer_free(&text);
}

int
main(void)
{
	static const struct CMUnitTest transaction_data_spec[] = {
		cmocka_unit_test(no_text_smuggles_an_end),
		cmocka_unit_test(text_with_a_nul_is_refused),
		cmocka_unit_test(no_text_across_a_block_edge_smuggles_an_end),
		cmocka_unit_test(no_encoded_text_smuggles_an_end),
	};

	return cmocka_run_group_tests(transaction_data_spec, NULL, NULL);
}
