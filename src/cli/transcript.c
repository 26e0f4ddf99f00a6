#include "cli/transcript.h"

#include <stdio.h>

#include "cli/output.h"

static void
print_line(void *context, char side, const char *text)
{
	(void)context;
	printf("%s ", side == 'C' ? ">>>" : side == 'S' ? "<<<" : "***");
	output_text(text);
	putchar('\n');
	fflush(stdout);
}

const struct session_trace transcript_trace = { print_line, NULL };
