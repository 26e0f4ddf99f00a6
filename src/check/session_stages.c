#include "check/smarthost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "check/held.h"
#include "check/sender_policy.h"
#include "relay/dial.h"
#include "relay/tls_policy.h"
#include "smtp/probe.h"
#include "util/clock.h"

enum {
	/* Until a reply must arrive.  RFC 5321 allows minutes, and so does a
	 * delivery; a person who waits for the result has less patience. */
	REPLY_MS = 30 * 1000,
	KEYWORDS_MAX = 30,	/* shown, of EHLO */
	DAY = 24 * 60 * 60,
	EXPIRY_DAYS = 14,
	CLOCK_SECONDS = 5 * 60,
};

/*
 * The greeting, EHLO, TLS and AUTH: what a session of ours finds.
 */

/* Notes the keywords of EHLO and the mechanism of AUTH. */
static void
note_line(void *context, char side, const char *text)
{
	struct smarthost_run	*r = context;

	held_add_line(r->check, side, text);
	if (side == 'C') {
		r->in_ehlo = strncmp(text, "EHLO ", 5) == 0 ||
		    strncmp(text, "LHLO ", 5) == 0;
		if (strncmp(text, "AUTH ", 5) == 0)
			snprintf(r->mechanism, sizeof(r->mechanism), "%.*s",
			    (int)strcspn(text + 5, " "), text + 5);
		r->ehlo_lines = 0;
		buffer_clear(&r->keywords);
	} else if (side == 'S' && r->in_ehlo && strlen(text) > 4) {
		/* The first line is the name of the server. */
		if (r->ehlo_lines++ > 0 && r->ehlo_lines <= KEYWORDS_MAX + 1)
			buffer_addf(&r->keywords, "%s%s", r->keywords.len > 0 ?
			    ", " : "", text + 4);
		else if (r->ehlo_lines == KEYWORDS_MAX + 2)
			buffer_addf(&r->keywords, " ...");
	}
}

/*
 * Finds a date such as "Sun, 29 Nov 2026 05:17:50 +0000" in a greeting, as
 * Exim and Sendmail send it; false if there is none.
 */
static bool
find_date(const char *text, time_t *when)
{
	for (const char *at = strchr(text, ','); at != NULL;
	    at = strchr(at + 1, ',')) {
		struct tm	 tm = { 0 };
		const char	*end = strptime(at + 1, " %d %b %Y %H:%M:%S ",
				    &tm);
		int		 zone = 0;
		char		 sign[2] = "+";

		if (end == NULL)
			continue;
		if (strncmp(end, "GMT", 3) != 0 &&
		    strncmp(end, "UTC", 3) != 0 &&
		    sscanf(end, "%1[+-]%4d", sign, &zone) != 2)
			continue;
		zone = (zone / 100 * 60 + zone % 100) * 60;
		*when = timegm(&tm) - (sign[0] == '-' ? -zone : zone);
		return true;
	}
	return false;
}

static void
check_clock(struct smarthost_run *r, const char *greeting)
{
	time_t		now = clock_now(), theirs;
	long long	minutes;

	if (!find_date(greeting, &theirs))
		return;
	minutes = ((long long)now - (long long)theirs) / 60;
	if (llabs((long long)now - (long long)theirs) <= CLOCK_SECONDS)
		return;
	smarthost_report(r, &(struct check_finding){ .stage = CHECK_GREETING,
	    .verdict = CHECK_WARNING, .remedy = "compare with another clock; "
	    "if the clock of this machine is wrong, set it, for example with "
	    "\"timedatectl set-ntp true\"" },
	    "the clock of this machine is %lld minutes %s the date in the "
	    "greeting", llabs(minutes), minutes > 0 ? "ahead of" : "behind");
}

static void
date_text(char *to, size_t size, int64_t when)
{
	time_t		t = (time_t)when;
	struct tm	tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(to, size, "%Y-%m-%d", &tm) == 0)
		strlcpy(to, "an invalid date", size);
}

