/*
 * token_file.h - where relais-token keeps a login with OAuth 2
 *
 * The name of a login consists of letters, digits, ".", "_" and "-", and begins
 * with a letter or digit.  Its file is in /var/lib/relais/tokens for root and
 * for the owner of /var/lib/relais, which is the user relais, and in
 * ~/.local/state/relais/tokens for another user.  An absolute path, whose last
 * component is such a name, is a file in another directory.
 *
 * Only relais-token reads and writes the file.
 */
#ifndef CONFIG_TOKEN_FILE_H
#define CONFIG_TOKEN_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "util/failure.h"

/* Whether the name, or the last component of the path, is valid. */
bool	token_file_is_name(const char *name);

/* The same; false with EX_CONFIG. */
bool	token_file_check_name(const char *name, struct failure *why);

/* Of the user relais. */
const char *token_file_system_directory(void);

/*
 * Returns the path for the effective user, which the caller frees, or NULL with
 * EX_CONFIG: the name is invalid, or the user has no home directory.
 */
char	*token_file_path(const char *name, struct failure *why);

/*
 * Sets the attributes of the file whose time is that of the last login; false
 * if it does not exist, or this user has no permission to search the directory.
 */
bool	token_file_stat_login(const char *name, struct stat *);

/*
 * Whether the effective user has no permission to read the file of the login,
 * or, if that user has no such login, that of the user relais.
 */
bool	token_file_is_unreadable(const char *name);

#endif
