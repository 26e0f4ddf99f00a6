/*
 * keyword.h - tables of the keywords of other programs
 */
#ifndef IMPORT_KEYWORD_H
#define IMPORT_KEYWORD_H

#include <stddef.h>

#include "import/draft.h"

enum { KEYWORD_NO_SLOT = -1 };

/*
 * What becomes of a keyword.  The texts are arrays, because every start of the
 * program would relocate pointers to them (10,000 instructions for all tables).
 */
struct keyword {
	char		name[36];	/* "" ends a table */
	int		slot;		/* the value is kept there, or
					 * KEYWORD_NO_SLOT */
	enum config_key	key;		/* the key with the same value, or
					 * CONFIG_KEYS */
	char		reason[104];	/* why relais has no equivalent; "": the
					 * keyword does not concern relais */
};

#define KEYWORD_KEPT(name, slot) { name, slot, CONFIG_KEYS, "" }
#define KEYWORD_SAME(name, key) { name, KEYWORD_NO_SLOT, key, "" }
#define KEYWORD_NONE(name, reason) { name, KEYWORD_NO_SLOT, CONFIG_KEYS, \
	reason }
#define KEYWORD_END KEYWORD_SAME("", CONFIG_KEYS)

/* A value that is kept; both are owned, or NULL if there is none. */
struct kept {
	char	*text;
	char	*origin;
};

void	kept_set(struct kept *, const char *text, const char *origin);
void	kept_free(struct kept *, size_t n);	/* wipes the texts */

/* Returns .text, or the other text if it is NULL or empty. */
static inline const char *
kept_text(const struct kept *k, const char *other)
{
	return k->text != NULL && k->text[0] != '\0' ? k->text : other;
}

/*
 * Looks up a keyword, case-insensitively, in a table and keeps its value, sets
 * the key, or adds a note.  A name in the table that ends with "*" matches
 * every keyword with that beginning.  The value of a keyword that is not in the
 * table is not shown, because it could be a secret; and neither is a word
 * without a value.
 */
void	keyword_apply(struct draft *, const struct keyword *, struct kept *,
	    const char *name, const char *value, const char *origin);

#endif
