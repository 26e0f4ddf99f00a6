/*
 * maildir.h - deliver a file into a Maildir
 *
 * As in the description of D. J. Bernstein: the file is written in tmp/ under a
 * name that nobody else uses, synced, and moved to new/, which is synced, too.
 * If the process is killed, the message is complete in new/, or a file remains
 * in tmp/, which readers of the Maildir remove after 36 hours.
 *
 * A Maildir that does not exist is created with mode 0700, but not its parent
 * directory, because that could be a misspelt path.  Files have mode 0600.  If
 * root delivers into the Maildir of another user, they, and the directories in
 * the Maildir that are created, get the owner of the Maildir.
 */
#ifndef RELAY_MAILDIR_H
#define RELAY_MAILDIR_H

#include <stdbool.h>

#include "util/failure.h"

struct maildir {
	int		directory;	/* descriptors; -1: none */
	int		tmp;
	int		new;
	int		fd;		/* of the file, for writing */
	char		name[320];	/* of the file; "": none */
	const char	*path;		/* borrowed */
	unsigned	count;		/* of files, for their names */
};

/*
 * Opens or creates a Maildir.  Returns false with why: EX_CONFIG if the path or
 * its permissions must be corrected first, EX_TEMPFAIL otherwise; call
 * maildir_close() in either case.  The texts do not contain the path.
 */
bool	maildir_open(struct maildir *, const char *path, struct failure *why);

/* Creates a file in tmp/.  Fails as maildir_open() does. */
bool	maildir_create(struct maildir *, struct failure *why);

/*
 * Syncs the file, moves it to new/, and syncs new/.  Returns false with
 * EX_TEMPFAIL.  A file in new/ that could disappear in a crash is removed
 * again, unless a reader of the Maildir has taken it; if it cannot be removed,
 * *in_doubt is set.
 */
bool	maildir_commit(struct maildir *, bool *in_doubt, struct failure *why);

/* Also removes the file, unless it was committed. */
void	maildir_close(struct maildir *);

#endif
