/*
 * import.h - make a relais.conf from the configuration of another program
 *
 * Each program has one main file, or directory, and at most one file with
 * secrets or addresses (the companion), which is found from the main file.
 * No program is run and no host is looked up.
 */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "import/draft.h"
#include "import/source.h"
#include "util/failure.h"

struct import {
	struct draft	 draft;
	const char	*main;		/* borrowed */
	const char	*companion;	/* borrowed; NULL: found from main */
	/* source_read(), or the function of a test. */
	enum source_answer (*read)(struct source *, const char *path,
			    struct failure *why);
};

struct import_format {
	char	  program[12];		/* "ssmtp" */
	char	  main[24];		/* the name of the main file */
	char	  companion[16];	/* or "" */
	char	  installed[36];	/* the path of the main file */
	char	  server[12];		/* its setting for the smarthost */
	bool	(*run)(struct import *, struct failure *why);
};

enum { IMPORT_FORMATS = 6 };
extern const struct import_format import_formats[IMPORT_FORMATS];

/*
 * Chooses the format from the names of the files, and sets .main and
 * .companion.  A name of the form "program:path" selects the format of the main
 * file.  Returns NULL with EX_USAGE.
 */
const struct import_format *import_choose(struct import *,
	    char *const *paths, int n, struct failure *why);

/*
 * Finds the configuration that is installed, in the directory root ("" on a
 * live system).  Returns its path, which the caller frees, or NULL: EX_NOINPUT
 * if there is none, EX_USAGE if there are several.
 */
char	*import_find(const char *root, struct failure *why);

/*
 * Fills in the draft.  False with EX_NOINPUT, EX_NOPERM or EX_DATAERR and the
 * file and line, or with EX_CONFIG if no server is configured.
 */
bool	import_run(struct import *, const struct import_format *,
	    struct failure *why);

/* For the formats: .path is the directory of the main file, with name. */
char	*import_beside(const struct import *, const char *name);

/* The formats.  Each requires a draft that has been started. */
bool	import_ssmtp(struct import *, struct failure *why);
bool	import_msmtp(struct import *, struct failure *why);
bool	import_dma(struct import *, struct failure *why);
bool	import_nullmailer(struct import *, struct failure *why);
bool	import_postfix(struct import *, struct failure *why);
bool	import_exim(struct import *, struct failure *why);

#endif
