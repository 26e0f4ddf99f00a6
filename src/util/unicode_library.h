/*
 * unicode_library.h - libidn2, only once text that is not ASCII turns up
 *
 * Loaded then and not linked: most runs never need it, and every run would
 * pay for its start.
 */
#ifndef UTIL_UNICODE_LIBRARY_H
#define UTIL_UNICODE_LIBRARY_H

/* A handle for dlsym(), NULL where it is not installed; never closed. */
void	*unicode_library(void);

#endif
