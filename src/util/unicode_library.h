/*
 * unicode_library.h - libidn2 and libunistring, loaded when they are needed
 *
 * They are not linked: most runs meet nothing but ASCII and never need them,
 * and every run would pay for their start.
 */
#ifndef UTIL_UNICODE_LIBRARY_H
#define UTIL_UNICODE_LIBRARY_H

/* Handles for dlsym(), NULL if it is not installed; never closed. */
void	*unicode_library_idn(void);		/* libidn2 */
void	*unicode_library_strings(void);		/* libunistring */

#endif
