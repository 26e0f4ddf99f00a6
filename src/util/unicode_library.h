/*
 * unicode_library.h - load libidn2 and libunistring when they are needed
 *
 * The libraries are not linked, because most messages contain only ASCII and
 * every start would have to map the libraries.
 */
#ifndef UTIL_UNICODE_LIBRARY_H
#define UTIL_UNICODE_LIBRARY_H

/* Return a handle for dlsym(3), never closed; NULL if it is not installed. */
void	*unicode_library_idn(void);		/* libidn2 */
void	*unicode_library_strings(void);		/* libunistring */

/* Completes the sentence "this requires the library, ...". */
const char *unicode_library_lack(void);

#endif
