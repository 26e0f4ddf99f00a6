/*
 * Accounts: the sender or recipient selects the smarthost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"

/* The default smarthost, and one that is set in sections. */
struct place {
	struct temp_dir		 dir;
	struct mock_smtp	*usual;
	struct mock_smtp	*other;
	const char		*conf;
};

static void
open_place(struct place *p, const struct script *usual,
    const struct script *other, const char *section)
{
	char	more[400];

	temp_dir_make(&p->dir);
	p->usual = mock_smtp_start(usual);
	p->other = mock_smtp_start(other);
	snprintf(more, sizeof(more), "smarthost = smtp://127.0.0.1:%u\n%s\n"
	    "smarthost = smtp://127.0.0.1:%u\n", p->usual->port, section,
	    p->other->port);
	p->conf = conf_write(&p->dir, p->usual, "smtp", more);
}

static void
close_place(struct place *p)
{
	mock_smtp_stop(p->usual);
	mock_smtp_stop(p->other);
	temp_dir_remove(&p->dir);
}

static void
assert_got(struct mock_smtp *host, const char *path)
{
	const struct heard_message	*m;

	assert_true(mock_smtp_wait_messages(host, 1));
	assert_int_equal(mock_smtp_messages(host), 1);
	m = mock_smtp_message(host, 0);
	assert_int_equal(m->n_rcpt, 1);
	assert_string_equal(m->rcpt[0].path, path);
}

static void
one_message_goes_to_two_smarthosts(void **state)
{
	struct place		p;
	struct program_result	o;

	(void)state;
	open_place(&p, &(struct script){ 0 }, &(struct script){ 0 },
	    "[to *@internal]");
	relais_run(&o, p.conf, WORDS("a@example.net", "b@internal"),
	    "Subject: x\n\nhi\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_got(p.usual, "a@example.net");
	assert_got(p.other, "b@internal");
	program_result_free(&o);
	close_place(&p);
}

static void
each_recipient_has_the_outcome_of_its_own_smarthost(void **state)
{
	struct place		p;
	struct program_result	o;

	(void)state;
	open_place(&p, &(struct script){ 0 }, &(struct script){
	    .steps = { { .at = ON_MAIL, .say = "550 5.7.1 not you" } } },
	    "[to *@internal]");
	relais_run(&o, p.conf, WORDS("b@internal", "a@example.net"),
	    "Subject: x\n\nhi\n");
	assert_int_equal(o.status, EX_UNAVAILABLE);
	assert_non_null(strstr(o.err.data, "not sent to b@internal: "));
	assert_null(strstr(o.err.data, "a@example.net"));
	assert_got(p.usual, "a@example.net");
	program_result_free(&o);
	close_place(&p);
}

static void
an_unreachable_smarthost_does_not_delay_the_other(void **state)
{
	struct place		p;
	struct program_result	o;

	(void)state;
	open_place(&p, &(struct script){ .refusing = true },
	    &(struct script){ 0 }, "[to *@internal]");
	relais_run(&o, p.conf, WORDS("a@example.net", "b@internal"),
	    "Subject: x\n\nhi\n");
	assert_int_equal(o.status, EX_TEMPFAIL);
	assert_non_null(strstr(o.err.data, "not sent to a@example.net: "));
	assert_got(p.other, "b@internal");
	program_result_free(&o);
	close_place(&p);
}

static void
the_sender_selects_the_account(void **state)
{
	struct place		p;
	struct program_result	o;

	(void)state;
	open_place(&p, &(struct script){ 0 }, &(struct script){ 0 },
	    "[from *@work.example]");
	relais_run(&o, p.conf, WORDS("-f", "Me@Work.example",
	    "a@example.net"), "Subject: x\n\nhi\n");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	relais_run(&o, p.conf, WORDS("-f", "me@home.example",
	    "b@example.net"), "Subject: x\n\nhi\n");
	assert_int_equal(o.status, 0);
	assert_got(p.other, "a@example.net");
	assert_got(p.usual, "b@example.net");
	program_result_free(&o);
	close_place(&p);
}

/* The credentials of one smarthost must not be sent to another. */
static void
credentials_are_sent_only_to_the_smarthost_of_their_section(void **state)
{
	struct script		script = { .user = "nina",
				    .password = "s3cret",
				    .auth_in_clear = true };
	char			more[500];
	struct place		p;
	struct program_result	o;

	(void)state;
	temp_dir_make(&p.dir);
	p.usual = mock_smtp_start(&script);
	script.user = "work";
	script.password = "other";
	p.other = mock_smtp_start(&script);
	snprintf(more, sizeof(more), "smarthost = smtp://127.0.0.1:%u\n"
	    "tls = off\nauth = PLAIN\nuser = nina\npassword = s3cret\n"
	    "[to *@internal]\nsmarthost = smtp://127.0.0.1:%u\n"
	    "user = work\npassword = other\n"
	    "[to *@plain]\nsmarthost = smtp://127.0.0.1:%u\n",
	    p.usual->port, p.other->port, p.other->port);
	p.conf = conf_write(&p.dir, p.usual, "smtp", more);
	relais_run(&o, p.conf, WORDS("a@example.net", "b@internal", "c@plain"),
	    "Subject: x\n\nhi\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_true(mock_smtp_wait_messages(p.usual, 1));
	assert_true(mock_smtp_wait_messages(p.other, 2));
	assert_string_equal(mock_smtp_heard(p.usual, 0)->user, "nina");
	assert_string_equal(mock_smtp_heard(p.other, 0)->user, "work");
	assert_null(mock_smtp_heard(p.other, 1)->user);
	program_result_free(&o);
	close_place(&p);
}

static const struct CMUnitTest route_spec[] = {
	cmocka_unit_test(one_message_goes_to_two_smarthosts),
	cmocka_unit_test(each_recipient_has_the_outcome_of_its_own_smarthost),
	cmocka_unit_test(an_unreachable_smarthost_does_not_delay_the_other),
	cmocka_unit_test(the_sender_selects_the_account),
	cmocka_unit_test(
	    credentials_are_sent_only_to_the_smarthost_of_their_section),
};

int
main(void)
{
	return cmocka_run_group_tests(route_spec, NULL, NULL);
}
