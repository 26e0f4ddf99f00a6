/*
 * bench.c - compare the speed and memory of relais and of other programs
 *
 *	bench TABLE CHART [SCENARIO...]
 *
 * measures each scenario several times, with all programs in turn, and writes
 * the medians to these two files after each scenario.  tests/budget/bench.mk
 * has the rules.  Requires root, for the places in which the programs run.
 */
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "budget/peers.h"
#include "budget/place.h"
#include "budget/report.h"
#include "budget/sink.h"
#include "support/certificate.h"
#include "support/network.h"
#include "support/program.h"
#include "support/temp_dir.h"
#include "util/memory.h"

#define SECOND	((int64_t)1000000000)
#define MB	1000000

enum {
	LINES_MAX = 5,			/* figures of a scenario */
	RUNS_MAX = 50,
	CALLERS = 8,			/* callers of a burst */
	ARGUMENTS_MAX = 10100,
	LINK_MS = 100,
	FORKS_MAX = 1000,		/* processes at the same time */
};

#define SMALL	"From: me@example.org\nTo: a@example.net\n" \
		"Subject: message\n\nThe text of this message.\n"

/* Kinds of runs, and their figures. */
enum method {
	ONE,	/* a call: until the smarthost has the message in ms, until the
		 * call ends in ms; round trips; in s */
	BURST,	/* calls at the same time: messages per second */
	QUEUE,	/* messages in the queue are sent: messages per second */
	COST,	/* a call: instructions in millions, system calls, resident
		 * memory of the largest process, of all processes in MiB */
};

enum { ARRIVAL_MS, CALLER_MS, ROUND_TRIPS, ARRIVAL_S };

struct text {
	int	size;
	int	line;		/* octets, with its end; 0: one */
	bool	dots;		/* each line begins with one */
};

static const struct text base64 = { 100 * MB, 77, false };
static const struct text dots = { 100 * MB, 77, true };
static const struct text one_line = { 50 * MB, 0, false };

static const struct scenario {
	const char	*name;
	enum mode	 mode;
	enum method	 method;
	unsigned	 n;		/* recipients or messages */
	const struct text *text;	/* NULL: a small one */
	unsigned	 runs;
	unsigned	 seconds;	/* for all runs of a program; it has
					 * one run in any case */
	struct {
		unsigned	 figure;
		const char	*label;
		enum sense	 sense;
	} lines[LINES_MAX];		/* ended by a NULL label */
} scenarios[] = {
	{ "plain", PLAIN, ONE, 1, NULL, 25, 3, {
	    { ARRIVAL_MS, "small message in clear text, ms", 0 },
	    { CALLER_MS, "– until the caller continues, ms", 0 },
	    { ROUND_TRIPS, "– round trips", 0 } } },
	{ "starttls", STARTTLS, ONE, 1, NULL, 15, 3, {
	    { ARRIVAL_MS, "small message with STARTTLS and AUTH, ms", 0 },
	    { CALLER_MS, "– until the caller continues, ms", 0 },
	    { ROUND_TRIPS, "– round trips", 0 } } },
	{ "tls", TLS, ONE, 1, NULL, 15, 3, {
	    { ARRIVAL_MS, "small message with implicit TLS and AUTH, ms", 0 },
	    { CALLER_MS, "– until the caller continues, ms", 0 },
	    { ROUND_TRIPS, "– round trips", 0 } } },
	{ "recipients-100", PLAIN, ONE, 100, NULL, 9, 3, {
	    { ARRIVAL_MS, "100 recipients, ms", 0 } } },
	{ "recipients-10000", PLAIN, ONE, 10000, NULL, 3, 3, {
	    { ARRIVAL_MS, "10,000 recipients, ms", 0 } } },
	{ "base64", PLAIN, ONE, 1, &base64, 3, 4, {
	    { ARRIVAL_S, "100 MB of base64, s", 0 } } },
	{ "dots", PLAIN, ONE, 1, &dots, 3, 4, {
	    { ARRIVAL_S, "100 MB of lines that begin with a dot, s", 0 } } },
	{ "line", PLAIN, ONE, 1, &one_line, 3, 4, {
	    { ARRIVAL_S, "one line of 50 MB, s", 0 } } },
	{ "burst", PLAIN, BURST, 200, NULL, 3, 4, {
	    { 0, "200 messages of 8 callers in clear text, per s",
	      MORE_IS_BETTER } } },
	{ "burst-tls", TLS, BURST, 200, NULL, 3, 4, {
	    { 0, "200 messages of 8 callers with TLS, per s",
	      MORE_IS_BETTER } } },
	{ "queue", PLAIN, QUEUE, 1000, NULL, 3, 2, {
	    { 0, "1,000 queued messages, per s", MORE_IS_BETTER } } },
	{ "link", SLOW, QUEUE, 100, NULL, 3, 6, {
	    { 0, "100 queued messages, 100 ms away, per s",
	      MORE_IS_BETTER } } },
	{ "cost-plain", PLAIN, COST, 1, NULL, 1, 1, {
	    { 0, "clear text: instructions of the call, millions", 0 },
	    { 1, "– system calls of the call", 0 },
	    { 2, "– memory of the largest process, MiB", 0 },
	    { 3, "– memory of all processes, MiB", 0 } } },
	{ "cost-tls", TLS, COST, 1, NULL, 1, 1, {
	    { 0, "implicit TLS: instructions of the call, millions", 0 },
	    { 1, "– system calls of the call", 0 },
	    { 2, "– memory of the largest process, MiB", 0 },
	    { 3, "– memory of all processes, MiB", 0 } } },
};

