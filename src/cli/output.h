/*
 * output.h - text from outside on standard output, fit for a terminal
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stddef.h>

/* All of it, however long, as visible() shows it. */
void	output_visible(const char *text, size_t len);

/* The same as visible_more() shows it: a reply, or a failure's text. */
void	output_text(const char *text);

#endif
