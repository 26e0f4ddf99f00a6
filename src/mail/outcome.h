/*
 * outcome.h - what became of one forward-path in one attempt
 */
#ifndef MAIL_OUTCOME_H
#define MAIL_OUTCOME_H

#include <stdbool.h>

enum outcome_kind {
	OUTCOME_WAITING,	/* nothing has been tried for it yet */
	OUTCOME_DELIVERED,	/* the smarthost said 2xx and has it now */
	OUTCOME_DEFERRED,	/* try again later */
	OUTCOME_FAILED,		/* refused for good */
};

/* The step of a session that a reply or a failure belongs to. */
enum session_step {
	STEP_GREETING, STEP_EHLO, STEP_STARTTLS, STEP_TLS, STEP_AUTH,
	STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_BODY, STEP_FINAL, STEP_RSET,
	STEP_NOOP, STEP_QUIT,
};

struct outcome {
	enum outcome_kind	kind;
	int			status;		/* EX_* for the caller */
	int			code;		/* reply code, 0: no reply */
	enum session_step	step;
	char			enhanced[12];	/* "5.1.1" or "" */
	bool			in_doubt;	/* deferred, but the server may
						 * have taken it: the reply to
						 * the last byte was lost */
	char			text[1024];	/* step and reply, one line,
						 * safe for a terminal */
	bool			unasked;	/* no server was asked: none was
						 * reached, or none would have
						 * us; nobody's fault here */
};

#endif
