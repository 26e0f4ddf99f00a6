/*
 * dialogue.h - the smarthost's side of an SMTP session
 *
 * A default reply is worked out first; then the script's step, if one
 * applies, puts its own in place; then the state follows from the reply that
 * was given.
 */
#ifndef SUPPORT_DIALOGUE_H
#define SUPPORT_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/peer.h"

struct dialogue {
	struct peer	*peer;
	SSL_CTX		*tls;		/* NULL: none */
	unsigned	 hits[SCRIPT_STEPS];
	bool		 greeted;	/* by EHLO, HELO or LHLO */
	bool		 authenticated;
	bool		 mail;		/* a transaction is open */
	unsigned	 n_mails;
	char	       **rcpt;		/* accepted paths */
	size_t		 n_rcpt, cap_rcpt;
	bool		 in_chunks;	/* BDAT has begun */
	struct received	*body;		/* of the message being received */
	bool		 over;		/* the connection is done with */
	int		 code;		/* of the reply given last */
};

/* One whole connection, from the greeting to its end. */
void	dialogue_run(struct peer *, SSL_CTX *);

/*
 * Gives the reply for a stage: the step's, or else the text (lines parted by
 * \n), and sets .code.  False, with .over, when the connection ends here.
 */
bool	dialogue_answer(struct dialogue *, enum stage, const char *line,
	    const char *text);

/*
 * The next line, without its end, good until the next call that reads.
 * Replies go out before waiting.  False at the end of the connection.
 */
bool	dialogue_line(struct dialogue *, char **line);

/* The AUTH command with what follows its verb, to its end (exchange.c). */
void	dialogue_auth(struct dialogue *, const char *line, const char *args);

/* The message behind a 354; one BDAT chunk (body.c). */
void	dialogue_data(struct dialogue *);
void	dialogue_chunk(struct dialogue *, const char *line, const char *args);

/* Forgets the transaction (RSET, EHLO, end of the message). */
void	dialogue_reset(struct dialogue *);
void	received_free(struct received *);

/* What may be said about a script's step for this stage; NULL: none. */
const struct step *dialogue_step(struct dialogue *, enum stage,
	    const char *line);
bool	dialogue_perform(struct dialogue *, const struct step *,
	    const char *text);

#endif
