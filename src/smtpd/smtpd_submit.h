/*
 * smtpd_submit.h - an SMTP or LMTP session that submits its messages
 *
 * Each complete message is passed to submit_message(); the reply contains its
 * outcome.  All messages are sent through the same session with the smarthost
 * until the smarthost closes it.  If a signal arrives, the current message is
 * queued, and the reply is written before the session ends.
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
	struct submit	*submit;	/* borrowed; of smtpd_submit_open() */
	int64_t		 idle_ms;	/* wait for the client, 0: no limit */

	/*
	 * As in struct smtpd_policy; or NULL.  .ended, unless it is NULL, is
	 * called after each message, before the reply to it.  accepted: the
	 * message was delivered or queued for at least one recipient.
	 */
	bool		(*mail)(void *context, struct smtpd_reply *);
	void		(*ended)(void *context, bool accepted);

	/*
	 * Offer XRELAIS OPTIONS and XRELAIS RESULT (submit/service_protocol.h),
	 * and pass other commands that begin with XRELAIS to .command; see
	 * smtpd_session.h.  NULL: there are none.
	 */
	bool		 private_commands;
	bool		(*command)(void *context, char *text,
			    struct smtpd_reply *);
	void		*context;
};

/*
 * Opens a submission for sessions, and enters the sandbox.  .confine and
 * .each_recipient of the options are ignored.  End it with submit_close().
 */
void	smtpd_submit_open(struct submit *, const struct submit_options *);

/*
 * Runs a session and returns the result of smtpd_session().  Fills in .map of
 * each result.
 */
bool	smtpd_submit(struct stream *, const struct smtpd_submit_options *,
	    struct failure *why);

#endif
