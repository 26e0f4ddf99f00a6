#include "cli/transcript.h"

#include <stdio.h>

static void
print_line(void *context, char side, const char *text)
{
	(void)context;
	printf("%s %s\n", side == 'C' ? ">>>" : side == 'S' ? "<<<" : "***",
	    text);
	fflush(stdout);
}

const struct trace transcript = { print_line, NULL };
