/*
 * smarthost.h - the check of one server of a smarthost: what its stages share
 */
#ifndef CHECK_SMARTHOST_H
#define CHECK_SMARTHOST_H

#include <stdbool.h>

#include "check/check.h"
#include "net/reach.h"
#include "relay/connection.h"
#include "smtp/session.h"
#include "util/buffer.h"
#include "util/failure.h"

struct smarthost_run {
	struct check			*check;
	const struct check_target	*target;
	struct connection		*connection;	/* owned */
	char				 object[300];	/* "host:port" */
	struct buffer			 keywords;	/* of the last EHLO */
	bool				 in_ehlo;
	unsigned			 ehlo_lines;
	char				 mechanism[32];	/* of the last AUTH */
	char				 remedy[1024];	/* of a finding */
	bool				 tried_ports;	/* the other ports */
	bool				 failed;	/* a finding is FAIL */
	bool				 replied;	/* to MAIL, after
							 * which no other
							 * server is tried */
};

/* Reports a finding: adds the object and the origin if they are NULL. */
void	smarthost_report(struct smarthost_run *, const struct check_finding *,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The advice of relay/ for a failure, or NULL.  It is in .remedy. */
const char *smarthost_remedy(struct smarthost_run *, const struct failure *why,
	    enum session_step);

/* The remedy for a failure at this stage that no advice covers; or NULL. */
const char *smarthost_usual_remedy(struct smarthost_run *, enum check_stage,
	    const struct failure *why);

/* Reports CHECK_FAIL with one of these remedies. */
void	smarthost_report_failure(struct smarthost_run *, enum check_stage,
	    enum session_step, const struct failure *why);

/*
 * CHECK_LOOKUP and CHECK_CONNECT: tries all addresses of the endpoint.  Returns
 * a connected socket, or -1.
 */
int	smarthost_connect(struct smarthost_run *, struct reach *addresses);

/* CHECK_CONNECT for a smarthost that is not a server. */
void	smarthost_check_delivery(struct smarthost_run *);

/* The stages from CHECK_GREETING on the socket, which is closed at the end. */
void	smarthost_session(struct smarthost_run *, int fd,
	    const struct reach *addresses);

#endif