enum { N_SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]),
	RUN_SECONDS = 30 };

struct bench {
	struct temp_dir			 dir;
	struct usual_certificates	 certificates;
	struct sink			*sink[N_MODES];
	struct line			 line[N_SCENARIOS * LINES_MAX];
	size_t				 n_lines;
	char				 version[N_PEERS][40];
};

/* A program in a scenario, and its runs. */
struct contest {
	const struct scenario *scenario;
	const struct peer *peer;
	struct sink	*sink;
	const char	*text;		/* the file of a large message */
	struct site	 site;
	struct place	 place;
	enum state	 state;
	double		 value[LINES_MAX][RUNS_MAX];
	size_t		 n;			/* runs */
	bool		 long_line;		/* was sent unchanged */
	int64_t		 spent_ns;
};

static int64_t
in_seconds(int s)
{
	return place_now_ns() + s * SECOND;
}

/* The words of a call for n recipients; valid until the next call. */
static const char *const *
call_for(const char *const *prefix, const char *const *call, unsigned n)
{
	static const char	*words[ARGUMENTS_MAX];
	static char		 address[ARGUMENTS_MAX][20];
	size_t			 at = 0;

	for (; *prefix != NULL; prefix++)
		words[at++] = *prefix;
	for (; *call != NULL; call++)
		words[at++] = *call;
	for (unsigned i = 0; i < n; i++) {
		snprintf(address[i], sizeof(address[i]), "a%u@example.net", i);
		words[at++] = address[i];
	}
	words[at] = NULL;
	return words;
}

static void
begin_service(struct contest *c)
{
	const struct peer	*peer = c->peer;

	if (peer->daemon == NULL ||
	    (c->scenario->method == QUEUE && peer->flush_is_daemon))
		return;
	place_start(&c->place, peer->daemon, NULL, NULL);
	if (peer->ready != NULL && !place_wait_file(&c->place, peer->ready)) {
		warnx("%s: the daemon has not created %s", peer->name,
		    peer->ready);
		place_show_errors(&c->place);
	}
}

/* Waits until a call has ended and the server has all of its recipients. */
static enum state
await(struct contest *c, pid_t pid, uint64_t recipients, int64_t end,
    int64_t *ended_ns)
{
	int	status;

	if (place_wait(&pid, 1, end, &status) == 1)
		return TOO_SLOW;
	*ended_ns = place_now_ns();
	if (status != 0)
		return REFUSED;
	return sink_wait(c->sink, recipients, end) ? MEASURED : TOO_SLOW;
}

