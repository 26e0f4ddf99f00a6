/*
 * dialogue.h - send commands and read replies in a session
 *
 * session.c, authenticate.c and transaction.c use these functions.  Commands
 * are kept in the output buffer until a reply is read, so that a group of
 * commands is sent in one write.  The step selects the timeout (RFC 5321
 * section 4.5.3.2) and is named in the text of a failure.  Commands and replies
 * are passed to the trace of the session.
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

/* Sends the command line in the buffer, to which CRLF is appended. */
bool	dialogue_send_line(struct session *, struct buffer *line,
	    struct failure *why);

/*
 * Sends words and base64 in one line.  The base64 is a secret: it is masked in
 * the trace and in every later reply.
 */
bool	dialogue_send_secret(struct session *, const char *words,
	    const char *base64, struct failure *why);

/*
 * Flushes, and reads the next reply into s->reply.  Returns false, with why,
 * and sets s->broken if no valid reply is received or the reply is 421 or 221,
 * which announce that the server closes the connection.  After 421 the command
 * was not executed; after 221 this is unknown.  The text begins with the step.
 */
bool	dialogue_receive(struct session *, enum session_step,
	    struct failure *why);

/*
 * Sets the timeout for writing a flight, which may have to wait.  Without this,
 * the rest of the previous timeout would apply.
 */
void	dialogue_begin_flight(struct session *);

/*
 * Sets the timeout for sending the message.  Until the next
 * dialogue_receive(), it applies to each wait separately.
 */
void	dialogue_begin_message(struct session *);

/*
 * Flushes, and reads a reply whose lines may have up to SESSION_LINE_MAX
 * octets; s->reply has the code and the last line.  If the reply is positive,
 * calls each() for each line, if it is not NULL.  Returns false, with why, and
 * sets s->broken as dialogue_receive() does, or if each() returns false.
 */
bool	dialogue_receive_lines(struct session *,
	    bool (*each)(void *context, const char *text, struct failure *),
	    void *context, struct failure *why);

/* Sends a single command and reads the reply. */
bool	dialogue_command(struct session *, enum session_step,
	    struct failure *why, const char *command);

/*
 * Returns false, with why, if the server has sent unexpected input, which would
 * be taken for the reply to the next command.
 */
bool	dialogue_is_idle(struct session *, struct failure *why);

/*
 * The commands of an envelope that is sent ahead are not traced when they are
 * sent, but before their replies, so that the dialogue of each message is
 * complete and separate.
 */
void	dialogue_hold_lines(struct session *);
void	dialogue_trace_held(struct session *);

/* Adds a remark to the trace. */
void	dialogue_remark(struct session *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* "greeting", "EHLO", "end of message" ... */
const char *dialogue_step_name(const struct session *, enum session_step);

/*
 * Call this if the reply in s->reply is a refusal: fills in *why and returns
 * false.
 */
bool	dialogue_refused(struct session *, enum session_step,
	    int status_if_permanent, struct failure *why);

/*
 * Call this if the class of the reply in s->reply is not valid at this step,
 * such as 354 after MAIL: sets s->broken, fills in *why and returns false.
 */
bool	dialogue_unexpected(struct session *, enum session_step,
	    struct failure *why);

#endif
