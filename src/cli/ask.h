/*
 * ask.h - ask questions on the terminal
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <stdbool.h>

#include "util/buffer.h"

/* Whether standard input and output are a terminal. */
bool	ask_is_possible(void);

/*
 * Prints the question with the suggestion, which may be NULL.  Returns the
 * answer, or the suggestion after an empty line, which the caller frees; NULL
 * at the end of input.
 */
char	*ask(const char *question, const char *suggestion);

/*
 * Asks with echo turned off; echo is restored before a signal takes effect.
 * Replaces an earlier answer.  Returns false at the end of input.  The caller
 * wipes the answer.
 */
bool	ask_secret(struct buffer *answer, const char *question);

/*
 * Asks until the answer, or the suggestion after an empty line, begins with one
 * of the letters, in upper or lower case.  Returns this letter, or NUL at the
 * end of input.
 */
char	ask_letter(const char *question, const char *suggestion,
	    const char *letters);

/* Yes after an empty line, no at the end of input. */
bool	ask_yes(const char *question);

#endif