static enum state
run_one(struct contest *c, double *value)
{
	const struct scenario	*s = c->scenario;
	struct place_input	 in = { .text = SMALL };
	const char *const	*argv = call_for(WORDS(NULL), c->peer->call,
				    s->method == ONE ? s->n : 1);
	struct sink_counts	 counts;
	int64_t			 begin, ended;
	enum state		 state;

	if (s->text != NULL)
		in = (struct place_input){ .file = c->text };
	sink_reset(c->sink);
	begin = place_now_ns();
	state = await(c, place_start(&c->place, argv, &in, NULL),
	    s->method == ONE ? s->n : 1, begin + RUN_SECONDS * SECOND, &ended);
	if (state != MEASURED)
		return state;
	counts = sink_counts(c->sink);
	value[ARRIVAL_MS] = (double)(counts.last_ns - begin) / 1e6;
	value[CALLER_MS] = (double)(ended - begin) / 1e6;
	value[ROUND_TRIPS] = counts.round_trips;
	value[ARRIVAL_S] = value[ARRIVAL_MS] / 1e3;
	c->long_line |= counts.line_max > 1000;
	return s->text == NULL || counts.octets >= (uint64_t)s->text->size ?
	    MEASURED : REFUSED;
}

/* The calls of the scenario, some of them at the same time. */
static enum state
call_many(struct contest *c, const char *const *call, int64_t end)
{
	pid_t	pid[CALLERS] = { 0 };
	size_t	started = 0, ended = 0;

	while (ended < c->scenario->n) {
		size_t	at;
		int	status;

		for (size_t i = 0; i < CALLERS; i++)
			if (pid[i] == 0 && started++ < c->scenario->n)
				pid[i] = place_start(&c->place, call_for(
				    WORDS(NULL), call, 1),
				    &(struct place_input){ .text = SMALL },
				    NULL);
		at = place_wait(pid, CALLERS, end, &status);
		if (at == CALLERS)
			return TOO_SLOW;
		if (status != 0)
			return REFUSED;
		ended++;
	}
	return MEASURED;
}

/* Messages per second. */
static double
rate(struct contest *c, int64_t begin)
{
	struct sink_counts	n = sink_counts(c->sink);

	return n.messages == 0 ? 0 : (double)n.messages /
	    ((double)(n.last_ns - begin) / 1e9);
}

static enum state
run_burst(struct contest *c, double *value)
{
	int64_t		begin, end;
	enum state	state;

	sink_reset(c->sink);
	begin = place_now_ns();
	end = begin + RUN_SECONDS * SECOND;
	state = call_many(c, c->peer->call, end);
	if (state == MEASURED && !sink_wait(c->sink, c->scenario->n, end))
		state = TOO_SLOW;
	value[0] = rate(c, begin);
	return state;
}

static void
end_place(struct contest *c)
{
	if (c->state != MEASURED) {
		fprintf(stderr, "%s: %s:\n", c->scenario->name,
		    c->peer->name);
		place_show_errors(&c->place);
	}
	place_close(&c->place);
}

/* Each run needs a queue that nothing else empties. */
static enum state
run_queue(struct contest *c, double *value)
{
	const struct peer	*peer = c->peer;
	enum state		 state;
	int64_t			 begin, end;
	int			 status;
	pid_t			 pid;

	if (c->n > 0) {
		place_close(&c->place);
		peer_open(&c->place, &c->site);
		begin_service(c);
	}
	state = call_many(c, peer->hold, in_seconds(2 * RUN_SECONDS));
	if (state != MEASURED)
		return state;
	if (peer->settle != NULL) {
		pid = place_start(&c->place, peer->settle, NULL, NULL);
		if (place_wait(&pid, 1, in_seconds(2 * RUN_SECONDS),
		    &status) == 1 || status != 0)
			return REFUSED;
	}
	sink_reset(c->sink);
	begin = place_now_ns();
	end = begin + RUN_SECONDS * SECOND;
	place_start(&c->place, peer->flush, NULL, NULL);
	state = sink_wait(c->sink, c->scenario->n, end) ? MEASURED : TOO_SLOW;
	value[0] = rate(c, begin);
	return state;
}

/* The sum of the counts in the files of callgrind, or the lines of a trace. */
static double
count(const struct place *p, bool instructions)
{
	char	 command[300], line[100] = "";
	FILE	*f;

	snprintf(command, sizeof(command), instructions ?
	    "cat /proc/%d/root/run/ir.* | "
	    "awk '/Collected :/ { n += $NF } END { print n / 1e6 }'" :
	    "grep -vc 'resumed>\\|+++\\|---' /proc/%d/root/run/trace",
	    (int)p->keeper);
	f = popen(command, "r");	/* NOLINT(cert-env33-c) */
	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		err(1, "%s", command);
	pclose(f);
	return atof(line);
}

