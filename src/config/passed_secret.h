/*
 * passed_secret.h - the password that the service manager passes to a service
 *
 * systemd's LoadCredential and LoadCredentialEncrypted create a file in a
 * directory that only the service can read, $CREDENTIALS_DIRECTORY.  The file
 * relais.password in this directory contains the password.
 */
#ifndef CONFIG_PASSED_SECRET_H
#define CONFIG_PASSED_SECRET_H

#include <stdbool.h>

#include "config/config.h"
#include "util/failure.h"

/*
 * If a user but no secret is set for the smarthost at the top of the
 * configuration, and the file may exist, sets password_file to the file, as if
 * by the environment.  The file is neither opened nor checked:
 * credentials_read() applies the rules of util/trusted.h, so root does not use
 * a file of the user whose environment it has.  False with EX_CONFIG if the
 * path is invalid.
 */
bool	passed_secret_add(struct config *, struct failure *why);

#endif
