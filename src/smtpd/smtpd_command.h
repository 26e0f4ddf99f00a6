/*
 * smtpd_command.h - parse the arguments of MAIL, RCPT and BDAT (RFC 5321
 * section 4.1.2, RFC 3030)
 *
 * Two unambiguous syntax errors are accepted: blanks after the colon, and a
 * path without angle brackets.  Unsupported parameters and invalid values are
 * refused.
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
	uint64_t	 size;		/* of SIZE, or 0 */
	char		*envid;		/* owned, or NULL */
	enum dsn_return	 ret;
	bool		 requiretls;
};

struct smtpd_rcpt {
	struct address	 recipient;
	unsigned	 notify;
	char		*orcpt;		/* owned, or NULL */
};

/*
 * Each of these parses the text after the verb and changes the text.  On an
 * error, sets the reply and returns false; the struct then owns nothing.
 */
bool	smtpd_mail_parse(struct smtpd_mail *, char *text,
	    struct smtpd_reply *);
bool	smtpd_rcpt_parse(struct smtpd_rcpt *, char *text,
	    struct smtpd_reply *);

void	smtpd_mail_free(struct smtpd_mail *);
void	smtpd_rcpt_free(struct smtpd_rcpt *);

/* Parses "1000" or "1000 LAST".  Returns false on a syntax error. */
bool	smtpd_bdat_parse(char *text, uint64_t *size, bool *last);

#endif
