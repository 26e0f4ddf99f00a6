#include "util/unicode_library.h"

#include <dlfcn.h>
#include <stddef.h>

void *
unicode_library_idn(void)
{
	return dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL);
}

/* Release 1.1 changed the version; the functions used are in both. */
void *
unicode_library_strings(void)
{
	static const char *const names[] = {
		"libunistring.so.5", "libunistring.so.2",
	};
	void	*library = NULL;

	for (size_t i = 0; library == NULL &&
	    i < sizeof(names) / sizeof(names[0]); i++)
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	return library;
}

const char *
unicode_library_lack(void)
{
	return "which is not installed";
}
