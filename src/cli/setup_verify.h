/*
 * setup_verify.h - test the answers of relais setup with the smarthost
 */
#ifndef CLI_SETUP_VERIFY_H
#define CLI_SETUP_VERIFY_H

#include <stdbool.h>

#include "config/config.h"
#include "setup/provider.h"

/*
 * Connects to the smarthost, logs in, and asks it to accept the sender and a
 * recipient, as relais check does, and prints what it found.  If secret is not
 * NULL, it takes the place of the content of password_file, which does not
 * exist yet.  Sends no message.  Returns EX_OK or the status of the first
 * failure.
 */
int	setup_verify(const struct section *answers, const char *secret,
	    const struct provider_table *);

#endif
