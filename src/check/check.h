/*
 * check.h - test the whole chain from the configuration to the smarthost
 *
 * The stages run in the order of enum check_stage; those after CHECK_PROGRAM
 * run once for each smarthost.  Each stage reports what it found, at least one
 * finding, to a function of the caller.  check/ prints nothing and sends no
 * message.
 *
 * A problem is reported once, by the first stage that can see it.  Stages that
 * cannot run because of it are not reported, except if nothing else would tell
 * the reader why: then the verdict is CHECK_SKIPPED, with the reason.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "config/command_process.h"
#include "config/config.h"
#include "config/connect_process.h"
#include "config/identity.h"
#include "setup/provider.h"
#include "smtp/session.h"
#include "util/failure.h"
#include "util/interrupt.h"

enum check_stage {
	CHECK_CONFIG,		/* values, and keys that contradict others */
	CHECK_SECRETS,		/* files that contain passwords and keys, and
				 * logins with OAuth 2 */
	CHECK_ALIASES,
	CHECK_SPOOL,
	CHECK_SERVICE,
	CHECK_NAMES,		/* of this machine: helo, domain */
	CHECK_PROGRAM,		/* /usr/sbin/sendmail */
	CHECK_LOOKUP,		/* names and addresses of the smarthost */
	CHECK_CONNECT,		/* TCP, to each address */
	CHECK_GREETING,
	CHECK_EHLO,		/* before and after TLS */
	CHECK_TLS,
	CHECK_AUTH,
	CHECK_MAIL,		/* the sender, and its SPF and DMARC records */
	CHECK_RCPT,
	CHECK_RSET,
	CHECK_STAGES
};

enum check_verdict {
	CHECK_OK,
	CHECK_WARNING,		/* mail leaves, but something should change */
	CHECK_FAIL,		/* mail does not leave */
	CHECK_SKIPPED,		/* not checked: the text says why */
	CHECK_VERDICTS
};

/* A detail: for the JSON, and for people who ask for details. */
struct check_fact {
	const char	*name;		/* "cipher", "smarthost" */
	const char	*value;
	const char	*origin;	/* "/etc/relais.conf:3", or NULL */
};

/*
 * All texts are borrowed until check_report() returns.  They can contain text
 * from a server without escapes: .report must make it visible.
 */
struct check_finding {
	enum check_stage	 stage;
	enum check_verdict	 verdict;
	int			 status;	/* EX_*, of CHECK_FAIL only */
	const char		*object;	/* "smtp.example.org:587",
						 * "[2001:db8::1]:587",
						 * "/etc/aliases", "[from *]";
						 * or NULL */
	const char		*origin;	/* file and line that decide, or
						 * NULL */
	const char		*remedy;	/* what to change or to run: a
						 * sentence without a final
						 * full stop; or NULL */
	const struct check_fact	*facts;
	size_t			 n_facts;
	const char		*text;		/* set by check_report(): what
						 * was found, without the
						 * object, on one line */
};

struct check {
	/* Set by the caller, and borrowed. */
	const struct config	*config;
	const struct failure	*invalid;	/* why the configuration cannot
						 * be used; or NULL */
	const struct identity	*me;		/* the user of this process */
	struct interrupt	*interrupt;	/* ends each wait; or NULL */
	void			(*report)(void *context,
				    const struct check_finding *);
	void			*context;
	const struct session_trace *trace;	/* of each dialogue; or NULL */
	bool			 all;		/* also check the servers that
						 * are used only if another one
						 * fails */
	const char		*sender;	/* for MAIL; NULL: the sender of
						 * a message from this user */
	const char		*recipient;	/* for RCPT; NULL: root */
	const char		*program;	/* NULL: /usr/sbin/sendmail */
	const struct provider_table *providers;	/* for the SPF record; or
						 * NULL */

	/* Results, zeroed by the caller. */
	unsigned		 n[CHECK_VERDICTS];
	int			 status;	/* of the first CHECK_FAIL, or
						 * EX_OK */

	/* Private, and zeroed by the caller. */
	struct command_process	 commands;
	struct connect_process	 connector;
	struct check_held	*held;
};

/* "config", "secrets" ... "rset": for the JSON. */
const char *check_stage_name(enum check_stage);

/* "ok", "warning", "fail", "skipped": for the JSON. */
const char *check_verdict_name(enum check_verdict);

/* Counts a finding, whose text is formatted, and calls .report. */
void	check_report(struct check *, const struct check_finding *,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Reports CHECK_FAIL with the text and the status of why. */
void	check_report_failure(struct check *, const struct check_finding *,
	    const struct failure *why);

/* Runs all stages, the last of them by check_smarthosts(). */
void	check_run(struct check *);

/*
 * Runs the stages from CHECK_LOOKUP for the smarthost at the top of the
 * configuration and for that of each section.  This process enters the sandbox
 * (util/sandbox.h), as each process that communicates with a smarthost does.  A
 * caller that must not stay in the sandbox calls this function in a child.
 */
void	check_smarthosts(struct check *);

/* A setting of smarthost, and the mail that it would be used for. */
struct check_target {
	const struct setting	*smarthost;	/* borrowed, as is the rest */
	struct config_subject	 subject;	/* for config_text() and the
						 * other functions of config.h:
						 * selects the settings for
						 * this smarthost */
	const char		*section;	/* "[from *@example.org]", or
						 * NULL: the top of the file */
	const char		*sender;	/* the reverse-path; "" is the
						 * null sender; NULL: unknown */
	const char		*recipient;	/* or NULL: unknown */
	bool			 is_guess;	/* .sender or .recipient was
						 * made to match the section,
						 * and might not exist: if the
						 * server refuses it, that is a
						 * warning */
};

/*
 * Runs the stages from CHECK_LOOKUP to CHECK_RSET, with each address of a host
 * for CHECK_CONNECT.  If there are several servers (words of the setting, or
 * targets in the DNS), they are tried in the order in which mail tries them
 * (relay/), up to the first one that logs us in, or all of them if .all is set.
 * The failure of one server is a warning if mail goes to another one.
 *
 * Sends no message, and does not enter the sandbox.  Returns whether mail
 * leaves.
 */
bool	check_smarthost(struct check *, const struct check_target *);

#endif
