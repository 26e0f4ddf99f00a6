/*
 * receive.h - the message itself: DATA and BDAT (RFC 3030)
 *
 * Whatever is wrong with a message, all of it is read before that is said,
 * so that no text is ever taken for commands.
 */
#ifndef SMTPD_RECEIVE_H
#define SMTPD_RECEIVE_H

#include <stdbool.h>

#include "smtpd/state.h"
#include "util/failure.h"

/*
 * Each does all that the command asks for, its answers included.  False, with
 * why, when the connection is of no more use.
 */
bool	receive_data(struct serving *, struct failure *why);
bool	receive_bdat(struct serving *, char *argument, struct failure *why);

#endif
