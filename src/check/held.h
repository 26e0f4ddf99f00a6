/*
 * held.h - hold back findings until it is known whether mail leaves
 *
 * If a server cannot be used, mail goes to the next one, if there is one.
 * Whether this is a failure or a warning is known only after the next servers
 * have been tried.  Therefore, CHECK_FAIL and the findings after it wait.
 */
#ifndef CHECK_HELD_H
#define CHECK_HELD_H

#include "check/check.h"

/* From now on, check_report() holds findings back. */
void	held_begin(struct check *);

/* Copies a finding if it must wait; otherwise returns false. */
bool	held_add(struct check *, const struct check_finding *);

/* Passes a line of the dialogue to .trace, after the findings that wait. */
void	held_add_line(struct check *, char side, const char *text);

/*
 * Reports what was held back.  If remark is not NULL, mail leaves: failures
 * become warnings, and the remark is appended to their text.
 */
void	held_end(struct check *, const char *remark);

#endif
