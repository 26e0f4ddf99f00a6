/*
 * authenticate.h - AUTH in an SMTP session (RFC 4954)
 */
#ifndef SMTP_AUTHENTICATE_H
#define SMTP_AUTHENTICATE_H

#include <stdbool.h>

#include "smtp/auth.h"
#include "smtp/session.h"
#include "util/buffer.h"
#include "util/failure.h"

/*
 * Authenticates with the credentials of the session's options.  Call this
 * after the last EHLO.  Returns false with why: the text begins with AUTH;
 * .cause is an auth_cause if no credentials were sent.
 */
bool	authenticate(struct session *, struct failure *why);

/*
 * After AUTH_CAUSE_NO_MECHANISM, while the session is not closed: appends the
 * offered mechanisms that have this obstacle, such as "PLAIN, LOGIN".
 */
void	authenticate_list_obstructed(const struct session *,
	    enum auth_obstacle, struct buffer *names);

#endif
