/*
 * service.h - submit a message through the service's Unix socket
 *
 * The client side of relais serve.  The process speaks LMTP and the private
 * commands of submit/service_protocol.h; it opens no other connection and
 * reads no secret.
 */
#ifndef SUBMIT_SERVICE_H
#define SUBMIT_SERVICE_H

#include <stdbool.h>

#include "config/config.h"
#include "submit/service_protocol.h"
#include "submit/submit.h"
#include "util/buffer.h"
#include "util/failure.h"

enum service_answer {
	SERVICE_ACCEPTED,	/* the result has the outcomes */
	SERVICE_REFUSED,	/* the service replied that nothing can be
				 * sent: why */
	SERVICE_UNASKED,	/* the request itself is invalid: why; the
				 * service was not asked */

	/* The service does not have the message: why. */
	SERVICE_OFF,		/* the service must not be used */
	SERVICE_ABSENT,		/* the socket does not exist */
	SERVICE_DOWN,		/* the socket does not accept connections, or
				 * the service closed the connection */
	SERVICE_BUSY,		/* the service has as many clients as are
				 * allowed */
};

/*
 * The path of the socket, borrowed from the configuration, or NULL if the
 * service must not be used: socket is off; or a program that relais runs as a
 * smarthost has started this process; or socket is not set, and a setting of
 * the environment, of -o or of a user's file is in effect, which the service
 * would not know.  why->text is the reason, or "" if socket is off.
 */
const char *service_path(const struct config *, struct failure *why);

/*
 * $NAME, the full name that the user of this process has chosen, for the
 * options of a session; NULL if it is not set or too long.
 */
const char *service_own_name(void);

/*
 * Connects, waits for the greeting, and sets the options of the session.  While
 * the service is busy, tries again for a minute.  Returns SERVICE_ACCEPTED with
 * the descriptor and the greeting; or another answer, with why.
 */
enum service_answer service_connect(const char *path,
	    const struct service_options *, int *fd, struct buffer *greeting,
	    struct failure *why);

/*
 * For a user who depends on the service because this user cannot read a file:
 * appends to the error how to get the mail sent.  If the service is absent, or
 * down for the given reason, this is to start it, or the alternative in
 * otherwise.  If the service must not be used, appends the reason.
 */
void	service_advise(enum service_answer, const struct failure *reason,
	    const char *otherwise, struct failure *why);

/*
 * Submits a message.  With SERVICE_ACCEPTED, the envelope of the request is
 * changed to what was sent, as by submit_message(); otherwise the request is
 * unchanged.  Forward-paths are deferred with EX_TEMPFAIL if the connection is
 * lost or a signal arrives after the message was sent.  After SERVICE_ACCEPTED,
 * signals are held until the process exits; otherwise, a signal that has
 * arrived ends the process.
 */
enum service_answer service_submit(const char *path,
	    const struct submit_options *, const struct submit_request *,
	    struct submit_result *, struct failure *why);

#endif
