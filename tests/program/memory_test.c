/*
 * Memory does not grow with the message, whether it is sent unchanged or
 * encoded; the message is read once, and written to at most one file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"

enum { GROWTH_KB = 4096 };	/* between the smallest and the largest */

/* Megabytes of the largest message; 1000 gives the same result as 50. */
static uint64_t
megabytes(void)
{
	const char	*text = getenv("MEMORY_TEST_MB");

	return text != NULL ? strtoull(text, NULL, 10) : 50;
}

struct body {
	uint64_t	 size;
	const char	*line;
};

/* A short header, and one line repeated. */
static size_t
body(void *context, uint64_t n, char *to, size_t size)
{
	static const char	 header[] = "Subject: x\nMIME-Version: 1.0\n"
				    "Content-Type: text/plain\n\n";
	const struct body	*b = context;
	size_t			 len = strlen(b->line);

	if (n == 0) {
		memcpy(to, header, sizeof(header) - 1);
		return sizeof(header) - 1;
	}
	n -= sizeof(header) - 1;
	if (size > b->size - n)
		size = (size_t)(b->size - n);
	for (size_t i = 0; i < size; i++)
		to[i] = b->line[(n + i) % len];
	return size;
}

static long
peak(const struct script *script, uint64_t size, const char *line)
{
	struct mock_smtp	*host = mock_smtp_start(script);
	struct temp_dir		 dir;
	struct body		 b = { size, line };
	struct program_result	 o;
	const char		*conf;
	long			 kb;

	temp_dir_make(&dir);
	conf = conf_write(&dir, host, "smtp", NULL);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", conf, "-i", "a@example.net"),
	    .generate = body, .ctx = &b, .deadline_ms = 300000,
	    .measured = true });
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_true(mock_smtp_wait_messages(host, 1));
	assert_true(mock_smtp_message(host, 0)->size > size);
	kb = o.max_rss_kb;
	program_result_free(&o);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
	return kb;
}

struct example {
	struct script	 script;
	const char	*line;
};

static void
does_not_grow(void **state)
{
	const struct example	*e = *state;
	long			 small = peak(&e->script, 1000, e->line);
	long			 large = peak(&e->script,
				    megabytes() * 1000000, e->line);

	print_message("%ld KiB for 1 KB, %ld KiB for %llu MB\n", small, large,
	    (unsigned long long)megabytes());
	assert_true(large - small <= GROWTH_KB);
}

#define SEVEN	"PIPELINING\nSIZE\nENHANCEDSTATUSCODES"
#define EIGHT	SEVEN "\n8BITMIME"

#define GROWS_NOT(sentence, offers, line) \
	{ sentence, does_not_grow, NULL, NULL, &(struct example){ \
	    { .keywords = offers, .discard = true }, line } }

/* AddressSanitizer keeps the memory that is freed for each chunk. */
#ifndef __SANITIZE_ADDRESS__
/* The peak of a session that receives a message in chunks of one octet. */
static long
peak_of_chunks(size_t n)
{
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
				    .discard = true });
	struct buffer		 in = { 0 };
	struct temp_dir		 dir;
	struct program_result	 o;
	long			 kb;

	temp_dir_make(&dir);
	buffer_add_text(&in, "EHLO me\r\nMAIL FROM:<a@example.org>\r\n"
	    "RCPT TO:<b@example.net>\r\nBDAT 2\r\n\r\n");
	while (n-- > 0)
		buffer_add_text(&in, "BDAT 1\r\nx");
	buffer_add_text(&in, "BDAT 0 LAST\r\nQUIT\r\n");
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    conf_write(&dir, host, "smtp", NULL), "-bs"), .input = in.data,
	    .deadline_ms = 300000, .measured = true });
	assert_int_equal(o.status, 0);
	assert_true(mock_smtp_wait_messages(host, 1));
	kb = o.max_rss_kb;
	program_result_free(&o);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
	buffer_free(&in);
	return kb;
}

/* Each octet would otherwise cost as much as a chunk. */
static void
many_small_chunks_do_not_increase_memory(void **state)
{
	enum { FEW = 100, MANY = 100000, MESSAGE_KB = 1024 };
	long	few = peak_of_chunks(FEW), many = peak_of_chunks(MANY);

	(void)state;
	print_message("%ld KiB for %d, %ld KiB for %d chunks\n", few, FEW,
	    many, MANY);
	assert_true(many - few <= MESSAGE_KB);
}
#endif

static const struct CMUnitTest memory_spec[] = {
#ifndef __SANITIZE_ADDRESS__
	cmocka_unit_test(many_small_chunks_do_not_increase_memory),
#endif
	GROWS_NOT("a message that is sent unchanged does not increase memory",
	    EIGHT,
	    "some text of sixty octets and a dot at times\n.\n"),
	GROWS_NOT("a message that is sent with BDAT does not increase memory",
	    EIGHT "\nCHUNKING",
	    "some text of sixty octets and a dot at times\n.\n"),
	GROWS_NOT("a message that becomes quoted-printable does not increase "
	    "memory", SEVEN,
	    "some text with \303\244 in it = 2 \n"),
	GROWS_NOT("a message without line ends does not increase memory",
	    EIGHT, "x"),
};

int
main(void)
{
	return cmocka_run_group_tests(memory_spec, NULL, NULL);
}
