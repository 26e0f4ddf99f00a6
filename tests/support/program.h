/*
 * program.h - run a program and collect its output and status
 *
 * Standard input is written and both outputs are read at the same time, so
 * that no pipe can fill up.  A program that runs past its deadline is killed,
 * and the test fails with the output so far.  BUILD is the build directory:
 * BUILD "/sendmail".
 *
 *	struct program_result out;
 *	program_run(&out, &(struct program){
 *	    .argv = WORDS("relais", "-C", conf, "-t"),
 *	    .input = "To: a@example.org\n\nHi\n" });
 *	assert_int_equal(out.status, 0);
 *	program_result_free(&out);
 */
#ifndef SUPPORT_PROGRAM_H
#define SUPPORT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/buffer.h"

/* A list of strings that ends with NULL, valid in the enclosing block. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

struct program {
	const char	*path;		/* NULL: BUILD/argv[0], or for "relais"
					 * relais_program() */
	const char *const *argv;	/* including argv[0] */
	const char *const *env;		/* NULL: only PATH, HOME=/nowhere,
					 * LC_ALL=C and ASAN_OPTIONS */

	/* Standard input: at most one of these; without one, it is empty. */
	const char	*input;
	size_t		 input_len;	/* 0: input is a string */
	const char	*input_file;
	/* Returns up to size octets at offset n; 0 at the end. */
	size_t	       (*generate)(void *ctx, uint64_t n, char *to,
			    size_t size);
	void		*ctx;
	bool		 keep_open;	/* standard input stays open */

	const char	*dir;	/* working directory, or NULL */
	void	       (*prepare)(void *ctx);	/* in the child, before exec */
	int		 deadline_ms;	/* 0: 20 s */
	bool		 measured;	/* .max_rss_kb is set */
};

struct program_result {
	int		 status;	/* exit status; -1: a signal */
	int		 signal;	/* or 0 */
	struct buffer	 out, err;	/* .data is never NULL */
	long		 max_rss_kb;	/* 0 unless measured */
	double		 user_s, system_s;
};

/* Waits until the program ends; fails the test at the deadline. */
void	program_run(struct program_result *, const struct program *);
void	program_result_free(struct program_result *);

/*
 * A program in the background.  Its output is collected whenever one of these
 * functions is called.
 */
struct running;

struct running *program_start(const struct program *);
pid_t	program_pid(const struct running *);

/* Waits until stdout or stderr contains the text, or fails the test. */
void	program_wait_output(struct running *, const char *text);

/* Returns false if it has ended or that many milliseconds have passed. */
bool	program_awaits_output(struct running *, const char *text, int ms);

/*
 * A dialogue with a program that has keep_open set: write to its input; read
 * the next line of its output, without line end and valid until the next
 * call; close its input.
 */
void	program_say(struct running *, const char *text);
const char *program_hear(struct running *);
void	program_end_input(struct running *);

/* Sends a signal (0: none), waits for the end, and frees the handle. */
void	program_stop(struct running *, int sig, struct program_result *);

/* BUILD/sendmail under the name relais, with which it accepts -C. */
#define SENDMAIL BUILD "/tests/relais"

/*
 * Returns the program that is to run these arguments of relais: BUILD/relais
 * for a command of relais; for everything else SENDMAIL, which users run.
 */
const char *relais_program(const char *const *arguments);

/* Runs relais -C conf with further arguments. */
void	relais_run(struct program_result *, const char *conf,
	    const char *const *arguments, const char *input);

#endif
