/*
 * mock_session.h - the smarthost's side of an SMTP session
 *
 * For each command, the default reply is determined first; a step of the
 * script may replace it; then the state changes as the reply says.
 */
#ifndef SUPPORT_MOCK_SESSION_H
#define SUPPORT_MOCK_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/mock_conn.h"

struct mock_session {
	struct mock_conn	*conn;
	SSL_CTX		*tls;		/* NULL: no TLS */
	unsigned	 hits[SCRIPT_STEPS];
	bool		 greeted;	/* by EHLO, HELO or LHLO */
	bool		 authenticated;
	bool		 mail;		/* a transaction is open */
	unsigned	 n_mails;
	char	       **rcpt;		/* accepted paths */
	size_t		 n_rcpt, cap_rcpt;
	bool		 in_chunks;	/* BDAT has begun */
	struct mock_body	*body;		/* the message being received */
	size_t		 finals;	/* replies to it that are left */
	bool		 over;		/* the connection has ended */
	int		 code;		/* of the last reply */
};

/* Serves one connection, from the greeting to its end. */
void	mock_session_run(struct mock_conn *, SSL_CTX *);

/*
 * Sends the reply for a stage: the step's, or else the text (lines separated
 * by \n), and sets .code.  Returns false, with .over set, if the connection
 * ends here.
 */
bool	mock_session_answer(struct mock_session *, enum stage, const char *line,
	    const char *text);

/*
 * The next line without its line end, valid until the next call that reads.
 * Replies are sent before it waits.  Returns false at the end of the
 * connection.
 */
bool	mock_session_line(struct mock_session *, char **line);

/* Performs the AUTH exchange; args follow the verb (mock_auth.c). */
void	mock_session_auth(struct mock_session *, const char *line,
	    const char *args);

/* Receives the message after a 354, or one BDAT chunk (mock_body.c). */
void	mock_session_data(struct mock_session *);
void	mock_session_chunk(struct mock_session *, const char *line,
	    const char *args);

/* Discards the transaction (RSET, EHLO, end of the message). */
void	mock_session_reset(struct mock_session *);
void	mock_body_free(struct mock_body *);

/* The step of the script for this stage, or NULL; and performing it. */
const struct step *mock_session_step(struct mock_session *, enum stage,
	    const char *line);
bool	mock_session_perform(struct mock_session *, const struct step *,
	    const char *text);

#endif
