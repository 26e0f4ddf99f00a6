/*
 * output.h - print untrusted text on standard output, safe for a terminal
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

/* Prints the whole text, escaped by visible(). */
void	output_visible(const char *text, size_t len);

enum { OUTPUT_TIME = 64 };	/* octets, including a NUL */

/* Writes "2026-11-21 22:04:16 +0000", in local time.  Returns to. */
char	*output_format_time(char to[OUTPUT_TIME], int64_t seconds);

/* Prints the same. */
void	output_time(int64_t seconds);

/* Prints the whole text of a reply or failure, escaped by visible_more(). */
void	output_text(const char *text);

#endif