static void
report_tls(struct smarthost_run *r, const struct session *s)
{
	struct tls_facts	 f;
	char			 date[32] = "", chain[1200] = "";
	int64_t			 until = 0, left;
	struct check_fact	 facts[9];

	s->options->tls_module->facts(s->stream.tls, &f);
	for (size_t i = 0; i < f.n; i++) {
		size_t	len = strlen(chain);

		snprintf(chain + len, sizeof(chain) - len, "%s%s",
		    i > 0 ? " <- " : "", f.chain[i].subject);
		if (i == 0 || f.chain[i].until < until)
			until = f.chain[i].until;
	}
	date_text(date, sizeof(date), f.n > 0 ? f.chain[0].until : 0);
	left = (until - clock_now()) / DAY;
	memcpy(facts, (struct check_fact[]){
		{ "version", f.version, NULL },
		{ "cipher", f.cipher, NULL },
		{ "group", f.group, NULL },
		{ "subject", f.chain[0].subject, NULL },
		{ "names", f.chain[0].names, NULL },
		{ "issuer", f.chain[0].issuer, NULL },
		{ "expires", date, NULL },
		{ "chain", chain, NULL },
		{ "verified", f.pinned ? "pin" : f.verified ? "yes" : "no",
		    NULL },
	}, sizeof(facts));
	smarthost_report(r, &(struct check_finding){
	    .stage = CHECK_TLS, .facts = facts,
	    .n_facts = sizeof(facts) / sizeof(facts[0]) },
	    "%s %s%s%s; certificate for %s, issued by %s, expires on %s; %s",
	    f.version, f.cipher, f.group[0] != '\0' ? " " : "", f.group,
	    f.chain[0].names[0] != '\0' ? f.chain[0].names :
	    f.chain[0].subject, f.chain[0].issuer, date, f.pinned ?
	    "its key matches tls_pin" : f.verified ? "verified" :
	    "not verified");
	if (f.n > 0 && f.verified && !f.pinned && left < EXPIRY_DAYS) {
		date_text(date, sizeof(date), until);
		smarthost_report(r, &(struct check_finding){ .stage = CHECK_TLS,
		    .verdict = CHECK_WARNING, .remedy = "the operator of the "
		    "server must renew it before that day" },
		    "a certificate of the server expires in %lld day%s, on %s",
		    (long long)left, left == 1 ? "" : "s", date);
	}
}

static void
report_ehlo(struct smarthost_run *r, const struct session *s)
{
	const char		*offered = r->keywords.len > 0 ?
				    r->keywords.data : "no extensions";
	const struct check_fact	 facts[] = {
		{ "offered", offered, NULL },
		{ "encrypted", s->encrypted ? "yes" : "no", NULL },
	};

	smarthost_report(r, &(struct check_finding){ .stage = CHECK_EHLO,
	    .facts = facts, .n_facts = sizeof(facts) / sizeof(facts[0]) },
	    "%s, the server offers %s", s->encrypted ? "in TLS" :
	    "in clear text", offered);
}

static void
report_login(struct smarthost_run *r, const struct session *s)
{
	const char		*user = s->options->auth->user;
	char			 offered[512];
	const struct check_fact	 facts[] = {
		{ "user", user != NULL ? user : "", NULL },
		{ "mechanism", r->mechanism, NULL },
		{ "binding", s->binding != NULL ? s->binding : "none", NULL },
		{ "offered", offered, NULL },
	};

	/* Each is followed by a blank. */
	snprintf(offered, sizeof(offered), "%.*s", s->mechanisms.len > 0 ?
	    (int)s->mechanisms.len - 1 : 0, s->mechanisms.data);
	smarthost_report(r, &(struct check_finding){ .stage = CHECK_AUTH,
	    .facts = facts, .n_facts = sizeof(facts) / sizeof(facts[0]) },
	    "logged in%s%s with %s%s%s; offered: %s",
	    user != NULL ? " as " : "", user != NULL ? user : "", r->mechanism,
	    s->binding != NULL ? " and channel binding " : "",
	    s->binding != NULL ? s->binding : "", offered);
}

static void
report_passed(void *context, const struct session *s, enum session_step step)
{
	struct smarthost_run	*r = context;
	char		 line[800];

	switch ((int)step) {
	case STEP_GREETING:
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_GREETING },
		    "%s", reply_line(&s->reply, line, sizeof(line)));
		check_clock(r, s->reply.text);
		break;
	case STEP_EHLO:
		report_ehlo(r, s);
		break;
	case STEP_TLS:
		report_tls(r, s);
		break;
	case STEP_AUTH:
		report_login(r, s);
		break;
	}
}

/*
 * A session that cannot be opened.
 */

static const char *
without_step(const char *text)
{
	static const char *const	steps[] = { "greeting: ", "EHLO: ",
					    "LHLO: ", "TLS: " };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strncmp(text, steps[i], strlen(steps[i])) == 0)
			return text + strlen(steps[i]);
	return text;
}

/* Adds a command that compares to the remedy. */
static void
add_hello_test(struct smarthost_run *r, const struct failure *why)
{
	const struct connection	*c = r->connection;
	size_t			 len = strlen(r->remedy);

	snprintf(r->remedy + len, sizeof(r->remedy) - len, "; to compare, run "
	    "\"openssl s_client%s -connect %s%s\"%s", c->options.tls_policy ==
	    SESSION_TLS_IMPLICIT ? "" : c->options.lmtp ? " -starttls lmtp" :
	    " -starttls smtp", r->object, why->cause == TLS_CAUSE_HELLO ? "" :
	    " -groups X25519", why->cause == TLS_CAUSE_HELLO ?
	    " from here and from another network" : "");
}

