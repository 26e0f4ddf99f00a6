/* relais queue status --metrics: what is counted, by whom, and the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/counters.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "support/cases.h"
#include "support/certificate.h"
#include "support/conf.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/serving.h"
#include "support/skip.h"

#define LIST(...)	((const char *const[]){ __VA_ARGS__, "" })

/* b@ is refused, and c@ deferred. */
static const struct script	mixed = { .steps = {
	{ .at = ON_RCPT, .match = "b@", .say = "550 5.1.1 no such user" },
	{ .at = ON_RCPT, .match = "c@", .say = "450 4.2.1 later" },
} };

/* Returns the metrics, which the caller frees. */
static char *
metrics(const char *conf)
{
	struct program_result	o;
	char			*text;

	relais_run(&o, conf, WORDS("queue", "status", "--metrics"), "");
	if (o.status != 0 || o.err.len > 0)
		fail_msg("exit %d: %s", o.status, o.err.data);
	text = strdup(o.out.data);
	program_result_free(&o);
	return text;
}

/* The whole line, such as "relais_given_up_total 1". */
static bool
has_line(const char *text, const char *line)
{
	size_t	len = strlen(line);

	for (const char *p = text; (p = strstr(p, line)) != NULL; p++)
		if ((p == text || p[-1] == '\n') && p[len] == '\n')
			return true;
	return false;
}

static void
says(const char *conf, const char *line)
{
	char	*text = metrics(conf);

	if (!has_line(text, line))
		fail_msg("no line \"%s\" in:\n%s", line, text);
	free(text);
}

/* A metric of the only smarthost, whose URL is replaced. */
static void
says_of(const char *conf, const struct mock_smtp *host, const char *metric,
    long long number)
{
	char	line[200];

	snprintf(line, sizeof(line), "%s{smarthost=\"smtp://127.0.0.1:%u\"} "
	    "%lld", metric, host->port, number);
	says(conf, line);
}

/* The value of a metric of any smarthost, or -1. */
static long long
value_of(const char *conf, const char *metric)
{
	char		*text = metrics(conf);
	const char	*line = strstr(text, metric);
	long long	 number = -1;

	while (line != NULL && line != text && line[-1] != '\n')
		line = strstr(line + 1, metric);
	if (line != NULL)
		line = strchr(line, ' ');
	if (line != NULL)
		number = strtoll(line, NULL, 10);
	free(text);
	return number;
}

static void
send_to(const char *conf, const char *const *recipients, int status)
{
	const char	*words[12] = { "-i" };
	struct program_result	o;

	for (size_t i = 0; recipients[i][0] != '\0'; i++)
		words[i + 1] = recipients[i];
	relais_run(&o, conf, words, "Subject: x\n\nx\n");
	if (o.status != status)
		fail_msg("exit %d: %s", o.status, o.err.data);
	program_result_free(&o);
}

/* Sets the arrival of the only entry, and perhaps holds it. */
static void
make_entry_older(struct queue_fixture *p, int64_t age)
{
	struct spool_options	options = { 0 };
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;
	char			id[ID_SIZE];

	assert_true(spool_open(&spool, p->spool, &options, &why));
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	assert_int_equal(list.n, 1);
	id_make(id, ((int64_t)time(NULL) - age) * 1000000, 7);
	assert_int_equal(renameat(spool.dir[SPOOL_QUEUE], list.item[0].name,
	    spool.dir[SPOOL_QUEUE], id), 0);
	spool_list_free(&list);
	spool_close(&spool);
}

static void
an_empty_queue_has_metrics(void **state)
{
	struct queue_fixture	p;
	char			*text;

	(void)state;
	queue_fixture_open(&p, &mixed, NULL);
	text = metrics(p.conf);
	assert_true(has_line(text, "relais_queue_entries{state=\"waiting\"} 0"));
	assert_true(has_line(text, "relais_queue_entries{state=\"held\"} 0"));
	assert_true(has_line(text, "relais_queue_entries{state=\"failed\"} 0"));
	assert_true(has_line(text, "relais_queue_oldest_age_seconds 0"));
	assert_true(has_line(text, "relais_given_up_total 0"));
	assert_non_null(strstr(text, "relais_build_info{version=\""));
	assert_null(strstr(text, "smarthost="));
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	free(text);
	queue_fixture_close(&p);
}

