#include "util/utc.h"

#include <string.h>
#include <time.h>

char *
utc_text(char *to, size_t size, int64_t seconds)
{
	time_t		t = (time_t)seconds;
	struct tm	tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(to, size, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		strlcpy(to, "an unknown time", size);
	return to;
}
