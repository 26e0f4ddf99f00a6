/*
 * terminal.h - run a program on a terminal, and talk to it
 *
 *	terminal_start(&t, &(struct program){ .argv = WORDS("relais",
 *	    "setup") }, 80);
 *	terminal_say(&t, "User name", "nina\n");
 *	terminal_wait(&t, "Written");
 *	assert_int_equal(terminal_end(&t), 0);
 */
#ifndef SUPPORT_TERMINAL_H
#define SUPPORT_TERMINAL_H

#include "support/program.h"
#include "util/buffer.h"

struct terminal {
	int		 master;
	char		 slave[64];	/* path of the program's terminal */
	struct running	*running;
	struct buffer	 out;		/* what the program printed after the
					 * text of the last terminal_wait() */
};

/*
 * The terminal is standard input, output and error.  columns: its width; 0: it
 * is not known.  .prepare of the program is replaced.
 */
void	terminal_start(struct terminal *, const struct program *,
	    unsigned columns);

/* Waits for a text after the last one, or fails the test. */
void	terminal_wait(struct terminal *, const char *text);

/* Waits for the question, and types the answer. */
void	terminal_say(struct terminal *, const char *question,
	    const char *answer);

/*
 * Waits for the text, and returns what follows it, to the end of the line.  The
 * caller frees it.
 */
char	*terminal_hear(struct terminal *, const char *text);

/* Reads to the end of the output. */
void	terminal_read(struct terminal *);

/* Waits for the end of the program, and returns its exit status. */
int	terminal_end(struct terminal *);

#endif
