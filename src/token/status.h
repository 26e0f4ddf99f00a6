/*
 * status.h - show a login, without its secrets
 */
#ifndef TOKEN_STATUS_H
#define TOKEN_STATUS_H

#include "token/store.h"

/*
 * Writes lines "name value" to standard output, each if it is set: provider,
 * account, grant, login_at, renewed, expires (seconds since the epoch),
 * trouble_at, trouble (visible text).
 */
void	status_print(const struct store *);

#endif
