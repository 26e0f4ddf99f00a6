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
#include "submit/submit.h"
#include "util/failure.h"

/*
 * Runs a session; see smtpd_session().  The sandbox is entered before the
 * greeting, whatever the options say.  idle_ms: how long to wait for the
 * client, 0: no limit.
 */
bool	smtpd_submit(struct stream *, const struct submit_options *,
	    int64_t idle_ms, struct failure *why);

#endif