static void
sendmail_counts_recipients(void **state)
{
	struct queue_fixture	p;
	int64_t			before = (int64_t)time(NULL);

	(void)state;
	queue_fixture_open(&p, &mixed, NULL);
	send_to(p.conf, LIST("a@example.net", "b@example.net", "c@example.net",
	    "d@example.net"), EX_NOUSER);
	says_of(p.conf, p.host, "relais_deliveries_total", 2);
	says_of(p.conf, p.host, "relais_deferrals_total", 1);
	says_of(p.conf, p.host, "relais_failures_total", 1);
	says(p.conf, "relais_queue_entries{state=\"waiting\"} 1");
	says(p.conf, "relais_queue_entries{state=\"failed\"} 1");
	says(p.conf, "relais_given_up_total 0");
	assert_true(value_of(p.conf, "relais_queue_bytes{state=\"waiting\"}") >
	    0);
	assert_true(value_of(p.conf, "relais_queue_bytes{state=\"failed\"}") >
	    0);
	assert_true(value_of(p.conf, "relais_last_success_timestamp_seconds")
	    >= before);
	assert_true(value_of(p.conf, "relais_counting_since_timestamp_seconds")
	    >= before);
	queue_fixture_close(&p);
}

static void
a_queue_run_counts_recipients(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &mixed, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net",
	    "b@example.net", "c@example.net"));
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	/* One of the deliveries is the bounce. */
	says_of(p.conf, p.host, "relais_deliveries_total", 2);
	says_of(p.conf, p.host, "relais_deferrals_total", 1);
	says_of(p.conf, p.host, "relais_failures_total", 1);
	says(p.conf, "relais_given_up_total 1");
	says(p.conf, "relais_queue_entries{state=\"waiting\"} 1");
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	says_of(p.conf, p.host, "relais_deliveries_total", 2);
	says_of(p.conf, p.host, "relais_deferrals_total", 2);
	queue_fixture_close(&p);
}

static void
the_service_counts_recipients(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &mixed, "");
	serving_start(&s, NULL);
	send_to(s.conf, LIST("a@example.net", "b@example.net", "c@example.net"),
	    EX_NOUSER);
	says_of(s.conf, s.host, "relais_deliveries_total", 1);
	says_of(s.conf, s.host, "relais_deferrals_total", 1);
	says_of(s.conf, s.host, "relais_failures_total", 1);
	serving_close(&s);
}

static void
a_smarthost_that_is_down_defers(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .refusing = true }, NULL);
	send_to(p.conf, LIST("a@example.net"), 0);
	says_of(p.conf, p.host, "relais_deferrals_total", 1);
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	says_of(p.conf, p.host, "relais_deferrals_total", 2);
	says_of(p.conf, p.host, "relais_deliveries_total", 0);
	assert_int_equal(value_of(p.conf,
	    "relais_last_success_timestamp_seconds"), -1);
	queue_fixture_close(&p);
}

static void
the_age_is_that_of_the_oldest_entry_that_is_not_held(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	struct spool_options	options = { 0 };
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;
	long long		age;

	(void)state;
	queue_fixture_open(&p, &mixed, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	make_entry_older(&p, 5000);
	age = value_of(p.conf, "relais_queue_oldest_age_seconds");
	assert_true(age >= 5000 && age < 5060);
	relais_run(&o, p.conf, WORDS("queue", "status"), "");
	assert_int_equal(o.status, 1);
	assert_non_null(strstr(o.out.data, " minutes: TOO OLD\n"));
	program_result_free(&o);
	assert_true(spool_open(&spool, p.spool, &options, &why));
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	relais_run(&o, p.conf, WORDS("queue", "hold", list.item[0].name), "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	spool_list_free(&list);
	spool_close(&spool);
	says(p.conf, "relais_queue_oldest_age_seconds 0");
	relais_run(&o, p.conf, WORDS("queue", "status"), "");
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, "queue: 1 message, "));
	assert_null(strstr(o.out.data, "TOO OLD"));
	program_result_free(&o);
	says(p.conf, "relais_queue_entries{state=\"held\"} 1");
	says(p.conf, "relais_queue_entries{state=\"waiting\"} 0");
	queue_fixture_close(&p);
}

