/*
 * utc.h - a time in texts
 */
#ifndef UTIL_UTC_H
#define UTIL_UTC_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes the time, in seconds since the epoch, as "2026-11-29 13:20:00 UTC",
 * for which 64 octets are enough.  Returns its argument to.
 */
char	*utc_text(char *to, size_t size, int64_t seconds);

#endif
