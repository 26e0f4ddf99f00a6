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
#include "submit/submit.h"
#include "util/failure.h"

/*
 * Runs a session and returns the result of smtpd_session().  Enters the sandbox
 * before the greeting and fills in .map of each result: .confine and
 * .each_recipient of the options are ignored.  idle_ms is the timeout for
 * input, 0: none.
 */
bool	smtpd_submit(struct stream *, const struct submit_options *,
	    int64_t idle_ms, struct failure *why);

#endif