static enum state
run_under(struct contest *c, const char *const *tool)
{
	const struct peer	*peer = c->peer;
	int64_t			 ended;

	sink_reset(c->sink);
	return await(c, place_start(&c->place, call_for(tool,
	    peer->trace != NULL ? peer->trace : peer->call, 1),
	    &(struct place_input){ .text = SMALL }, NULL), 1,
	    in_seconds(RUN_SECONDS), &ended);
}

static enum state
run_cost(struct contest *c, double *value)
{
	struct place_memory	 memory;
	enum state		 state;
	int64_t			 ended;
	pid_t			 pid;

	state = run_under(c, WORDS("/usr/bin/valgrind", "--tool=callgrind",
	    "--trace-children=yes", "--callgrind-out-file=/dev/null",
	    "--log-file=/run/ir.%p"));
	if (state != MEASURED)
		return state;
	value[0] = count(&c->place, true);
	state = run_under(c, WORDS("/usr/bin/strace", "-f", "-o",
	    "/run/trace"));
	if (state != MEASURED)
		return state;
	value[1] = count(&c->place, false);
	sink_reset(c->sink);
	sink_hold(c->sink, true);
	pid = place_start(&c->place, call_for(WORDS(NULL), c->peer->call, 1),
	    &(struct place_input){ .text = SMALL }, NULL);
	state = sink_wait(c->sink, 1, in_seconds(RUN_SECONDS)) ? MEASURED :
	    TOO_SLOW;
	memory = place_memory(&c->place);
	sink_hold(c->sink, false);
	value[2] = (double)memory.peak_kib / 1024;
	value[3] = (double)memory.all_kib / 1024;
	return state == MEASURED ? await(c, pid, 1, in_seconds(RUN_SECONDS),
	    &ended) : state;
}

static void
run(struct contest *c)
{
	static enum state (*const	method[])(struct contest *, double *) = {
		[ONE] = run_one, [BURST] = run_burst, [QUEUE] = run_queue,
		[COST] = run_cost,
	};
	double				value[LINES_MAX] = { 0 };
	int64_t				begin = place_now_ns();

	c->state = method[c->scenario->method](c, value);
	c->spent_ns += place_now_ns() - begin;
	if (c->state == MEASURED || c->state == TOO_SLOW) {
		for (size_t i = 0; i < LINES_MAX; i++)
			c->value[i][c->n] = value[i];
		c->n++;
	}
}

/* The first message is not measured: it may wait for a daemon to start. */
static void
prepare(struct bench *b, struct contest *c)
{
	const struct scenario	*s = c->scenario;
	size_t			 peer = (size_t)(c->peer - peers);
	double			 unused[LINES_MAX];

	c->sink = b->sink[s->mode];
	c->site = (struct site){ .peer = c->peer, .mode = s->mode,
	    .port = sink_port(c->sink), .ca = b->certificates.ca,
	    .hashed = b->certificates.hashed, .held = s->method == QUEUE,
	    .traced = s->method == COST };
	if ((s->method == QUEUE && c->peer->hold == NULL) ||
	    (s->mode == TLS && c->peer->without_tls) ||
	    (s->method == ONE && s->n > FORKS_MAX && c->peer->forks) ||
	    !peer_open(&c->place, &c->site))
		return;
	if (b->version[peer][0] == '\0')
		peer_version(&c->place, c->peer, b->version[peer],
		    sizeof(b->version[peer]));
	begin_service(c);
	c->state = MEASURED;
	if (s->method != QUEUE && s->text == NULL) {
		struct scenario	 small = { .name = s->name, .method = ONE,
				    .n = 1 };
		c->scenario = &small;
		c->state = run_one(c, unused);
		c->scenario = s;
	}
	if (c->state != MEASURED)
		end_place(c);
}

