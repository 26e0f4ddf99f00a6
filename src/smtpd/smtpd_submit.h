/*
 * smtpd_submit.h - an SMTP or LMTP session that submits its messages
 *
 * Each message is submitted when it is complete (submit/submit.h), and the
 * reply tells its outcome.  All messages use one session with the smarthost
 * for as long as the smarthost keeps it open.  If a signal arrives, the current
 * message is queued and its reply is written before the session ends.
 */
#ifndef SMTPD_SUBMIT_H
#define SMTPD_SUBMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "net/stream.h"
#include "smtpd/smtpd_reply.h"
#include "submit/submit.h"
#include "util/failure.h"

struct smtpd_submit_options {
	const struct submit_options *submit;	/* borrowed */
	int64_t		 idle_ms;	/* wait for the client, 0: no limit */

	/*
	 * Offer XRELAIS OPTIONS and XRELAIS RESULT (submit/service_protocol.h),
	 * and pass other commands that begin with XRELAIS to .command; see
	 * smtpd_session.h.  .command returns false if it does not know the
	 * command; NULL: there are none.
	 */
	bool		 private_commands;
	bool		(*command)(void *context, char *text,
			    struct smtpd_reply *);
	void		*context;
};

/*
 * Runs a session; see smtpd_session().  The sandbox is entered before the
 * greeting, whatever the options say.
 */
bool	smtpd_submit(struct stream *, const struct smtpd_submit_options *,
	    struct failure *why);

#endif
