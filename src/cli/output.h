/*
 * output.h - print untrusted text on standard output, safe for a terminal
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stddef.h>

/* The whole text, as visible() shows it. */
void	output_visible(const char *text, size_t len);

/* The whole text, as visible_more() shows it: a reply or a failure. */
void	output_text(const char *text);

#endif