static int
compare(const void *a, const void *b)
{
	double	x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A lower limit, if there is one. */
static void
too_slow(struct figure *f, unsigned figure)
{
	f->value = RUN_SECONDS;
	if (figure == ARRIVAL_MS)
		f->value *= 1000;
	else if (figure != ARRIVAL_S)
		f->state = ABSENT;
}

static void
add_lines(struct bench *b, struct contest *contests)
{
	const struct scenario	*s = contests[0].scenario;

	for (size_t i = 0; i < LINES_MAX && s->lines[i].label != NULL; i++) {
		struct line	*l = &b->line[b->n_lines++];

		*l = (struct line){ .scenario = s->name, .number = i,
		    .label = s->lines[i].label, .sense = s->lines[i].sense };
		for (size_t k = 0; k < N_PEERS; k++) {
			struct contest	*c = &contests[k];
			double		*v = c->value[s->lines[i].figure];
			struct figure	*f = &l->figure[k];

			f->state = c->state;
			f->note = c->long_line;
			qsort(v, c->n, sizeof(*v), compare);
			if (c->n > 0)
				f->value = v[c->n / 2];
			if (c->state == TOO_SLOW && s->method == ONE)
				too_slow(f, s->lines[i].figure);
		}
	}
}

static void
write_text(const struct text *t, const char *path)
{
	FILE	*f = fopen(path, "w");
	char	*block = malloc((size_t)t->size);

	if (f == NULL || block == NULL)
		err(1, "%s", path);
	memset(block, 'x', (size_t)t->size);
	for (int i = 0; t->line > 0 && i + t->line <= t->size; i += t->line) {
		if (t->dots)
			block[i] = '.';
		block[i + t->line - 1] = '\n';
	}
	fputs("From: me@example.org\nTo: a@example.net\n\n", f);
	if (fwrite(block, (size_t)t->size, 1, f) != 1 || fclose(f) == EOF)
		err(1, "%s", path);
	free(block);
}

static void
run_scenario(struct bench *b, const struct scenario *s)
{
	struct contest	*c = memory_new(N_PEERS, sizeof(*c));
	const char	*text = temp_dir_path(&b->dir, s->name);

	fprintf(stderr, "%s\n", s->name);
	if (s->text != NULL)
		write_text(s->text, text);
	for (size_t i = 0; i < N_PEERS; i++) {
		c[i].scenario = s;
		c[i].peer = &peers[i];
		c[i].text = text;
		prepare(b, &c[i]);
	}
	for (unsigned r = 0; r < s->runs; r++)
		for (size_t i = 0; i < N_PEERS; i++)
			if (c[i].state == MEASURED && (r == 0 ||
			    c[i].spent_ns < s->seconds * SECOND)) {
				run(&c[i]);
				if (c[i].state != MEASURED)
					end_place(&c[i]);
			}
	for (size_t i = 0; i < N_PEERS; i++)
		if (c[i].state == MEASURED)
			place_close(&c[i].place);
	if (s->text != NULL)
		unlink(text);
	add_lines(b, c);
	free(c);
}

static void
print_machine(FILE *f, double load)
{
	char		 line[256], model[128] = "", date[64];
	time_t		 now = time(NULL);
	struct utsname	 kernel;
	FILE		*info = fopen("/proc/cpuinfo", "r");

	while (info != NULL && fgets(line, sizeof(line), info) != NULL)
		sscanf(line, "model name : %127[^\n]", model);
	if (info != NULL)
		fclose(info);
	uname(&kernel);
	strftime(date, sizeof(date), "%d %B %Y", gmtime(&now));
	fprintf(f, "Measured on %s with `make bench` on a machine with %ld "
	    "processors (%s), Linux %.*s and a load average of %.1f before "
	    "the run.\n",
	    date[0] == '0' ? date + 1 : date, sysconf(_SC_NPROCESSORS_ONLN),
	    model, (int)strcspn(kernel.release, "-"), kernel.release, load);
}

static void
print_notes(FILE *f, const struct bench *b)
{
	fprintf(f, "Versions: relais %s", b->version[RELAIS]);
	for (size_t i = 0; i < N_PEERS; i++)
		if (peers[i].package != NULL && b->version[i][0] != '\0')
			fprintf(f, ", %s %s", peers[i].name, b->version[i]);
	fprintf(f, ".\n\n"
	    "Each figure is the median of several runs, in which the programs "
	    "take turns. The factor in brackets is relative to relais without "
	    "the service: 2.0× is twice as slow or twice as large. All "
	    "programs send to the same server on this machine, and keep their "
	    "queues in a file system in memory. Times are measured from the "
	    "call until the server has the whole message. dma, nullmailer and "
	    "Postfix only queue the message while the caller waits, so the "
	    "caller does not learn whether it was sent. The instructions and "
	    "system calls of Postfix, nullmailer and the service do not "
	    "include those of their daemons. The service keeps its session "
	    "with the server open, which saves round trips. The memory of the "
	    "largest process is its peak resident set size (RSS). The memory "
	    "of all processes is their proportional set size (PSS), in which "
	    "each process has an equal part of a page that several processes "
	    "share. As configured here, ssmtp and dma do not verify "
	    "certificates.\n\n"
	    "A dash means that the program cannot do this (msmtp, ssmtp and "
	    "esmtp have no queue, for example), or that the test would "
	    "overload the machine (dma starts a process for each recipient). "
	    "To send the queue, relais opens at most four connections; dma "
	    "opens one for each message.\n\n"
	    "\\* The line was sent unchanged, although RFC 5322 allows at "
	    "most 998 octets.\n");
}

static FILE *
output(const char *path)
{
	FILE	*f = fopen(path, "w");

	if (f == NULL)
		err(1, "%s", path);
	return f;
}

static void
write_report(const struct bench *b, const char *table, const char *chart,
    double load)
{
	FILE	*f = output(table);

	print_machine(f, load);
	print_notes(f, b);
	fprintf(f, "\n");
	report_table(f, b->line, b->n_lines);
	if (fclose(f) == EOF)
		err(1, "%s", table);
	f = output(chart);
	if (!report_chart(f, b->line, b->n_lines))
		unlink(chart);
	if (fclose(f) == EOF)
		err(1, "%s", chart);
}

static void
open_bench(struct bench *b)
{
	static const enum security	security[] = { [PLAIN] = IN_CLEAR,
		[STARTTLS] = STARTTLS_OFFERED, [TLS] = TLS_AT_ONCE,
		[SLOW] = IN_CLEAR };

	temp_dir_make(&b->dir);
	certificate_usual(&b->certificates, &b->dir);
	for (size_t i = 0; i < N_MODES; i++)
		b->sink[i] = sink_start(&(struct sink_options){
		    .security = security[i], .key = b->certificates.key,
		    .certificate = b->certificates.chain,
		    .delay_ms = i == SLOW ? LINK_MS : 0 });
}

static bool
is_wanted(const struct scenario *s, char *const *names)
{
	if (*names == NULL)
		return true;
	for (; *names != NULL; names++)
		if (strcmp(*names, s->name) == 0)
			return true;
	return false;
}

static void
check_names(char *const *names)
{
	for (; *names != NULL; names++) {
		bool	known = false;

		for (size_t i = 0; i < N_SCENARIOS; i++)
			known |= strcmp(*names, scenarios[i].name) == 0;
		if (known)
			continue;
		warnx("%s: no such scenario; the scenarios are:", *names);
		for (size_t i = 0; i < N_SCENARIOS; i++)
			fprintf(stderr, "\t%s\n", scenarios[i].name);
		exit(EX_USAGE);
	}
}

int
main(int argc, char *argv[])
{
	static struct bench	b;
	double			load = 0;

	if (argc < 3)
		errx(EX_USAGE, "usage: bench TABLE CHART [SCENARIO...]");
	check_names(argv + 3);
	if (geteuid() != 0)
		errx(EX_NOPERM, "run make bench as root: each program runs in "
		    "mount and process namespaces of its own");
	getloadavg(&load, 1);
	if (!network_alone() || unshare(CLONE_NEWUTS) == -1 ||
	    sethostname("client.test", strlen("client.test")) == -1)
		errx(EX_OSERR, "this system does not allow namespaces");
	open_bench(&b);
	for (size_t i = 0; i < N_SCENARIOS; i++)
		if (is_wanted(&scenarios[i], argv + 3)) {
			run_scenario(&b, &scenarios[i]);
			write_report(&b, argv[1], argv[2], load);
		}
	for (size_t i = 0; i < N_MODES; i++)
		sink_stop(b.sink[i]);
	temp_dir_remove(&b.dir);
	return 0;
}
