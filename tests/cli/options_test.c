/*
 * options_parse: the arity of each option letter, and its effect.
 *
 * The sentence of a case is its command line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/options.h"
#include "util/buffer.h"

enum { WORDS_MAX = 16 };

/* Splits at single blanks; '' is an empty argument. */
static int
split(char *line, char **argv)
{
	int	argc = 0;

	argv[argc++] = (char *)"sendmail";
	for (char *word = strtok(line, " "); word != NULL;
	    word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
	argv[argc] = NULL;
	return argc;
}

struct example {
	const char	*line;
	const char	*want;	/* as written by show(), or "refused" */
	const char	*error;	/* of a command line that is refused */
};

/* "ti f=a N=4 | rest" */
static void
show(const struct options *o, struct buffer *to)
{
	static const char	modes[] = {
		[MODE_DELIVER] = 'm', [MODE_SMTP] = 's', [MODE_LIST] = 'p',
		[MODE_COUNT] = 'P', [MODE_ALIASES] = 'i', [MODE_VERIFY] = 'v',
		[MODE_FLUSH] = 'q', [MODE_TIMER] = 't', [MODE_NOTHING] = 'h', [MODE_VERSION] = 'V',
		[MODE_HELP] = 'H', [MODE_NO_DAEMON] = 'n',
		[MODE_COMMANDS] = '?', [MODE_CONFIG] = 'C',
		[MODE_IMPORT] = 'M', [MODE_QUEUE] = 'Q', [MODE_ROUTE] = 'R',
		[MODE_SERVE] = 'S', [MODE_TEST] = 'T',
	};

	if (o->mode != MODE_DELIVER)
		buffer_addf(to, "b%c ", modes[o->mode]);
	if (o->from_header)
		buffer_add_text(to, "t ");
	if (o->ignore_dots)
		buffer_add_text(to, "i ");
	if (o->binary)
		buffer_add_text(to, "B ");
	if (o->verbose)
		buffer_add_text(to, "v ");
	if (o->errors == ERRORS_QUIET)
		buffer_add_text(to, "eq ");
	if (o->delivery == DELIVER_BACKGROUND)
		buffer_add_text(to, "odb ");
	if (o->delivery == DELIVER_QUEUE)
		buffer_add_text(to, "odq ");
	if (o->requiretls)
		buffer_add_text(to, "tls ");
	if (o->sender != NULL)
		buffer_addf(to, "f=%s ", o->sender);
	if (o->full_name != NULL)
		buffer_addf(to, "F=%s ", o->full_name);
	if (o->envid != NULL)
		buffer_addf(to, "V=%s ", o->envid);
	if (o->ret != RETURN_UNSPECIFIED)
		buffer_addf(to, "R=%d ", o->ret);
	if (o->notify != 0)
		buffer_addf(to, "N=%u ", o->notify);
	if (o->queue != NULL)
		buffer_addf(to, "q=%s ", o->queue);
	if (o->config_file != NULL)
		buffer_addf(to, "C=%s ", o->config_file);
	for (size_t i = 0; o->overrides != NULL && o->overrides[i]; i++)
		buffer_addf(to, "o=%s ", o->overrides[i]);
	if (o->ignored)
		buffer_add_text(to, "ignored ");
	if (o->warning != NULL)
		buffer_add_text(to, "warning ");
	buffer_add_text(to, "|");
	for (int i = 0; i < o->n_arguments; i++)
		buffer_addf(to, " %s", o->arguments[i]);
}

static void
check(const struct example *e, bool administrator)
{
	char		line[200], *argv[WORDS_MAX];
	struct options	o = { .mode = MODE_DELIVER };
	struct failure	why;
	struct buffer	shown = { 0 };
	int		argc;

	strlcpy(line, e->line, sizeof(line));
	argc = split(line, argv);
	if (options_parse(&o, argc, argv, administrator, &why)) {
		show(&o, &shown);
		assert_string_equal(shown.data, e->want);
	} else {
		assert_string_equal(why.status == EX_USAGE ? "refused" : "",
		    e->want);
		if (e->error != NULL)
			assert_string_equal(why.text, e->error);
		else
			assert_true(why.text[0] != '\0');
	}
	buffer_free(&shown);
	options_free(&o);
}

static void
sendmail_means(void **state)
{
	check(*state, false);
}

static void
relais_means(void **state)
{
	check(*state, true);
}

#define MEANS(line, want) \
	{ line, sendmail_means, NULL, NULL, &(struct example){ line, want, NULL } }
#define RELAIS_MEANS(line, want) \
	{ "relais " line, relais_means, NULL, NULL, \
	    &(struct example){ line, want, NULL } }
#define REFUSED(line, error) { line, sendmail_means, NULL, NULL, \
	&(struct example){ line, "refused", error } }