/* The program of connect_command has ended; its message names the cause. */
static void
report_program(struct smarthost_run *r, const struct failure *why)
{
	struct dial	d = dial_choose(r->connection);

	smarthost_report(r, &(struct check_finding){ .stage = CHECK_CONNECT,
	    .verdict = CHECK_FAIL, .status = why->status,
	    .origin = d.by->origin, .remedy = "correct connect_command; to "
	    "test it, run it by hand as the user who sends the mail, which is "
	    "relais if the service does" }, "%s", without_step(why->text));
}

static void
report_session_failure(struct smarthost_run *r, const struct failure *why)
{
	const struct session	*s = &r->connection->session;
	enum check_stage	 stage = CHECK_TLS;
	const char		*remedy = smarthost_remedy(r, why, s->step);

	if (why->cause == DIAL_CAUSE_COMMAND) {
		report_program(r, why);
		return;
	}
	if (s->step == STEP_GREETING)
		stage = CHECK_GREETING;
	else if (s->step == STEP_EHLO)
		stage = CHECK_EHLO;
	else if (s->step == STEP_AUTH)
		stage = CHECK_AUTH;
	if (why->cause == TLS_CAUSE_HELLO ||
	    why->cause == TLS_CAUSE_LARGE_HELLO)
		add_hello_test(r, why);
	if (why->cause == TLS_CAUSE_NOT_YET_VALID)
		remedy = "if the clock of this machine is wrong, set it, for "
		    "example with \"timedatectl set-ntp true\"";
	if (why->cause == TLS_CAUSE_MODULE)
		remedy = "if relais was upgraded, restart the service; "
		    "otherwise, this machine lacks memory or descriptors";
	smarthost_report(r, &(struct check_finding){ .stage = stage,
	    .verdict = CHECK_FAIL, .status = why->status,
	    .remedy = remedy != NULL ? remedy :
	    smarthost_usual_remedy(r, stage, why) },
	    "%s", without_step(why->text));
}

/*
 * MAIL, RCPT and RSET.
 */

/* A refusal for now, or of an address that is a guess, is a warning. */
static void
report_refusal(struct smarthost_run *r, enum check_stage stage,
    const struct failure *why)
{
	const struct session	*s = &r->connection->session;
	bool			 mild = !s->broken && (r->target->is_guess ||
				    s->reply.code / 100 == 4);
	const char		*remedy = smarthost_remedy(r, why, s->step);

	if (remedy == NULL && !mild)
		remedy = smarthost_usual_remedy(r, stage, why);
	smarthost_report(r, &(struct check_finding){ .stage = stage,
	    .verdict = mild ? CHECK_WARNING : CHECK_FAIL,
	    .status = mild ? EX_OK : why->status, .remedy = remedy }, "%s%s",
	    why->text, !mild ? "" : s->reply.code / 100 == 4 ?
	    " (a temporary refusal: queued mail is tried again)" :
	    " (an example of an address that the section matches)");
}

static void
check_transaction(struct smarthost_run *r, const struct reach *addresses)
{
	const struct check_target	*t = r->target;
	struct session			*s = &r->connection->session;
	struct envelope			 env = { .n = 0 };
	struct failure			 why;
	char				 line[800];
	bool				 accepted;

	if (t->sender == NULL) {
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_MAIL,
		    .verdict = CHECK_SKIPPED }, "the sender is not known");
		return;
	}
	envelope_set_reverse(&env, t->sender);
	if (config_bool(r->check->config, &t->subject, KEY_REQUIRETLS))
		env.requiretls = REQUIRETLS_YES;
	if (t->recipient != NULL)
		envelope_add(&env, t->recipient);
	accepted = probe_mail(s, &env, &why);
	if (accepted)
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_MAIL },
		    "MAIL FROM:<%s>: %s", t->sender, reply_line(&s->reply,
		    line, sizeof(line)));
	else
		report_refusal(r, CHECK_MAIL, &why);
	/* A proxy can be the only way to the DNS, or hide lookups. */
	if (dial_choose(r->connection).way == DIAL_DIRECT)
		sender_policy_check(r->check, t, &(struct sender_policy_server){
		    .smarthost = r->connection->smarthost,
		    .addresses = addresses, .object = r->object });
	if (accepted && t->recipient == NULL)
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_RCPT,
		    .verdict = CHECK_SKIPPED, .remedy = "set root to the "
		    "address that receives mail to root" }, "mail to root has "
		    "no address");
	else if (accepted && probe_rcpt(s, &env, &why))
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_RCPT },
		    "RCPT TO:<%s>: %s", t->recipient, reply_line(&s->reply,
		    line, sizeof(line)));
	else if (accepted)
		report_refusal(r, CHECK_RCPT, &why);
	r->replied = !s->broken;
	if (r->replied && probe_rset(s, &why))
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_RSET },
		    "%s; nothing was sent", reply_line(&s->reply, line,
		    sizeof(line)));
	else if (r->replied)
		report_refusal(r, CHECK_RSET, &why);
	envelope_free(&env);
}

