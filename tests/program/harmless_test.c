/*
 * Under the name sendmail, no option opens or creates a file, and none changes
 * the server, the credentials or the configuration, whatever its value is:
 * callers pass on text from web forms.
 *
 * The values name files in a directory that is watched with inotify.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/temp_dir.h"

struct watched {
	struct temp_dir		 dir;
	struct mock_smtp	*host;		/* the configured one */
	struct mock_smtp	*evil;		/* the values' */
	char			 evil_conf[128];
	struct temp_dir		 home;		/* of readable files */
	char			 variable[64];
	char			 aliases[128];
	int			 inotify;
	size_t			 sent;
};

/* A configuration, an aliases file, a queue and a pipe. */
static void
make_bait(struct watched *w)
{
	char	text[200];

	snprintf(text, sizeof(text), "smarthost = smtp://127.0.0.1:%u\n"
	    "from = evil@example.net\n", w->evil->port);
	snprintf(w->evil_conf, sizeof(w->evil_conf), "%s",
	    temp_dir_write(&w->dir, "evil", 0600, text));
	temp_dir_write(&w->dir, "queue/entry", 0600, "x");
	assert_int_equal(mkfifo(temp_dir_path(&w->dir, "pipe"), 0600), 0);
}

static void
open_watched(struct watched *w)
{
	*w = (struct watched){ .sent = 0 };
	temp_dir_make(&w->dir);
	w->host = mock_smtp_start(&(struct script){ .discard = true });
	w->evil = mock_smtp_start(&(struct script){ 0 });
	snprintf(w->variable, sizeof(w->variable),
	    "RELAIS_SMARTHOST=smtp://127.0.0.1:%u", w->host->port);
	temp_dir_make(&w->home);
	snprintf(w->aliases, sizeof(w->aliases), "RELAIS_ALIASES=%s",
	    temp_dir_write(&w->home, "aliases", 0600, ""));
	make_bait(w);
	w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	assert_int_not_equal(w->inotify, -1);
	assert_int_not_equal(inotify_add_watch(w->inotify, w->dir.path,
	    IN_ALL_EVENTS), -1);
	assert_int_not_equal(inotify_add_watch(w->inotify,
	    temp_dir_path(&w->dir, "queue"), IN_ALL_EVENTS), -1);
}

/* The directory was not read, and the other server was not contacted. */
static void
assert_untouched(struct watched *w, const char *const *argv)
{
	char	events[4096];

	if (read(w->inotify, events, sizeof(events)) != -1 ||
	    errno != EAGAIN)
		fail_msg("%s %s touched the directory", argv[1], argv[2]);
	if (mock_smtp_connections(w->evil) != 0)
		fail_msg("%s %s changed the server", argv[1], argv[2]);
}

static void
close_watched(struct watched *w)
{
	assert_int_equal(mock_smtp_messages(w->host), w->sent);
	close(w->inotify);
	mock_smtp_stop(w->host);
	mock_smtp_stop(w->evil);
	temp_dir_remove(&w->dir);
	temp_dir_remove(&w->home);
}

/*
 * Runs in the directory, like a caller; an option may be accepted or refused.
 */
static void
try(struct watched *w, const char *const *argv, const char *input)
{
	const char		*env[] = { w->variable, "RELAIS_QUEUE=off",
		"RELAIS_SOCKET=off", "RELAIS_LOG=off",
		w->aliases, "RELAIS_ROOT=root@example.net",
		"RELAIS_DOMAIN=example.org", "RELAIS_HELO=client.example",
		NULL };
	struct program_result	 o;

	program_run(&o, &(struct program){ .argv = argv, .env = env,
	    .dir = w->dir.path, .input = input });
	if (o.status != 0 && o.status != EX_USAGE && o.status != EX_DATAERR &&
	    o.status != EX_NOUSER)
		fail_msg("%s %s: %d %s", argv[1], argv[2], o.status,
		    o.err.data);
	if (strstr(o.err.data, "evil@example.net") != NULL)
		fail_msg("%s %s: shows a file", argv[1], argv[2]);
	w->sent = mock_smtp_messages(w->host);
	program_result_free(&o);
	assert_untouched(w, argv);
}

/* Replaces DIR in the form with the path of the directory. */
static void
fill(char *to, size_t size, const char *form, const struct watched *w)
{
	const char	*mark = strstr(form, "DIR");

	snprintf(to, size, "%.*s%s%s", (int)(mark - form), form,
	    w->dir.path, mark + 3);
}

#define MESSAGE	"Subject: x\n\nhi\n"

static void
try_letter(struct watched *w, char letter, const char *value)
{
	char	attached[1200];
	char	option[3] = { '-', letter, '\0' };

	snprintf(attached, sizeof(attached), "-%c%s", letter, value);
	try(w, WORDS("sendmail", attached, "a@example.net"), MESSAGE);
	try(w, WORDS("sendmail", option, value, "a@example.net"), MESSAGE);
}

