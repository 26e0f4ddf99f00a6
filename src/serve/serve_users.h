/*
 * serve_users.h - what each user has used of the service
 */
#ifndef SERVE_USERS_H
#define SERVE_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SERVE_USERS_RUN_S = 10,		/* between queue runs for a user */
	SERVE_USERS_PERIOD_MAX_S = 24 * 60 * 60,
};

struct serve_user_use {
	uid_t	 uid;
	int64_t	 period_begins;	/* clock_ms(); of the current period */
	int64_t	 period_ends;
	uint64_t messages;	/* in the current period */
	bool	 logged;	/* that the limit is exceeded, in this period */
	int64_t	 next_run;	/* clock_ms(); 0: no run was requested */
};

/* All zero: no user. */
struct serve_users {
	struct serve_user_use	*user;	/* owned */
	size_t			 n;
	size_t			 cap;
};

/*
 * Returns 0 if the user may send a message, which is then counted, or the
 * seconds until the period ends.  *first is set if this is the first refusal in
 * the period.  The length of the period comes from a session, which an attacker
 * may control: a length that is not from one second to one day is replaced by
 * one day.
 */
int64_t	serve_users_check(struct serve_users *, uid_t, uint64_t limit,
	    int64_t period_s, int64_t now_ms, bool *first);

/*
 * Subtracts a message that was counted at this time, but was not accepted.  A
 * message of an earlier period does not change the count of the current one.
 */
void	serve_users_uncount(struct serve_users *, uid_t, int64_t counted_ms);

/*
 * Returns 0 if the user may request a queue run, which is then counted, or the
 * seconds until it may.
 */
int64_t	serve_users_run(struct serve_users *, uid_t, int64_t now_ms);

void	serve_users_free(struct serve_users *);

#endif
