/*
 * parse.h - parse the text of relais.conf into sections and settings
 *
 * The parser opens no files.  It passes the pattern of an include line to the
 * function .include, which may parse another text into the same sections.
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

	/* On failure, the parser inserts path and line before the text. */
	bool		(*include)(struct parse_target *,
			    const struct config_text_file *from,
			    const char *pattern, struct failure *why);
	void		 *context;
};

/*
 * False with EX_CONFIG, or with the failure of .include; path and line precede
 * the text.
 */
bool	parse_text(struct parse_target *, const struct config_text_file *,
	    struct failure *why);

#endif
