/*
 * smtpd_command.h - MAIL and RCPT taken apart (RFC 5321 section 4.1.2)
 *
 * Forgiving where nothing can be misread: white space behind the colon, no
 * angle brackets.  Strict about parameters: each that is known is checked,
 * each that is not is refused.
 */
#ifndef SMTPD_COMMAND_H
#define SMTPD_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/address.h"
#include "mail/envelope.h"
#include "smtpd/answer.h"

struct mail_command {
	struct address	 sender;	/* two empty parts: the null path */
	uint64_t	 size;		/* SIZE=, 0 if not said */
	char		*envid;		/* owned, or NULL */
	enum dsn_return	 ret;
};

struct rcpt_command {
	struct address	 recipient;
	unsigned	 notify;
	char		*orcpt;		/* owned, or NULL */
};

/*
 * The text behind the verb; it is changed.  False with the answer to give,
 * the struct then owns nothing.
 */
bool	mail_command_parse(struct mail_command *, char *text,
	    struct answer *);
bool	rcpt_command_parse(struct rcpt_command *, char *text,
	    struct answer *);

void	mail_command_free(struct mail_command *);
void	rcpt_command_free(struct rcpt_command *);

#endif