#define RELAIS_REFUSED(line, error) { "relais " line, relais_means, NULL, \
	NULL, &(struct example){ line, "refused", error } }

#define NOT_FIRST "queue is a command, which must be the first argument; to " \
	"send mail to a user of that name, write queue@localhost"
#define TEN	"0123456789"
#define HUNDRED	TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct CMUnitTest options_spec[] = {
	/* How arguments are split into options and recipients. */
	MEANS("a@x b@x", "| a@x b@x"),
	MEANS("-t -i", "t i |"),
	MEANS("-ti", "t i |"),
	MEANS("-it", "t i |"),
	MEANS("-fa@x b@x", "f=a@x | b@x"),
	MEANS("-f a@x b@x", "f=a@x | b@x"),
	MEANS("-tf a@x", "t f=a@x |"),
	MEANS("-fa@x -f b@x c@x", "f=b@x | c@x"),
	MEANS("-t -- -t", "t | -t"),
	MEANS("a@x -t", "| a@x -t"),
	MEANS("-f '' a@x", "f= | a@x"),
	MEANS("-f <> a@x", "f= | a@x"),
	MEANS("-F '' -f X TO", "f=X F= | TO"),
	REFUSED("-", "\"-\" is neither an option nor a recipient"),
	REFUSED("-f", "option -f requires a value"),
	REFUSED("-Z", "unknown option -Z"),
	REFUSED("-k a@x", "unknown option -k"),
	REFUSED("--frobnicate", "unknown option --frobnicate"),
	REFUSED("'' a@x", "empty recipient address"),
	REFUSED("-- ''", "empty recipient address"),
	/* The arity of each letter: whether x is still a recipient. */
	MEANS("-A c x", "| x"), MEANS("-Ac x", "| x"),
	MEANS("-B 8BITMIME x", "| x"), MEANS("-B7bit x", "| x"),
	MEANS("-BbinaryMIME x", "B | x"),
	MEANS("-Bfoo x", "warning | x"),
	MEANS("-bm x", "| x"), MEANS("-b m x", "| x"), MEANS("-ba x", "| x"),
	MEANS("-C /etc/x x", "ignored | x"), MEANS("-C/etc/x x", "ignored | x"),
	MEANS("-c x", "| x"),
	MEANS("-D /tmp/x x", "ignored | x"),
	MEANS("-d x", "| x"), MEANS("-d0-99.1 x", "| x"),
	MEANS("-E x", "| x"), MEANS("-Efoo x", "| x"),
	MEANS("-e m x", "| x"), MEANS("-eq x", "eq | x"),
	MEANS("-G x", "| x"),
	MEANS("-h 3 x", "| x"),
	MEANS("-I", "bi |"),
	MEANS("-J x", "| x"),
	MEANS("-L tag x", "| x"),
	REFUSED("-l x", "-l: option is not supported"),
	MEANS("-M rfoo x", "| x"), MEANS("-Mrfoo x", "| x"),
	MEANS("-m x", "| x"), MEANS("-n x", "| x"),
	MEANS("-O IgnoreDots=True x", "i | x"),
	MEANS("-OQueueDirectory=/tmp x", "ignored | x"),
	MEANS("-ODeliveryMode=q x", "odq | x"),
	MEANS("-OErrorMode=q x", "eq | x"),
	MEANS("-oi x", "i | x"), MEANS("-o i x", "i | x"),
	MEANS("-oitrue x", "i | x"), MEANS("-oifalse x", "| x"),
	MEANS("-odq x", "odq | x"), MEANS("-odd x", "odq | x"),
	MEANS("-odb x", "odb | x"), MEANS("-odi x", "| x"),
	MEANS("-oem x", "| x"), MEANS("-oeq x", "eq | x"),
	MEANS("-om -oo -or5m x", "| x"),
	MEANS("-oQ/tmp x", "ignored | x"),
	MEANS("-p ESMTP:host x", "| x"),
	REFUSED("-Q x", "-Q: option is not supported"),
	REFUSED("-S foo x", "-S: option is not supported"),
	MEANS("-s x", "| x"), MEANS("-T x", "| x"), MEANS("-T1h x", "| x"),
	MEANS("-U x", "| x"),
	MEANS("-v x", "v | x"),
	MEANS("-X /tmp/x x", "ignored | x"), MEANS("-X/tmp/x x", "ignored | x"),
	MEANS("-x x", "| x"),
	MEANS("-r a@x x", "f=a@x | x"),
	/* A request for a guarantee (RFC 8689) must not be ignored. */
	MEANS("-O requiretls=yes x", "tls | x"),
	MEANS("-ORequireTLS=true x", "tls | x"),
	MEANS("-O REQUIRETLS x", "tls | x"),
	MEANS("-o requiretls=1 x", "tls | x"),
	MEANS("-orequiretls x", "tls | x"),
	MEANS("-bv -O requiretls=yes x", "bv tls | x"),
	MEANS("-O requiretls=no x", "| x"), MEANS("-orequiretls=no x", "| x"),
	REFUSED("-O requiretls=maybe x", "-O: RequireTLS: invalid value "
	    "\"maybe\"; expected yes or no"),
	REFUSED("-t -bs -O requiretls=yes", "-O RequireTLS cannot be combined "
	    "with -bs: use the parameter REQUIRETLS of MAIL"),
	REFUSED("-O requiretls=yes -q", "-O RequireTLS can only be used to "
	    "send a message"),
	MEANS("-orequire x", "| x"),
	MEANS("-ORequireTLSX=yes x", "ignored | x"),
	RELAIS_MEANS("-o requiretls=yes x@y", "o=requiretls=yes | x@y"),
	RELAIS_MEANS("-o RequireTLS=yes x@y", "tls | x@y"),
	/* Delivery status notifications. */
	MEANS("-N never x", "N=1 | x"),
	MEANS("-Nfailure,DELAY x", "N=12 | x"),
	MEANS("-N never,delay x", "warning | x"),
	MEANS("-N foo x", "warning | x"),
	MEANS("-R hdrs x", "R=2 | x"), MEANS("-RFULL x", "R=1 | x"),
	MEANS("-R some x", "warning | x"),
	MEANS("-V id x", "V=id | x"), MEANS("-Va+3Db x", "V=a+3Db | x"),
	MEANS("-Va=b x", "warning | x"), MEANS("-Va+0Ab x", "warning | x"),
	MEANS("-V" HUNDRED " x", "V=" HUNDRED " | x"),
	MEANS("-V" HUNDRED "0 x", "warning | x"),
	/* Modes. */
	MEANS("-bs", "bs |"), MEANS("-bp", "bp |"), MEANS("-bP", "bP |"),
	MEANS("-bi", "bi |"), MEANS("-bv x", "bv | x"), MEANS("-bh", "bh |"),
	MEANS("-q", "bq q= |"),
	REFUSED("-q30m",
	    "-q: only relais accepts an interval; to run the queue "
	    "regularly, use relais serve"),
	REFUSED("-qp1h x",
	    "-q: only relais accepts an interval; to run the queue "
	    "regularly, use relais serve"),
	MEANS("-qf", "bq q=f |"), MEANS("-qIABC", "bq q=IABC |"),
	REFUSED("-qG",
	    "-q: value G is not supported; relais has no queue groups "
	    "and no quarantine"),
	REFUSED("-qQ",
	    "-q: value Q is not supported; relais has no queue groups "
	    "and no quarantine"),
	REFUSED("-qL",
	    "-q: value L is not supported; relais has no queue groups "
	    "and no quarantine"),
	REFUSED("-bt", "-b: mode t is not supported"),
	REFUSED("-be", "-b: mode e is not supported"),
	REFUSED("-bz", "-b: mode z is not supported"),
	REFUSED("-bsx", "-b: mode sx is not supported"),
	REFUSED("-b", "option -b requires a value"),
	MEANS("-bd -q15m", "bS q=15m |"), MEANS("-q15m -bd", "bS q=15m |"),
	MEANS("-bD", "bS |"),
	MEANS("--version", "bV |"), MEANS("--help", "bH |"),
	/* Only for relais. */
	RELAIS_MEANS("-C /x -t", "t C=/x |"),
	RELAIS_MEANS("-o from=a@x -oi b@x", "i o=from=a@x | b@x"),
	RELAIS_MEANS("-oa=b -o c=d a@x", "o=a=b o=c=d | a@x"),
	RELAIS_MEANS("-q30m", "bt q=30m |"), RELAIS_MEANS("-qp", "bt q=p |"),
	/* Commands of relais; a recipient for sendmail. */
	RELAIS_MEANS("queue list", "bQ | queue list"),
	RELAIS_MEANS("config", "bC | config"),
	RELAIS_MEANS("serve", "bS | serve"),
	RELAIS_MEANS("import a", "bM | import a"),
	RELAIS_MEANS("route a@x", "bR | route a@x"),
	RELAIS_MEANS("test", "bT | test"),
	RELAIS_MEANS("help queue", "b? | help queue"),
	RELAIS_MEANS("-C /x -o a=b queue", "bQ C=/x o=a=b | queue"),
	MEANS("queue", "| queue"), MEANS("-t queue", "t | queue"),
	MEANS("-bv queue", "bv | queue"), MEANS("a@x queue", "| a@x queue"),
	RELAIS_REFUSED("-t queue", NOT_FIRST),
	RELAIS_REFUSED("-bv queue", NOT_FIRST),
	RELAIS_REFUSED("a@x queue", NOT_FIRST),
	RELAIS_MEANS("queue@localhost", "| queue@localhost"),
	RELAIS_MEANS("-bp queue", "bp | queue"),
	RELAIS_MEANS("-q1h serve", "bS q=1h | serve"),
	RELAIS_REFUSED("-q1h queue run",
	    "-q1h: the command queue cannot follow this option"),
	RELAIS_REFUSED("-q serve",
	    "-q: the command serve cannot follow this option"),
	RELAIS_MEANS("-qR serve", "bq q=R | serve"),
	/* A misspelt command is not a recipient, either. */
	RELAIS_MEANS("queu list", "b? | queu list"),
	RELAIS_MEANS("-C /x -oa=b root", "b? C=/x o=a=b | root"),
	RELAIS_MEANS("root a@x", "b? | root a@x"),
	RELAIS_MEANS("-C /x", "b? C=/x |"),
	RELAIS_MEANS("a@x root", "| a@x root"),
	RELAIS_MEANS("-i root", "i | root"), RELAIS_MEANS("-t root", "t | root"),
	RELAIS_MEANS("-oi root", "i | root"), RELAIS_MEANS("-n root", "| root"),
	RELAIS_MEANS("-bv root", "bv | root"), MEANS("root", "| root"),
	/* The version is printed if there is nothing to send. */
	MEANS("-d0.1", "bV |"), MEANS("-d0.1 x", "| x"), MEANS("-d0.1 -t", "t |"),
};

static void
a_hundred_thousand_options_are_accepted(void **state)
{
	enum { N = 100000 };
	char		**argv = calloc(N + 2, sizeof(*argv));
	struct options	  o = { .mode = MODE_DELIVER };
	struct failure	  why;

	(void)state;
	for (int i = 0; i < N; i++)
		argv[i] = (char *)"-fa@x";
	argv[N] = (char *)"b@x";
	assert_true(options_parse(&o, N + 1, argv, false, &why));
	assert_int_equal(o.n_arguments, 1);
	options_free(&o);
	free(argv);
}

static const struct CMUnitTest options_bounds[] = {
	cmocka_unit_test(a_hundred_thousand_options_are_accepted),
};

int
main(void)
{
	return cmocka_run_group_tests(options_spec, NULL, NULL) +
	    cmocka_run_group_tests(options_bounds, NULL, NULL);
}
