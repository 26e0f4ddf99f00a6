#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/memory.h"
#include "util/visible.h"

/* Each octet becomes at most four (\\ooo). */
void
output_visible(const char *text, size_t len)
{
	size_t	 size = 4 * len + 1;
	char	*shown = memory_new(size, 1);

	fputs(visible(shown, size, text, len), stdout);
	free(shown);
}

void
output_text(const char *text)
{
	size_t	 size = 4 * strlen(text) + 1;
	char	*shown = memory_new(size, 1);

	fputs(visible_more(shown, size, text, ""), stdout);
	free(shown);
}

char *
output_format_time(char to[OUTPUT_TIME], int64_t seconds)
{
	time_t		t = (time_t)seconds;
	struct tm	tm;

	if (localtime_r(&t, &tm) == NULL || strftime(to, OUTPUT_TIME,
	    "%Y-%m-%d %H:%M:%S %z", &tm) == 0)
		strlcpy(to, "?", OUTPUT_TIME);
	return to;
}

void
output_time(int64_t seconds)
{
	char	date[OUTPUT_TIME];

	fputs(output_format_time(date, seconds), stdout);
}
