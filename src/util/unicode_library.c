#include "util/unicode_library.h"

#include <dlfcn.h>
#include <stddef.h>

#define LIBRARY "libidn2.so.0"

void *
unicode_library(void)
{
	return dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
}