static void
no_option_letter_writes_a_file(void **state)
{
	static const char	letters[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	struct watched		w;
	char			values[4][256];

	(void)state;
	open_watched(&w);
	snprintf(values[0], 256, "%s", w.evil_conf);
	snprintf(values[1], 256, "new");
	snprintf(values[2], 256, "%s/pipe", w.dir.path);
	snprintf(values[3], 256, "a -X%s/log -C%s", w.dir.path,
	    w.evil_conf);
	for (size_t i = 0; letters[i] != '\0'; i++)
		for (size_t k = 0; k < 4; k++)
			try_letter(&w, letters[i], values[k]);
	assert_true(w.sent > 0);
	close_watched(&w);
}

/* Otherwise, a result without events would prove nothing. */
static void
the_file_watch_reports_opened_files(void **state)
{
	struct watched		w;
	struct program_result	o;
	char			events[4096];

	(void)state;
	open_watched(&w);
	relais_run(&o, w.evil_conf, WORDS("-bv", "a@example.net"), "");
	assert_int_equal(o.status, 0);
	assert_true(read(w.inotify, events, sizeof(events)) > 0);
	program_result_free(&o);
	close_watched(&w);
}

/* DIR is the directory that is watched. */
struct form_case {
	const char	*form;
};

static void
option_has_no_effect(void **state)
{
	const struct form_case	*c = *state;
	struct watched		 w;
	char			 option[300];

	open_watched(&w);
	fill(option, sizeof(option), c->form, &w);
	try(&w, WORDS("sendmail", option, "a@example.net"), MESSAGE);
	try(&w, WORDS("sendmail", option, "-t"),
	    "To: a@example.net\n" MESSAGE);
	close_watched(&w);
}

/* Attacks on earlier mailers. */
static const struct form_case	option_table[] = {
	{ "-XDIR/log" },
	{ "-CDIR/evil" },
	{ "-OQueueDirectory=DIR" },
	{ "-oQDIR" },
	{ "-oADIR/evil" },
	{ "-DDIR/log" },
	{ "-OAliasFile=DIR/evil" },
	{ "-ODeadLetterDrop=DIR/dead" },
	{ "-OLogFile=DIR/log" },
	{ "-f\"a -XDIR/log\"@example.org" },
	{ "-be${run{/bin/touch DIR/x}}" },
	{ "-oMaDIR" },
	{ "-oPDIR/pid" },
	{ "-oXDIR/log" },
	{ "-oX=DIR/log" },
	{ "-MDIR/evil" },
	{ "-LDIR/log" },
	{ "-FDIR/log" },
	{ "-pDIR/log" },
	{ "-qRDIR/x" },
	{ "--file=DIR/evil" },
	{ "--config=DIR/evil" },
	{ "-osmarthost=DIR" },
	{ "-oDIR/evil" },
	{ "-opassword_command=/bin/touch DIR/x" },
	{ "-bv DIR/evil" },
	{ "-TDIR/x" },
	{ "-JDIR/x" },
	{ "-EDIR/x" },
};

static void
recipient_is_not_an_option(void **state)
{
	const struct form_case	*c = *state;
	struct watched		 w;
	char			 recipient[300], input[400];

	open_watched(&w);
	fill(recipient, sizeof(recipient), c->form, &w);
	snprintf(input, sizeof(input), "To: %s\n" MESSAGE, recipient);
	try(&w, WORDS("sendmail", "--", recipient), MESSAGE);
	try(&w, WORDS("sendmail", "-t", "-i"), input);
	snprintf(input, sizeof(input), "MAIL FROM:<a@example.org>\r\n"
	    "RCPT TO:<%s>\r\nDATA\r\n\r\nhi\r\n.\r\nQUIT\r\n", recipient);
	try(&w, WORDS("sendmail", "-bs", "-i"), input);
	close_watched(&w);
}

/* Recipients that look like options, programs or files. */
static const struct form_case	recipient_table[] = {
	{ "-oXDIR/log@d.example" },
	{ "|/bin/touch DIR/x" },
	{ "DIR/evil" },
	{ ":include:DIR/evil" },
	{ "\"|touch DIR/x\"" },
	{ "\\|touch DIR/x" },
};

static void
control_characters_are_refused(void **state)
{
	struct watched	w;
	char		recipient[32], sender[32];

	(void)state;
	open_watched(&w);
	for (int c = 1; c < 128; c = c == 31 ? 127 : c + 1) {
		if (c == '\t')
			continue;	/* white space may stand in a list */
		snprintf(recipient, sizeof(recipient), "a%cb@example.net", c);
		snprintf(sender, sizeof(sender), "-fa%cb@example.net", c);
		try(&w, WORDS("sendmail", "--", recipient), MESSAGE);
		try(&w, WORDS("sendmail", sender, "a@example.net"), MESSAGE);
	}
	assert_int_equal(w.sent, 0);
	assert_int_equal(mock_smtp_connections(w.host), 0);
	close_watched(&w);
}

static const struct CMUnitTest harmless_spec[] = {
	cmocka_unit_test(the_file_watch_reports_opened_files),
	cmocka_unit_test(no_option_letter_writes_a_file),
	cmocka_unit_test(control_characters_are_refused),
};

int
main(void)
{
	return cmocka_run_group_tests(harmless_spec, NULL, NULL) +
	    CASES_RUN("options", option_has_no_effect, option_table) +
	    CASES_RUN("recipients", recipient_is_not_an_option,
	    recipient_table);
}
