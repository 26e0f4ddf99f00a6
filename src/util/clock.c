#include "util/clock.h"

#include <time.h>

int64_t
clock_ms(void)
{
	struct timespec	now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_now(void)
{
#ifdef CLOCK_REALTIME_COARSE
	const clockid_t	id = CLOCK_REALTIME_COARSE;	/* that of time(3) */
#else
	const clockid_t	id = CLOCK_REALTIME;
#endif
	struct timespec	now;

	return clock_gettime(id, &now) == 0 ? (int64_t)now.tv_sec : -1;
}
