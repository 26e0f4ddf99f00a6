/*
 * token_program.h - run relais-token, which keeps logins with OAuth 2
 */
#ifndef CONFIG_TOKEN_PROGRAM_H
#define CONFIG_TOKEN_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "util/buffer.h"
#include "util/failure.h"

/* All pointers are borrowed. */
struct token_request {
	const char	*command;	/* token, status ... */
	const char	*name;		/* of the login */
	const char	*ca;		/* tls_ca, or NULL */
	bool		 use_proxy;	/* token_proxy = environment */
	bool		 renew;		/* a server has refused the token */
};

/* The first section that sets token to the name of the login, or NULL. */
const struct section *token_program_section(const struct config *,
	    const char *name);

/*
 * Fills in .ca and .use_proxy from the section that sets token, or from the top
 * of the file.
 */
void	token_program_configure(struct token_request *, const struct config *,
	    const struct section *);

enum { TOKEN_PROGRAM_OPTIONS = 4 };

/* Sets words for .ca and .use_proxy, and returns their number. */
size_t	token_program_options(const char *words[TOKEN_PROGRAM_OPTIONS],
	    const struct token_request *);

/*
 * Appends the output of the program, as command_output() does.  If the program
 * fails, the text is its own message.
 */
bool	token_program_run(struct buffer *output, const struct token_request *,
	    int64_t timeout_ms, int caller, struct failure *why);

/* Sets why to EX_UNAVAILABLE, with the package to install; returns false. */
bool	token_program_missing(struct failure *why);

#endif
