/*
 * confine.h - the privileges of relais-token
 */
#ifndef TOKEN_CONFINE_H
#define TOKEN_CONFINE_H

#include <stdbool.h>

#include "util/failure.h"

/*
 * From now on, no program that is started has more privileges.  Some browsers
 * need them, so this follows the start of a browser.
 */
void	confine_no_new_privileges(void);

/*
 * If the process belongs to root, it becomes, irrevocably, the first user other
 * than root who owns a component of the path of the directory: that user could
 * replace the components below it.  Components after a missing one are not
 * examined.
 *
 * create: creates missing components with mode 0700, and as root gives
 * /var/lib/relais to the user relais.  EX_CANTCREAT, EX_OSERR.
 */
bool	confine_to_directory(const char *directory, bool create,
	    struct failure *why);

#endif
