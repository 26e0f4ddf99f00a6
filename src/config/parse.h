/*
 * parse.h - parse the text of relais.conf into sections and settings
 *
 * The parser opens no files.  It passes the pattern of an include line to a
 * function, which may parse another text into the same sections.
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
	bool		 shared;	/* readable by other users: secrets are
					 * refused */
};

struct parse_target {
	struct section	 *top;
	struct section	**tail;		/* the next section is inserted here */
	unsigned	  sections;	/* so far */

	/* False with *why, which gets the include line as a prefix. */
	bool		(*include)(struct parse_target *,
			    const struct config_text_file *from,
			    const char *pattern, struct failure *why);
	void		 *context;
};

/* False with EX_CONFIG or the failure of include, after path and line. */
bool	parse_text(struct parse_target *, const struct config_text_file *,
	    struct failure *why);

#endif
