/*
 * unicode_library_static.c - replaces unicode_library.c in a static program
 *
 * A static program that loads a library also loads a second libc, and can crash
 * if that is of another release.
 */
#include "util/unicode_library.h"

#include <stddef.h>

void *
unicode_library_idn(void)
{
	return NULL;
}

void *
unicode_library_strings(void)
{
	return NULL;
}

const char *
unicode_library_lack(void)
{
	return "which a static program cannot load";
}
