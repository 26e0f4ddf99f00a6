/*
 * dialogue.h - the smarthost's side of an SMTP session
 *
 * For each command, the default reply is determined first; a step of the
 * script may replace it; then the state changes as the reply says.
 */
#ifndef SUPPORT_DIALOGUE_H
#define SUPPORT_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/peer.h"

struct dialogue {
	struct peer	*peer;
	SSL_CTX		*tls;		/* NULL: no TLS */
	unsigned	 hits[SCRIPT_STEPS];
	bool		 greeted;	/* by EHLO, HELO or LHLO */
	bool		 authenticated;
	bool		 mail;		/* a transaction is open */
	unsigned	 n_mails;
	char	       **rcpt;		/* accepted paths */
	size_t		 n_rcpt, cap_rcpt;
	bool		 in_chunks;	/* BDAT has begun */
	struct received	*body;		/* of the message being received */
	bool		 over;		/* the connection has ended */
	int		 code;		/* of the last reply */
};

/* Serves one connection, from the greeting to its end. */
void	dialogue_run(struct peer *, SSL_CTX *);

/*
 * Sends the reply for a stage: the step's, or else the text (lines separated
 * by \n), and sets .code.  Returns false, with .over set, if the connection
 * ends here.
 */
bool	dialogue_answer(struct dialogue *, enum stage, const char *line,
	    const char *text);

/*
 * The next line without its line end, valid until the next call that reads.
 * Replies are sent before it waits.  Returns false at the end of the
 * connection.
 */
bool	dialogue_line(struct dialogue *, char **line);

/* Performs the AUTH exchange; args follow the verb (exchange.c). */
void	dialogue_auth(struct dialogue *, const char *line, const char *args);

/* Receives the message after a 354, or one BDAT chunk (body.c). */
void	dialogue_data(struct dialogue *);
void	dialogue_chunk(struct dialogue *, const char *line, const char *args);

/* Discards the transaction (RSET, EHLO, end of the message). */
void	dialogue_reset(struct dialogue *);
void	received_free(struct received *);

/* The step of the script for this stage, or NULL; and performing it. */
const struct step *dialogue_step(struct dialogue *, enum stage,
	    const char *line);
bool	dialogue_perform(struct dialogue *, const struct step *,
	    const char *text);

#endif
