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

void
output_time(int64_t seconds)
{
	time_t		t = (time_t)seconds;
	struct tm	tm;
	char		date[64] = "?";

	if (localtime_r(&t, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S %z", &tm);
	fputs(date, stdout);
}
