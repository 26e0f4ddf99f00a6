/*
 * namespace.h - enter namespaces without privilege
 */
#ifndef SUPPORT_NAMESPACE_H
#define SUPPORT_NAMESPACE_H

#include <stdbool.h>

/*
 * Enters a user namespace in which our user and group have this ID, and the
 * namespaces in flags (CLONE_NEWNS ...).  Returns false with errno.
 */
bool	namespace_enter(unsigned id, int flags);

#endif
