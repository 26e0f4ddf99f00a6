/*
 * setup_answers.h - the answers that make a configuration, for relais setup:
 * from options or, on a terminal, from questions
 */
#ifndef CLI_SETUP_ANSWERS_H
#define CLI_SETUP_ANSWERS_H

#include <stdbool.h>

#include "cli/options.h"
#include "config/config.h"
#include "setup/provider.h"
#include "util/buffer.h"
#include "util/failure.h"

/* The options that take a value. */
enum answer {
	ANSWER_SMARTHOST, ANSWER_USER, ANSWER_PASSWORD_FILE,
	ANSWER_PASSWORD_COMMAND, ANSWER_TOKEN, ANSWER_TOKEN_COMMAND,
	ANSWER_ROOT, ANSWER_GROUP, ANSWERS
};

struct setup_answers {
	/* Set by the caller, and borrowed. */
	const struct options	*options;
	bool			 terminal;	/* questions are possible */
	const char		*path;		/* of the new relais.conf */
	const char		*secret_path;	/* of the new password file */

	/* From the options. */
	const char		*given[ANSWERS];	/* or NULL */
	const char		*address;	/* or NULL */
	bool			 password_stdin, no_login, force, test,
				 no_check;

	struct provider_table	 table;		/* read by the caller */
	const struct provider	*provider;	/* or NULL */
	struct config		 config;	/* the new one */
	struct section		*top;		/* of .config */
	struct config		 earlier;	/* before a change; or empty */
	struct buffer		 secret;	/* for .secret_path, or empty */
	bool			 stopped;	/* the end of input, or "no" */
	struct failure		 why;
};

/*
 * Parses the options.  False with EX_USAGE; without a terminal, also if an
 * answer is missing.
 */
bool	setup_answers_parse(struct setup_answers *, struct failure *why);

/*
 * Completes .config, with questions on a terminal.  False with why, or with
 * .stopped.
 */
bool	setup_answers_complete(struct setup_answers *, struct failure *why);

/*
 * After this, setup_answers_complete() asks again, even for answers that were
 * given as options, and suggests the earlier answers.
 */
void	setup_answers_change(struct setup_answers *);

/* The value of a key, or NULL. */
const char *setup_answers_value(const struct setup_answers *,
	    enum config_key);

/* Whether a password file may have to be written: no option excludes it. */
bool	setup_answers_may_have_secret(const struct setup_answers *);

/* Appends the text of relais.conf. */
void	setup_answers_write(const struct setup_answers *, struct buffer *);

void	setup_answers_free(struct setup_answers *);	/* wipes the secret */

#endif
