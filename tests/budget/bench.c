/*
 * Throughput of a large message to a smarthost on loopback, without TLS.  The
 * user CPU time is reproducible; the other times depend on the kernel, the
 * smarthost and the load of the machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "util/clock.h"

#define MB (1000 * 1000)

struct body_kind {
	const char	*name;
	uint64_t	 size;
	size_t		 line;		/* octets, its end included; 0: one */
	bool		 dots;		/* each begins with one */
};

static const struct body_kind bodies[] = {
	{ "lines of 77", 1000 * (uint64_t)MB, 77, false },
	{ "lines of 20", 1000 * (uint64_t)MB, 20, false },
	{ "each with a dot", 1000 * (uint64_t)MB, 77, true },
	{ "a 50 MB line", 50 * (uint64_t)MB, 0, false },
};

static const struct {
	const char	*name, *keywords;
	double		 most;		/* user seconds for a GB */
} ways[] = {
	{ "DATA", "PIPELINING", 1.5 },
	{ "BDAT", "PIPELINING\nCHUNKING", 0.5 },
};

static size_t
generate(void *ctx, uint64_t n, char *to, size_t size)
{
	const struct body_kind	*k = ctx;
	static const char	 head[] = "To: b@example.net\n\n";
	uint64_t		 at = n - (sizeof(head) - 1);

	if (n == 0) {
		memcpy(to, head, sizeof(head) - 1);
		return sizeof(head) - 1;
	}
	if (size > k->size - at)
		size = (size_t)(k->size - at);
	memset(to, 'x', size);
	for (size_t i = 0; k->line > 0 && i < size; i++) {
		size_t	place = (size_t)((at + i) % k->line);

		/* Continue at the next line end. */
		if (place == 0 && k->dots)
			to[i] = '.';
		if (place == k->line - 1)
			to[i] = '\n';
		else
			i += k->line - 2 - place;
	}
	return size;
}

static void
time_one(const struct body_kind *kind, size_t way)
{
	struct script		 script = { .discard = true, .life_s = 600,
				    .keywords = ways[way].keywords };
	struct mock_smtp	*host = mock_smtp_start(&script);
	struct body_kind	 ctx = *kind;
	double			 gb = (double)kind->size / 1e9;
	struct temp_dir		 dir;
	struct program_result	 out;
	int64_t			 begin = clock_ms();

	temp_dir_make(&dir);
	program_run(&out, &(struct program){ .argv = WORDS("relais", "-C",
	    conf_write(&dir, host, "smtp", NULL), "-t", "-i"),
	    .generate = generate, .ctx = &ctx, .deadline_ms = 600000 });
	assert_int_equal(out.status, 0);
	print_message("%-16s %s  %6.2f s user (%.1f aimed at) %6.2f s "
	    "system for a GB, %6.0f MB/s\n", kind->name, ways[way].name,
	    out.user_s / gb, ways[way].most, out.system_s / gb,
	    gb * 1e6 / (double)(clock_ms() - begin));
	program_result_free(&out);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static void
bench(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		for (size_t way = 0; way < 2; way++)
			time_one(&bodies[i], way);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(bench) };

	return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
