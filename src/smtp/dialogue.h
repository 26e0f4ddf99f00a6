/*
 * dialogue.h - send commands, read replies, and trace both
 *
 * The functions of session.h are built on these.  Commands are collected
 * until a reply is read, so that a group of them leaves in one write.  The
 * step of the session selects the timeout (RFC 5321 section 4.5.3.2) and is
 * named in the text of a failure.
 */
#ifndef SMTP_DIALOGUE_H
#define SMTP_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "smtp/session.h"

/* Sends one command line; CRLF is added. */
bool	dialogue_send(struct session *, struct failure *why, const char *fmt,
	    ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * Sends words and base64 in one line.  The base64 is a secret: it is masked in
 * the trace, and in every reply from now on.
 */
bool	dialogue_send_secret(struct session *, const char *words,
	    const char *base64, struct failure *why);

/*
 * Flushes, and reads the next reply into s->reply.  Returns false and sets
 * s->broken if there is no valid reply, and after 421 and 221, which announce
 * that the server closes the connection: after 421 the command was not
 * executed, after 221 this is unknown.  The text of *why begins with the step.
 */
bool	dialogue_receive(struct session *, enum session_step,
	    struct failure *why);

/*
 * Until the next dialogue_receive(), the timeout of the message applies, to
 * each wait separately.
 */
void	dialogue_begin_message(struct session *);

/* Sends a command that is alone in its flight, and reads the reply. */
bool	dialogue_command(struct session *, enum session_step,
	    struct failure *why, const char *command);

/*
 * Returns false, with why, if the server has sent something that was not asked
 * for: it would be taken for the reply to the next command.
 */
bool	dialogue_is_idle(struct session *, struct failure *why);

/* Adds a remark to the trace. */
void	dialogue_remark(struct session *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* "greeting", "EHLO", "end of message" ... */
const char *dialogue_step_name(const struct session *, enum session_step);

/* The reply in s->reply is a refusal: fills in *why and returns false. */
bool	dialogue_refused(struct session *, enum session_step,
	    int status_if_permanent, struct failure *why);

/*
 * The reply in s->reply has a class that is not valid at this step, such as
 * 354 after MAIL: sets s->broken, fills in *why and returns false.
 */
bool	dialogue_unexpected(struct session *, enum session_step,
	    struct failure *why);

#endif
