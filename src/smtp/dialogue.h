/*
 * dialogue.h - commands out, replies in, and the trace of both
 *
 * What session.h's functions are made of.  Commands are collected until a
 * reply is asked for, so a group of them leaves in one write.  The session's
 * step says which time-out holds and how a failure is told.
 */
#ifndef SMTP_DIALOGUE_H
#define SMTP_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "smtp/session.h"

/* One command line; CRLF is added. */
bool	dialogue_say(struct session *, struct failure *why, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * As dialogue_say(): words and, after them, base64 that nobody else is to see,
 * neither in the trace nor in what the server replies from now on.
 */
bool	dialogue_say_secret(struct session *, const char *words,
	    const char *base64, struct failure *why);

/*
 * Flushes and reads the next reply into s->reply.  False, with s->broken,
 * where there is none, and for 421 and 221: the server leaves then, whatever
 * was asked.  421 says that it was not done, 221 leaves that in doubt.  The
 * text begins with the step.
 */
bool	dialogue_hear(struct session *, enum session_step, struct failure *why);

/*
 * For what follows until a reply is asked for, each wait has the time-out of
 * the message to itself.
 */
void	dialogue_patience(struct session *);

/* Both, for a command that stands alone in its flight. */
bool	dialogue_ask(struct session *, enum session_step, struct failure *why,
	    const char *command);

/*
 * Nothing may have come that was not asked for: a reply too many would be
 * taken for the answer to the next command.
 */
bool	dialogue_is_quiet(struct session *, struct failure *why);

/* A remark in the trace. */
void	dialogue_remark(struct session *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* "greeting", "EHLO", "end of message" ... */
const char *dialogue_step_name(const struct session *, enum session_step);

/* The reply in s->reply refuses the step: fills *why, returns false. */
bool	dialogue_refused(struct session *, enum session_step,
	    int status_if_permanent, struct failure *why);

/* AUTH, after the last EHLO (RFC 4954). */
bool	authenticate(struct session *, struct failure *why);

#endif
