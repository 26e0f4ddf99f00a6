/*
 * smtpd_command.h - parse the arguments of MAIL, RCPT and BDAT (RFC 5321
 * section 4.1.2, RFC 3030)
 *
 * Syntax errors that cannot be misread are accepted: white space after the
 * colon, a path without angle brackets.  A parameter that is not supported is
 * refused, and so is a supported parameter with an invalid value.
 */
#ifndef SMTPD_COMMAND_H
#define SMTPD_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/address.h"
#include "mail/envelope.h"
#include "smtpd/smtpd_reply.h"

struct smtpd_mail {
	struct address	 sender;	/* null sender: both parts empty */
	uint64_t	 size;		/* SIZE=, 0 without it */
	char		*envid;		/* owned, or NULL */
	enum dsn_return	 ret;
};

struct smtpd_rcpt {
	struct address	 recipient;
	unsigned	 notify;
	char		*orcpt;		/* owned, or NULL */
};

/*
 * Each parses the text after the verb, which it changes.  Returns false after
 * setting the error reply; the struct then owns nothing.
 */
bool	smtpd_mail_parse(struct smtpd_mail *, char *text,
	    struct smtpd_reply *);
bool	smtpd_rcpt_parse(struct smtpd_rcpt *, char *text,
	    struct smtpd_reply *);

void	smtpd_mail_free(struct smtpd_mail *);
void	smtpd_rcpt_free(struct smtpd_rcpt *);

/* "SIZE" or "SIZE LAST". */
bool	smtpd_bdat_parse(char *text, uint64_t *size, bool *last);

#endif
