/*
 * program.h - run a program and see what it does
 *
 * Feeds standard input and gathers both outputs at once, so that no pipe can
 * fill up; a program that has not ended at its deadline is killed and fails
 * the test with what it had said until then.  BUILD is the folder of what
 * was built: BUILD "/sendmail".
 *
 *	struct outcome out;
 *	program_run(&out, &(struct program){
 *	    .argv = WORDS("relais", "-C", conf, "-t"),
 *	    .path = BUILD "/relais", .input = "To: a@example.org\n\nHi\n" });
 *	assert_int_equal(out.status, 0);
 *	outcome_free(&out);
 */
#ifndef SUPPORT_PROGRAM_H
#define SUPPORT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/buffer.h"

/* A list of strings with its NULL, good for the enclosing block. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

struct program {
	const char	*path;		/* NULL: argv[0] in BUILD */
	const char *const *argv;	/* with the program's name */
	const char *const *env;		/* all of it; NULL: PATH, HOME=/nowhere,
					 * LC_ALL=C and ASAN_OPTIONS alone */

	/* Standard input: at most one; none is an empty one. */
	const char	*input;
	size_t		 input_len;	/* 0: input is a string */
	const char	*input_file;
	/* Writes up to size octets, n of them already had; 0 at the end. */
	size_t	       (*generate)(void *ctx, uint64_t n, char *to,
			    size_t size);
	void		*ctx;
	bool		 keep_open;	/* the end of input never comes */

	const char	*folder;	/* working directory; NULL: ours */
	void	       (*prepare)(void *ctx);	/* in the child, before exec */
	int		 deadline_ms;	/* 0: 20 s */
};

struct outcome {
	int		 status;	/* exit status; -1: a signal */
	int		 signal;	/* or 0 */
	struct buffer	 out, err;	/* .data is never NULL */
	long		 max_rss_kb;
	double		 user_s, system_s;
};

/* It ran to its end, or the test has failed. */
void	program_run(struct outcome *, const struct program *);
void	outcome_free(struct outcome *);

/*
 * In the background: a service.  Its outputs are gathered whenever one of
 * these is called.
 */
struct running;

struct running *program_start(const struct program *);
pid_t	program_pid(const struct running *);

/* Until stdout or stderr holds the text; a failed test if it does not come. */
void	program_wait_output(struct running *, const char *text);

/*
 * A dialogue, with keep_open: a few more octets of input, then the next line
 * of standard output, without its line end and good until the next call;
 * then the end of input.
 */
void	program_say(struct running *, const char *text);
const char *program_hear(struct running *);
void	program_end_input(struct running *);

/* Sends a signal (0: none), waits for the end; frees. */
void	program_stop(struct running *, int sig, struct outcome *);

/*
 * One line for a common case: sendmail's work with a configuration file,
 * BUILD/relais -C conf, with further arguments.
 */
void	relais_run(struct outcome *, const char *conf,
	    const char *const *arguments, const char *input);

#endif
