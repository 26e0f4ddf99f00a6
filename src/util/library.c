#include "util/library.h"

#include <errno.h>
#include <string.h>

bool
library_is_missing(const char *error)
{
	return strstr(error, strerror(ENOENT)) != NULL;
}
