/*
 * parse.h - the text of one relais.conf into sections and settings
 *
 * Works on memory alone: a line `include` is handed to a function, which may
 * parse another text into the same sections.
 */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct config_text_file {
	const char	*path;		/* for origins and messages */
	const char	*text;
	size_t		 len;
	bool		 shared;	/* others can read it: no secrets */
};

struct parse_target {
	struct section	 *top;
	struct section	**tail;		/* where the next section goes */
	unsigned	  sections;	/* so far */
	struct buffer	 *ignored;	/* struct config has it */

	/* False with why: the line that names the pattern goes in front. */
	bool		(*include)(struct parse_target *,
			    const struct config_text_file *from,
			    const char *pattern, struct failure *why);
	void		 *context;
};

/* EX_CONFIG, or what include said, with path and line in front. */
bool	parse_text(struct parse_target *, const struct config_text_file *,
	    struct failure *why);

#endif
