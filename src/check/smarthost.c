#include "check/check.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "check/held.h"
#include "check/sender_policy.h"
#include "net/reach.h"
#include "relay/advice.h"
#include "relay/connection.h"
#include "relay/endpoints.h"
#include "relay/tls_policy.h"
#include "smtp/probe.h"
#include "util/buffer.h"
#include "util/memory.h"

enum {
	/* Until a reply must arrive.  RFC 5321 allows minutes, and so does a
	 * delivery; a person who waits for the result has less patience. */
	REPLY_MS = 30 * 1000,
	OTHER_PORTS_MS = 5 * 1000,
	KEYWORDS_MAX = 30,	/* shown, of EHLO */
	DAY = 24 * 60 * 60,
	EXPIRY_DAYS = 14,
	CLOCK_SECONDS = 5 * 60,
};

/* The check of one endpoint of a smarthost. */
struct run {
	struct check			*check;
	const struct check_target	*target;
	struct connection		*connection;	/* owned */
	char				 object[300];	/* "host:port" */
	struct buffer			 keywords;	/* of the last EHLO */
	bool				 in_ehlo;
	unsigned			 ehlo_lines;
	char				 mechanism[32];	/* of the last AUTH */
	char				 remedy[1024];
	bool				 tried_ports;	/* other ones: once */
	bool				 failed;	/* a finding is FAIL */
	bool				 replied;	/* to MAIL, after
							 * which no other
							 * server is tried */
};

static void report(struct run *, const struct check_finding *, const char *,
	    ...) __attribute__((format(printf, 3, 4)));

/* Reports a finding about the smarthost: adds the object and the origin. */
static void
report(struct run *r, const struct check_finding *finding, const char *fmt,
    ...)
{
	struct check_finding	f = *finding;
	char			text[2048];
	va_list			ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (f.object == NULL)
		f.object = r->object;
	if (f.origin == NULL)
		f.origin = r->target->smarthost->origin;
	r->failed |= f.verdict == CHECK_FAIL;
	check_report(r->check, &f, "%s", text);
}

/* Returns the advice for a failure, or NULL.  It is valid until the next. */
static const char *
remedy_for(struct run *r, const struct failure *why, enum session_step step)
{
	const struct reply	*reply = &r->connection->session.reply;
	char			 text[sizeof(why->text) + sizeof(r->remedy)];
	size_t			 len = strlen(why->text);

	strlcpy(text, why->text, sizeof(text));
	advice_add(r->connection, &(struct advice_facts){ .step = step,
	    .code = reply->code, .enhanced = reply->enhanced,
	    .status = why->status, .cause = why->cause }, text, sizeof(text));
	if (strncmp(text + len, "; ", 2) != 0)
		return NULL;	/* only the place, which is the origin */
	strlcpy(r->remedy, text + len + 2, sizeof(r->remedy));
	return r->remedy;
}

/* For a failure of a stage without advice; or NULL. */
static const char *
usual_remedy(struct run *r, enum check_stage stage, const struct failure *why)
{
	const struct check	*c = r->check;
	const struct setting	*root;

	if (stage == CHECK_LOOKUP)
		return why->status == EX_NOHOST ? "correct the name in "
		    "smarthost" : "try again later; if this persists, check "
		    "the name servers in /etc/resolv.conf";
	if (stage == CHECK_CONNECT)	/* only to a Unix socket */
		return "start the server, or correct the path in smarthost";
	if (why->status == EX_PROTOCOL || (stage == CHECK_RSET &&
	    why->status == EX_UNAVAILABLE))
		return stage == CHECK_GREETING ? "check the host and the port "
		    "of smarthost: the greeting of a mail server begins with "
		    "220" : "the server violates the protocol: tell its "
		    "operator";
	if (why->status == EX_TEMPFAIL)
		return "try again later; if this persists, ask the operator of "
		    "the server, whose log has the reason";
	if (stage == CHECK_GREETING)
		return "the server refuses this machine: use the submission "
		    "port (587 or 465), or ask the operator of the server";
	if (stage == CHECK_EHLO)
		return "set helo to the fully qualified name of this host";
	if (stage != CHECK_RCPT || c->recipient != NULL)
		return NULL;
	root = config_find(c->config, &r->target->subject, KEY_ROOT);
	snprintf(r->remedy, sizeof(r->remedy), "mail to root goes to this "
	    "address: correct %s%s%s", root != NULL ? "root (" :
	    "the alias of root, or set root", root != NULL ? root->origin : "",
	    root != NULL ? ")" : "");
	return r->remedy;
}