/*
 * One session.
 */

/* For a session without TLS or AUTH. */
static void
report_clear_text(struct smarthost_run *r, const struct session *s)
{
	const struct setting	*tls = config_find(r->check->config,
				    &r->target->subject, KEY_TLS);

	if (connect_is_local(s->stream.fd) &&
	    dial_choose(r->connection).way == DIAL_DIRECT)
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_TLS },
		    "not used: the server is on this machine");
	else
		smarthost_report(r, &(struct check_finding){ .stage = CHECK_TLS,
		    .verdict = CHECK_WARNING, .origin = tls != NULL ?
		    tls->origin : NULL, .remedy = "if the server supports "
		    "TLS, set tls = required" }, "not used: everything is sent "
		    "in clear text");
}

/* With the key requiretls: whether mail can be sent at all. */
static bool
check_requiretls(struct smarthost_run *r)
{
	struct session		*s = &r->connection->session;
	const struct config	*config = r->check->config;
	const struct setting	*set = config_find(config, &r->target->subject,
				    KEY_REQUIRETLS);
	const char		*remedy;
	struct failure		 why;

	if (!config_bool(config, &r->target->subject, KEY_REQUIRETLS))
		return true;
	if (session_can_require_tls(s, &why)) {
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_EHLO, .origin = set->origin }, "the server "
		    "is verified and offers REQUIRETLS, so mail can be sent "
		    "with requiretls = yes");
		return true;
	}
	s->reply = (struct reply){ 0 };		/* not the cause of why */
	remedy = smarthost_remedy(r, &why, STEP_MAIL);
	smarthost_report(r, &(struct check_finding){ .stage = CHECK_EHLO,
	    .verdict = CHECK_FAIL, .status = why.status,
	    .origin = set->origin, .remedy = remedy }, "%s, so mail is not "
	    "sent with requiretls = yes", why.text);
	return false;
}

/* Reports why there is no login, and whether the session can be used. */
static bool
check_login(struct smarthost_run *r, const struct failure *no_secret)
{
	if (no_secret->status == EX_OK) {
		if (r->connection->options.auth == NULL)
			smarthost_report(r, &(struct check_finding){
			    .stage = CHECK_AUTH }, "not used: no credentials "
			    "are configured");
		return true;
	}
	if (no_secret->status == EX_NOPERM)
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_AUTH,
		    .verdict = CHECK_SKIPPED, .remedy = "run \"relais check\" "
		    "as root or as the user relais" }, "AUTH, MAIL and RCPT are "
		    "not checked: %s", no_secret->text);
	else
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_AUTH,
		    .verdict = CHECK_FAIL, .status = no_secret->status },
		    "%s", no_secret->text);
	return false;
}

static bool
prepare_session(struct smarthost_run *r, struct failure *no_secret)
{
	struct connection	*c = r->connection;
	struct tls_decision	 d;
	int64_t			 ms;

	no_secret->status = EX_OK;
	c->no_login = false;
	if (!tls_policy_decide(&d, c, no_secret)) {
		smarthost_report_failure(r, CHECK_TLS, STEP_TLS, no_secret);
		return false;
	}
	if (!connection_prepare(c, no_secret)) {
		c->no_login = true;
		if (!connection_prepare(c, no_secret)) {
			smarthost_report_failure(r, CHECK_TLS,
			    STEP_TLS, no_secret);
			return false;
		}
	}
	ms = c->options.timeout_ms;
	c->options.timeout_ms = ms == 0 || ms > REPLY_MS ? REPLY_MS : ms;
	c->options.greeting_ms = 0;
	c->options.prefix = "";
	return true;
}

void
smarthost_session(struct smarthost_run *r, int fd,
    const struct reach *addresses)
{
	const struct session_trace	trace = { note_line, r };
	const struct session_watch	watch = { report_passed, r };
	struct connection		*c = r->connection;
	struct failure			 no_secret, why;

	if (!prepare_session(r, &no_secret)) {
		close(fd);
		connection_close(c);
		return;
	}
	c->options.trace = &trace;
	c->options.watch = &watch;
	if (!connection_open_on(c, fd, &why)) {
		dial_explain(c, &why);
		report_session_failure(r, &why);
	} else {
		if (!c->session.encrypted)
			report_clear_text(r, &c->session);
		if (check_requiretls(r) && check_login(r, &no_secret))
			check_transaction(r, addresses);
	}
	connection_close(c);
}
