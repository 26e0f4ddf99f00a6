/*
 * namespace.h - name spaces as the kernel gives them without privilege
 */
#ifndef SUPPORT_NAMESPACE_H
#define SUPPORT_NAMESPACE_H

#include <stdbool.h>

/*
 * Enters a user name space in which we are the user and the group of this
 * id, and those that flags (CLONE_NEWNS ...) ask for; false with errno.
 */
bool	namespace_enter(unsigned id, int flags);

#endif
