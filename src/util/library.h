/*
 * library.h - why a shared library cannot be loaded
 */
#ifndef UTIL_LIBRARY_H
#define UTIL_LIBRARY_H

#include <stdbool.h>

/*
 * Whether the error, of dlerror(3) after dlopen(3), is that a file does not
 * exist: the library, or one that it requires, is not installed.  Other causes
 * may be temporary, such as a lack of memory or of descriptors.
 */
bool	library_is_missing(const char *error);

#endif
