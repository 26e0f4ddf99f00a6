/*
 * output.h - print untrusted text on standard output, safe for a terminal
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

/* The whole text, as visible() shows it. */
void	output_visible(const char *text, size_t len);

/* "2026-11-21 22:04:16 +0000" */
void	output_time(int64_t seconds);

/* The whole text, as visible_more() shows it: a reply or a failure. */
void	output_text(const char *text);

#endif