/* Sets the time of the attempts and the certificate of each login. */
static void
make_counters_older(struct temp_dir *dir, int64_t age, int64_t expiry)
{
	struct counters	c;
	const char	*path = temp_dir_path(dir, "spool/counters");
	int		fd = open(path, O_RDWR | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	for (off_t at = 0; pread(fd, &c, sizeof(c), at) == sizeof(c);
	    at += sizeof(c)) {
		c.last_attempt -= age;
		c.certificate_expiry = expiry;
		assert_int_equal(pwrite(fd, &c, sizeof(c), at), sizeof(c));
	}
	close(fd);
}

/* Only the login whose last attempt is the older one knows the certificate. */
static void
make_expiry_older(struct temp_dir *dir, int64_t expiry)
{
	struct counters	c;
	const char	*path = temp_dir_path(dir, "spool/counters");
	int		fd = open(path, O_RDWR | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	for (off_t at = 0; pread(fd, &c, sizeof(c), at) == sizeof(c);
	    at += sizeof(c)) {
		c.last_attempt -= at > 0 ? 60 : 0;
		c.certificate_expiry = at > 0 ? expiry : 0;
		assert_int_equal(pwrite(fd, &c, sizeof(c), at), sizeof(c));
	}
	close(fd);
}

/* Two users of one smarthost, whose names are not shown. */
static void
the_result_of_the_login_is_known(void **state)
{
	static const char	right[] = "tls = off\nauth = plain\nuser = u\n"
				    "password = right\n",
				wrong[] = "tls = off\nauth = plain\nuser = v\n"
				    "password = right\n";
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	char			 more[300];
	char			 conf[100];

	(void)state;
	temp_dir_make(&dir);
	host = mock_smtp_start(&(struct script){ .user = "u",
	    .password = "right", .auth_in_clear = true,
	    .auth_required = true });
	for (int i = 0; i < 3; i++) {
		snprintf(more, sizeof(more), "queue = %s/spool\n%s", dir.path,
		    i == 1 ? wrong : right);
		strlcpy(conf, conf_write(&dir, host, "smtp", more),
		    sizeof(conf));
		send_to(conf, LIST("a@example.net"), i == 1 ? EX_NOPERM : 0);
		says_of(conf, host, "relais_authentication_ok", i == 0);
	}
	says_of(conf, host, "relais_deliveries_total", 2);
	says_of(conf, host, "relais_failures_total", 1);
	/* The result of a login that is not used any more is not current. */
	make_counters_older(&dir, 30 * 24 * 60 * 60, 1900000000);
	assert_int_equal(value_of(conf, "relais_authentication_ok"), -1);
	send_to(conf, LIST("a@example.net"), 0);
	says_of(conf, host, "relais_authentication_ok", 1);
	says_of(conf, host, "relais_certificate_expiry_timestamp_seconds",
	    1900000000);
	make_expiry_older(&dir, 1800000000);
	says_of(conf, host, "relais_certificate_expiry_timestamp_seconds",
	    1800000000);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static void
the_expiry_of_the_certificate_is_known(void **state)
{
	struct usual_certificates	 certificates;
	struct temp_dir			 dir;
	struct mock_smtp		*host;
	char				 more[300];
	char				 conf[100];
	long long			 expiry, now = (long long)time(NULL);

	(void)state;
	temp_dir_make(&dir);
	certificate_usual(&certificates, &dir);
	host = mock_smtp_start(&(struct script){ .security = TLS_AT_ONCE,
	    .certificate = certificates.chain, .key = certificates.key });
	snprintf(more, sizeof(more), "queue = %s/spool\ntls_ca = %s\n",
	    dir.path, certificates.hashed);
	strlcpy(conf, conf_write(&dir, host, "submissions", more),
	    sizeof(conf));
	send_to(conf, LIST("a@example.net"), 0);
	expiry = value_of(conf, "relais_certificate_expiry_timestamp_seconds");
	if (expiry < now + 29 * 86400 || expiry > now + 31 * 86400)
		fail_msg("%lld", expiry);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static void
twenty_callers_at_once_are_counted(void **state)
{
	enum { CALLERS = 20 };
	struct queue_fixture	p;
	struct running		*caller[CALLERS];
	struct program_result	 o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	for (int i = 0; i < CALLERS; i++)
		caller[i] = program_start(&(struct program){
		    .argv = WORDS("relais", "-C", p.conf, "a@example.net"),
		    .input = "\n", .deadline_ms = 60000 });
	for (int i = 0; i < CALLERS; i++) {
		program_stop(caller[i], 0, &o);
		assert_int_equal(o.status, 0);
		program_result_free(&o);
	}
	says_of(p.conf, p.host, "relais_deliveries_total", CALLERS);
	queue_fixture_close(&p);
}

static void
the_file_is_replaced(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	struct buffer		text = { 0 };
	struct stat		before, after;
	char			path[120];

	(void)state;
	queue_fixture_open(&p, &mixed, NULL);
	strlcpy(path, temp_dir_write(&p.dir, "out/relais.prom", 0600, "old\n"),
	    sizeof(path));
	assert_int_equal(stat(path, &before), 0);
	relais_run(&o, p.conf, WORDS("queue", "status", "--metrics",
	    "--output", path), "");
	assert_int_equal(o.status, 0);
	assert_int_equal(o.out.len, 0);
	assert_int_equal(o.err.len, 0);
	program_result_free(&o);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_mode, S_IFREG | 0644);
	assert_int_not_equal(before.st_ino, after.st_ino);
	file_read(&text, path);
	assert_string_equal(text.data + text.len - 6, "# EOF\n");
	buffer_free(&text);
	/* No temporary file is left. */
	assert_int_equal(temp_dir_count(temp_dir_path(&p.dir, "out")), 1);
	queue_fixture_close(&p);
}

struct refusal {
	const char	*sentence;
	const char	*target;	/* of the link DIR/file, or NULL: */
	const char	*path;		/* if it has no slash, in DIR */
	const char	*words;
};

static void
is_refused(void **state)
{
	const struct refusal	*c = *state;
	struct queue_fixture	 p;
	struct program_result	 o;
	struct stat		 st;
	char			 path[120];

	queue_fixture_open(&p, &mixed, NULL);
	strlcpy(path, c->path[0] == '/' ? c->path :
	    temp_dir_path(&p.dir, c->path), sizeof(path));
	if (c->target != NULL)
		assert_int_equal(symlink(c->target, path), 0);
	relais_run(&o, p.conf, WORDS("queue", "status", "--metrics",
	    "--output", path), "");
	assert_int_equal(o.status, EX_CANTCREAT);
	assert_int_equal(o.out.len, 0);
	if (strstr(o.err.data, c->words) == NULL)
		fail_msg("%s", o.err.data);
	if (c->target != NULL) {
		assert_int_equal(lstat(path, &st), 0);
		assert_true(S_ISLNK(st.st_mode));
	}
	program_result_free(&o);
	queue_fixture_close(&p);
}

static const struct refusal refusals[] = {
	{ "a device is not replaced", NULL, "/dev/null",
	    "/dev/null is not a regular file" },
	{ "a symbolic link is not replaced", "conf", "link",
	    "link is a symbolic link" },
	{ "a symbolic link to nothing is not replaced", "nothing", "link",
	    "link is a symbolic link" },
	{ "a directory is not replaced", NULL, "/tmp",
	    "/tmp is not a regular file" },
	{ "a directory that does not exist is an error", NULL,
	    "/nonexistent/dir/relais.prom",
	    "cannot create a file in the directory of /nonexistent/dir/" },
};

static void
without_a_file_or_with_another_command_the_usage_is_printed(void **state)
{
	static const char *const	lines[][6] = {
		{ "queue", "status", "--output", "x" },
		{ "queue", "status", "--metrics", "--output" },
		{ "queue", "status", "--metrics", "--json" },
		{ "queue", "status", "--metrics", "--older", "2h" },
		{ "queue", "status", "--metrics", "--older", "1h" },
		{ "queue", "list", "--metrics" },
		{ "queue", "list", "--older", "2d" },
		{ "queue", "release", "--failed", "--older", "2d" },
		{ "queue", "release", "--failed", "--json" },
		{ "queue", "run", "--json" },
	};
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	queue_fixture_open(&p, &mixed, NULL);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		relais_run(&o, p.conf, lines[i], "");
		assert_int_equal(o.status, EX_USAGE);
		assert_non_null(strstr(o.err.data, "usage: relais queue "));
		program_result_free(&o);
	}
	queue_fixture_close(&p);
}

static void
to_nobody(void *unused)
{
	(void)unused;
	if (setgid(65534) == -1 || setuid(65534) == -1)
		_exit(99);
}

static void
another_user_gets_no_metrics(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	if (geteuid() != 0)
		skip_because("needs root, to become another user");
	queue_fixture_open(&p, &mixed, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	chmod(p.dir.path, 0755);
	chmod(p.conf, 0644);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "queue", "status", "--metrics"), .prepare = to_nobody });
	assert_int_equal(o.status, EX_NOPERM);
	assert_int_equal(o.out.len, 0);
	assert_non_null(strstr(o.err.data, "relais queue status --metrics: "
	    "only root and the user relais can do this"));
	program_result_free(&o);
	queue_fixture_close(&p);
}

static const struct CMUnitTest metrics_spec[] = {
	cmocka_unit_test(an_empty_queue_has_metrics),
	cmocka_unit_test(sendmail_counts_recipients),
	cmocka_unit_test(a_queue_run_counts_recipients),
	cmocka_unit_test(the_service_counts_recipients),
	cmocka_unit_test(a_smarthost_that_is_down_defers),
	cmocka_unit_test(the_age_is_that_of_the_oldest_entry_that_is_not_held),
	cmocka_unit_test(the_result_of_the_login_is_known),
	cmocka_unit_test(the_expiry_of_the_certificate_is_known),
	cmocka_unit_test(twenty_callers_at_once_are_counted),
	cmocka_unit_test(the_file_is_replaced),
	cmocka_unit_test(
	    without_a_file_or_with_another_command_the_usage_is_printed),
	cmocka_unit_test(another_user_gets_no_metrics),
};

int
main(void)
{
	return cmocka_run_group_tests(metrics_spec, NULL, NULL) +
	    CASES_RUN("--output", is_refused, refusals);
}
