/*
 * login.h - relais login: get the first tokens of a login, and store them
 */
#ifndef TOKEN_LOGIN_H
#define TOKEN_LOGIN_H

#include "util/failure.h"

/*
 * Prints what the user must do, waits, and stores the result.  What is not
 * given by an option is taken from the earlier login of this name, or is asked
 * for on the terminal.  An earlier login remains unless the new one succeeds.
 *
 * argv[0] is not an option.  Returns the exit status; unless it is EX_OK, why
 * is set, and empty after EX_USAGE if the usage should be shown.
 */
int	login_run(int argc, char **argv, struct failure *why);

#endif
