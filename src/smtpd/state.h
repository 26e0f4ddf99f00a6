/*
 * state.h - what a session remembers; inside serve only
 */
#ifndef SMTPD_STATE_H
#define SMTPD_STATE_H

#include "smtpd/answer.h"
#include "smtpd/smtpd_session.h"

struct serving {
	struct stream			*stream;
	const struct serve_policy	*policy;
	struct buffer			 line;		/* the command */
	struct answer			 answer;	/* to be given to it */
	bool				 lmtp;		/* LHLO was said */
	bool				 bare_lf;	/* so ended the first
							 * command */
	bool				 over;
	unsigned			 commands;	/* all so far */
	unsigned			 fruitless;
	unsigned			 bad;

	/* The mail transaction, forgotten as a whole. */
	bool				 mail;		/* MAIL was taken */
	struct envelope			 envelope;
	struct message_limits		 limits;
	struct message			 message;
	bool				 receiving;	/* the message began */
	uint64_t			 received;	/* octets of it */
	struct failure			 failure;	/* of receiving it */
	bool				 failed;
};

/* serving.answer goes out, at the latest when we would wait for input. */
bool	serving_answer(struct serving *, struct failure *why);

void	serving_forget(struct serving *);	/* the transaction */

#endif
