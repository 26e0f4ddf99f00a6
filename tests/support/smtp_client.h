/*
 * smtp_client.h - our side of a session with the scripted smarthost
 */
#ifndef SUPPORT_SMTP_CLIENT_H
#define SUPPORT_SMTP_CLIENT_H

#include "smtp/session.h"
#include "support/mock_smtp.h"

/* Connects, and opens a session; any error ends the test. */
void	smtp_client_open(struct session *, const struct session_options *,
	    const struct mock_smtp *);

#endif