static void
report_failure(struct run *r, enum check_stage stage, enum session_step step,
    const struct failure *why)
{
	const char	*remedy = remedy_for(r, why, step);

	report(r, &(struct check_finding){ .stage = stage,
	    .verdict = CHECK_FAIL, .status = why->status,
	    .remedy = remedy != NULL ? remedy : usual_remedy(r, stage, why) },
	    "%s", why->text);
}

/*
 * The greeting, EHLO, TLS and AUTH: what a session of ours finds.
 */

/* Notes the keywords of EHLO and the mechanism of AUTH. */
static void
note_line(void *context, char side, const char *text)
{
	struct run	*r = context;

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
check_clock(struct run *r, const char *greeting)
{
	time_t		now = time(NULL), theirs;
	long long	minutes;

	if (!find_date(greeting, &theirs))
		return;
	minutes = ((long long)now - (long long)theirs) / 60;
	if (llabs((long long)now - (long long)theirs) <= CLOCK_SECONDS)
		return;
	report(r, &(struct check_finding){ .stage = CHECK_GREETING,
	    .verdict = CHECK_WARNING, .remedy = "compare with another clock; "
	    "if that of this machine is wrong, set it, for example with "
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
report_tls(struct run *r, const struct session *s)
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
	left = (until - (int64_t)time(NULL)) / DAY;
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
	report(r, &(struct check_finding){ .stage = CHECK_TLS, .facts = facts,
	    .n_facts = sizeof(facts) / sizeof(facts[0]) },
	    "%s %s%s%s; certificate for %s, issued by %s, expires on %s; %s",
	    f.version, f.cipher, f.group[0] != '\0' ? " " : "", f.group,
	    f.chain[0].names[0] != '\0' ? f.chain[0].names :
	    f.chain[0].subject, f.chain[0].issuer, date, f.pinned ?
	    "its key matches tls_pin" : f.verified ? "verified" :
	    "not verified");
	if (f.n > 0 && f.verified && !f.pinned && left < EXPIRY_DAYS) {
		date_text(date, sizeof(date), until);
		report(r, &(struct check_finding){ .stage = CHECK_TLS,
		    .verdict = CHECK_WARNING, .remedy = "the owner of the "
		    "server must renew it before that" },
		    "a certificate of the server expires in %lld day%s, on %s",
		    (long long)left, left == 1 ? "" : "s", date);
	}
}

static void
report_ehlo(struct run *r, const struct session *s)
{
	const char		*offered = r->keywords.len > 0 ?
				    r->keywords.data : "no extensions";
	const struct check_fact	 facts[] = {
		{ "offered", offered, NULL },
		{ "encrypted", s->encrypted ? "yes" : "no", NULL },
	};

	report(r, &(struct check_finding){ .stage = CHECK_EHLO,
	    .facts = facts, .n_facts = sizeof(facts) / sizeof(facts[0]) },
	    "%s, the server offers %s", s->encrypted ? "in TLS" :
	    "in clear text", offered);
}

static void
report_login(struct run *r, const struct session *s)
{
	const char		*user = s->options->auth->user;
	char			 offered[512];
	const struct check_fact	 facts[] = {
		{ "user", user != NULL ? user : "", NULL },
		{ "mechanism", r->mechanism, NULL },
		{ "offered", offered, NULL },
	};

	/* Each is followed by a blank. */
	snprintf(offered, sizeof(offered), "%.*s", s->mechanisms.len > 0 ?
	    (int)s->mechanisms.len - 1 : 0, s->mechanisms.data);
	report(r, &(struct check_finding){ .stage = CHECK_AUTH,
	    .facts = facts, .n_facts = sizeof(facts) / sizeof(facts[0]) },
	    "logged in%s%s with %s; offered: %s", user != NULL ? " as " : "",
	    user != NULL ? user : "", r->mechanism, offered);
}

static void
report_passed(void *context, const struct session *s, enum session_step step)
{
	struct run	*r = context;
	char		 line[800];

	switch ((int)step) {
	case STEP_GREETING:
		report(r, &(struct check_finding){ .stage = CHECK_GREETING },
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

/* A client hello that gets no answer is often dropped on its way. */
static void
report_silence(struct run *r, const struct failure *why)
{
	const struct connection	*c = r->connection;

	snprintf(r->remedy, sizeof(r->remedy), "a firewall between this "
	    "machine and the server may drop it; to compare, run \"openssl "
	    "s_client%s -connect %s -groups X25519\": if that succeeds, large "
	    "client hellos are dropped, and \"Groups = X25519\" in openssl.cnf "
	    "makes them smaller", c->options.tls_policy ==
	    SESSION_TLS_IMPLICIT ? "" : c->options.lmtp ? " -starttls lmtp" :
	    " -starttls smtp", r->object);
	report(r, &(struct check_finding){ .stage = CHECK_TLS,
	    .verdict = CHECK_FAIL, .status = why->status,
	    .remedy = r->remedy }, "the server does not answer the TLS client "
	    "hello: %s", without_step(why->text));
}

static void
report_session_failure(struct run *r, const struct failure *why)
{
	const struct session	*s = &r->connection->session;
	enum check_stage	 stage = CHECK_TLS;
	const char		*remedy = remedy_for(r, why, s->step);

	if (s->step == STEP_GREETING)
		stage = CHECK_GREETING;
	else if (s->step == STEP_EHLO)
		stage = CHECK_EHLO;
	else if (s->step == STEP_AUTH)
		stage = CHECK_AUTH;
	if (s->step == STEP_TLS && strstr(why->text, "timed out") != NULL) {
		report_silence(r, why);
		return;
	}
	if (why->cause == TLS_CAUSE_NOT_YET_VALID)
		remedy = "if the clock of this machine is wrong, set it, for "
		    "example with \"timedatectl set-ntp true\"";
	report(r, &(struct check_finding){ .stage = stage,
	    .verdict = CHECK_FAIL, .status = why->status,
	    .remedy = remedy != NULL ? remedy : usual_remedy(r, stage, why) },
	    "%s", without_step(why->text));
}

/*
 * MAIL, RCPT and RSET.
 */

/* A refusal for now, or of an address that is a guess, is a warning. */
static void
report_refusal(struct run *r, enum check_stage stage, const struct failure *why)
{
	const struct session	*s = &r->connection->session;
	bool			 mild = !s->broken && (r->target->is_guess ||
				    s->reply.code / 100 == 4);
	const char		*remedy = remedy_for(r, why, s->step);

	if (remedy == NULL && !mild)
		remedy = usual_remedy(r, stage, why);
	report(r, &(struct check_finding){ .stage = stage,
	    .verdict = mild ? CHECK_WARNING : CHECK_FAIL,
	    .status = mild ? EX_OK : why->status, .remedy = remedy }, "%s%s",
	    why->text, !mild ? "" : s->reply.code / 100 == 4 ?
	    " (for now: the queue tries again)" : " (an example of an address "
	    "that the section matches)");
}

static void
check_transaction(struct run *r, const struct reach *addresses)
{
	const struct check_target	*t = r->target;
	struct session			*s = &r->connection->session;
	struct envelope			 env = { .n = 0 };
	struct failure			 why;
	char				 line[800];
	bool				 accepted;

	if (t->sender == NULL) {
		report(r, &(struct check_finding){ .stage = CHECK_MAIL,
		    .verdict = CHECK_SKIPPED }, "the sender is not known");
		return;
	}
	envelope_set_reverse(&env, t->sender);
	if (t->recipient != NULL)
		envelope_add(&env, t->recipient);
	accepted = probe_mail(s, &env, &why);
	if (accepted)
		report(r, &(struct check_finding){ .stage = CHECK_MAIL },
		    "MAIL FROM:<%s>: %s", t->sender, reply_line(&s->reply,
		    line, sizeof(line)));
	else
		report_refusal(r, CHECK_MAIL, &why);
	sender_policy_check(r->check, t, &(struct sender_policy_server){
	    .smarthost = r->connection->smarthost, .addresses = addresses,
	    .object = r->object });
	if (accepted && t->recipient == NULL)
		report(r, &(struct check_finding){ .stage = CHECK_RCPT,
		    .verdict = CHECK_SKIPPED, .remedy = "name the address "
		    "for mail to root in the key root" }, "mail to root has "
		    "no address");
	else if (accepted && probe_rcpt(s, &env, &why))
		report(r, &(struct check_finding){ .stage = CHECK_RCPT },
		    "RCPT TO:<%s>: %s", t->recipient, reply_line(&s->reply,
		    line, sizeof(line)));
	else if (accepted)
		report_refusal(r, CHECK_RCPT, &why);
	r->replied = !s->broken;
	if (r->replied && probe_rset(s, &why))
		report(r, &(struct check_finding){ .stage = CHECK_RSET },
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
report_clear_text(struct run *r, const struct session *s)
{
	const struct setting	*tls = config_find(r->check->config,
				    &r->target->subject, KEY_TLS);

	if (connect_is_local(s->stream.fd))
		report(r, &(struct check_finding){ .stage = CHECK_TLS },
		    "not used: the server is on this machine");
	else
		report(r, &(struct check_finding){ .stage = CHECK_TLS,
		    .verdict = CHECK_WARNING, .origin = tls != NULL ?
		    tls->origin : NULL, .remedy = "if the server supports "
		    "TLS, set tls = required" }, "not used: everything is sent "
		    "in clear text");
}

/* Reports why there is no login, and whether the session can be used. */
static bool
check_login(struct run *r, const struct failure *no_secret)
{
	if (no_secret->status == EX_OK) {
		if (r->connection->options.auth == NULL)
			report(r, &(struct check_finding){
			    .stage = CHECK_AUTH }, "not used: no credentials "
			    "are configured");
		return true;
	}
	if (no_secret->status == EX_NOPERM)
		report(r, &(struct check_finding){ .stage = CHECK_AUTH,
		    .verdict = CHECK_SKIPPED, .remedy = "run \"relais check\" "
		    "as root or as user relais" }, "AUTH, MAIL and RCPT are "
		    "not checked: %s", no_secret->text);
	else
		report(r, &(struct check_finding){ .stage = CHECK_AUTH,
		    .verdict = CHECK_FAIL, .status = no_secret->status },
		    "%s", no_secret->text);
	return false;
}

static bool
prepare_session(struct run *r, struct failure *no_secret)
{
	struct connection	*c = r->connection;
	struct tls_decision	 d;
	int64_t			 ms;

	no_secret->status = EX_OK;
	c->no_login = false;
	if (!tls_policy_decide(&d, c, no_secret)) {
		report_failure(r, CHECK_TLS, STEP_TLS, no_secret);
		return false;
	}
	if (!connection_prepare(c, no_secret)) {
		connection_close(c);
		c->no_login = true;
		if (!connection_prepare(c, no_secret)) {
			report_failure(r, CHECK_TLS, STEP_TLS, no_secret);
			return false;
		}
	}
	ms = c->options.timeout_ms;
	c->options.timeout_ms = ms == 0 || ms > REPLY_MS ? REPLY_MS : ms;
	c->options.greeting_ms = 0;
	c->options.prefix = "";
	return true;
}

static void
check_session(struct run *r, int fd, const struct reach *addresses)
{
	const struct session_trace	trace = { note_line, r };
	const struct session_watch	watch = { report_passed, r };
	struct connection		*c = r->connection;
	struct failure			 no_secret, why;

	if (!prepare_session(r, &no_secret)) {
		close(fd);
		return;
	}
	c->options.trace = &trace;
	c->options.watch = &watch;
	if (!connection_open_on(c, fd, &why)) {
		report_session_failure(r, &why);
	} else {
		if (!c->session.encrypted)
			report_clear_text(r, &c->session);
		if (check_login(r, &no_secret))
			check_transaction(r, addresses);
	}
	connection_close(c);
}

/*
 * The addresses of one host.
 */

/*
 * After a mail port has timed out: looks for a mail port that answers.  Sets
 * r->remedy and returns true if there is one.
 */
static bool
find_other_port(struct run *r, const struct reach_attempt *failed,
    const struct connect_options *options, struct buffer *silent)
{
	static const struct {
		uint16_t	 port;
		const char	*scheme;
	} ports[] = { { 587, "submission" }, { 465, "submissions" },
	    { 2525, "submission" }, { 25, "smtp" } };
	enum { PORTS = sizeof(ports) / sizeof(ports[0]) };
	struct connect_options	 how = *options;
	struct reach		*others;
	bool			 is_mail_port = false, found = false;

	for (size_t i = 0; i < PORTS; i++)
		is_mail_port |= ports[i].port == failed->port;
	if (!is_mail_port)
		return false;
	others = memory_new(1, sizeof(*others));
	for (size_t i = 0; i < PORTS; i++)
		reach_add_port(others, failed, ports[i].port);
	if (how.timeout_ms > OTHER_PORTS_MS)
		how.timeout_ms = OTHER_PORTS_MS;
	reach_connect(others, &how);
	for (size_t i = 0; i < PORTS; i++) {
		const char	*host = r->connection->at.host;

		if (others->attempt[i].fd == -1) {
			if (others->attempt[i].error == ETIMEDOUT)
				buffer_addf(silent, "%s%u", silent->len > 0 ?
				    ", " : "", ports[i].port);
			continue;
		}
		if (found)
			continue;
		snprintf(r->remedy, sizeof(r->remedy), "port %u answers: if "
		    "the server accepts your mail there, set smarthost = "
		    "%s://%s%s%s:%u (%s)", ports[i].port, ports[i].scheme,
		    strchr(host, ':') != NULL ? "[" : "", host,
		    strchr(host, ':') != NULL ? "]" : "", ports[i].port,
		    r->target->smarthost->origin);
		found = true;
	}
	reach_close(others);
	free(others);
	return found;
}

/* What to change if a connection is not made; NULL if nothing is. */
static const char *
connect_remedy(const struct reach_attempt *a, bool reached)
{
	if (a->no_source)
		return "set source_address to an address of this machine";
	if (reached)
		return a->error != ETIMEDOUT ? NULL : "if this address never "
		    "answers, its owner should remove it; family selects the "
		    "others";
	switch (a->error) {
	case ECONNREFUSED:
		return "no server listens there: check the host and the port "
		    "of smarthost";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "check the network of this machine, for example with "
		    "\"ip route\"";
	case ETIMEDOUT:
		return "a firewall may block the port: ask the provider of "
		    "the network";
	}
	return NULL;
}

static void
report_attempt(struct run *r, const struct reach_attempt *a,
    const struct connect_options *how, bool reached)
{
	enum check_verdict	 verdict = reached ? CHECK_WARNING : CHECK_FAIL;
	const char		*remedy = connect_remedy(a, reached);
	struct buffer		 silent = { 0 };
	char			 object[100], ms[32];
	const struct check_fact	 facts[] = { { "ms", ms, NULL } };

	snprintf(object, sizeof(object), strchr(a->address, ':') != NULL ?
	    "[%s]:%u" : "%s:%u", a->address, a->port);
	snprintf(ms, sizeof(ms), "%lld", (long long)a->ms);
	if (a->fd != -1) {
		report(r, &(struct check_finding){ .stage = CHECK_CONNECT,
		    .object = object, .facts = facts, .n_facts = 1 },
		    "connected in %s ms", ms);
		return;
	}
	/* A machine without IPv6 is usual; no mail waits for it. */
	if (reached && (a->error == ENETUNREACH || a->error == EADDRNOTAVAIL ||
	    a->error == EAFNOSUPPORT))
		verdict = CHECK_OK;
	if (!reached && (a->error == ETIMEDOUT || a->error == EHOSTUNREACH) &&
	    !r->tried_ports) {
		r->tried_ports = true;
		if (find_other_port(r, a, how, &silent))
			remedy = r->remedy;
	}
	report(r, &(struct check_finding){ .stage = CHECK_CONNECT,
	    .verdict = verdict, .status = verdict == CHECK_FAIL ?
	    EX_TEMPFAIL : EX_OK, .object = object, .remedy = remedy,
	    .facts = facts, .n_facts = 1 },
	    "%s%s after %s ms%s%s%s", a->no_source ? "source_address: " : "",
	    strerror(a->error), ms, silent.len > 0 ? "; ports that time out: " :
	    "", silent.len > 0 ? silent.data : "", verdict == CHECK_OK ?
	    " (mail uses another address)" : verdict == CHECK_WARNING ?
	    "; mail uses another address" : "");
	buffer_free(&silent);
}

/* Tries all addresses.  Returns a connected socket, or -1. */
static int
check_addresses(struct run *r, struct reach *addresses)
{
	struct connection	*c = r->connection;
	struct connect_options	 how;
	struct failure		 why;
	struct buffer		 list = { 0 };
	int			 fd = -1;

	connection_connect_options(c, &how);
	if (c->at.host == NULL) {
		fd = connect_to(&c->at, &how, &why);
		if (fd == -1)
			report_failure(r, CHECK_CONNECT, STEP_TLS, &why);
		else
			report(r, &(struct check_finding){
			    .stage = CHECK_CONNECT }, "connected");
		return fd;
	}
	if (!reach_resolve(addresses, &c->at, &how, &why)) {
		report_failure(r, CHECK_LOOKUP, STEP_TLS, &why);
		return -1;
	}
	for (size_t i = 0; i < addresses->n; i++)
		buffer_addf(&list, "%s%s", i > 0 ? ", " : "",
		    addresses->attempt[i].address);
	if (addresses->left_out > 0)
		buffer_addf(&list, " and %zu more", addresses->left_out);
	report(r, &(struct check_finding){ .stage = CHECK_LOOKUP,
	    .object = c->at.host }, "%s%s%s", list.data,
	    r->target->section != NULL ? ", for " : "",
	    r->target->section != NULL ? r->target->section : "");
	buffer_free(&list);
	reach_connect(addresses, &how);
	for (size_t i = 0; i < addresses->n && fd == -1; i++)
		fd = addresses->attempt[i].fd;
	for (size_t i = 0; i < addresses->n; i++)
		report_attempt(r, &addresses->attempt[i], &how, fd != -1);
	for (size_t i = 0; i < addresses->n; i++)
		if (addresses->attempt[i].fd == fd)
			addresses->attempt[i].fd = -1;
	reach_close(addresses);
	return fd;
}

static void
check_endpoint(struct run *r)
{
	const struct endpoint	*at = &r->connection->at;
	struct reach		*addresses = memory_new(1, sizeof(*addresses));
	int			 fd;

	if (at->host == NULL)
		strlcpy(r->object, at->path, sizeof(r->object));
	else
		snprintf(r->object, sizeof(r->object),
		    strchr(at->host, ':') != NULL ? "[%s]:%u" : "%s:%u",
		    at->host, at->port);
	fd = check_addresses(r, addresses);
	if (fd != -1)
		check_session(r, fd, addresses);
	free(addresses);
}

/*
 * The servers of a smarthost.
 */

/*
 * Checks servers in the order of relay/, which does not try the next one if one
 * has replied to MAIL or RCPT.  Returns whether mail leaves.
 */
static bool
check_endpoints(struct run *r, struct endpoints *e)
{
	struct connection	*c = r->connection;
	bool			 decided = false, leaves = false;
	struct failure		 why;
	enum endpoints_result	 next;

	while ((!decided || r->check->all) &&
	    !interrupt_came(r->check->interrupt) &&
	    (next = endpoints_next(e, &why)) != ENDPOINTS_END) {
		r->failed = r->replied = r->tried_ports = false;
		c->smarthost = e->smarthost;
		c->at = e->at;
		if (next == ENDPOINTS_FOUND)
			check_endpoint(r);
		else
			report(r, &(struct check_finding){
			    .stage = CHECK_LOOKUP, .verdict = CHECK_FAIL,
			    .status = why.status, .object = c->smarthost->host,
			    .remedy = usual_remedy(r, CHECK_LOOKUP, &why) },
			    "%s", why.text);
		if (!decided && (r->replied || !r->failed)) {
			decided = true;
			leaves = !r->failed;
		}
	}
	return leaves;
}

bool
check_smarthost(struct check *check, const struct check_target *target)
{
	struct run		 r = { .check = check, .target = target };
	struct connection	*c = memory_new(1, sizeof(*c));
	struct endpoints	 e = { .next = 0 };
	struct failure		 why;
	bool			 leaves = false;

	r.connection = c;
	connection_begin(c);
	c->config = check->config;
	c->me = check->me;
	c->interrupt = check->interrupt;
	c->commands = &check->commands;
	c->subject = target->subject;
	held_begin(check);
	if (endpoints_begin_with(&e, target->smarthost, &why))
		leaves = check_endpoints(&r, &e);
	else
		report(&r, &(struct check_finding){ .stage = CHECK_LOOKUP,
		    .verdict = CHECK_FAIL, .status = why.status }, "%s",
		    why.text);
	held_end(check, leaves ? "; mail uses another server" : NULL);
	endpoints_free(&e);
	buffer_free(&r.keywords);
	free(c);
	return leaves;
}
