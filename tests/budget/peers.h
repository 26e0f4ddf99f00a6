/*
 * peers.h - the programs that are compared, and their configurations
 *
 * Each is configured as its package and its manual suggest for one smarthost,
 * and trusts the certificates of the system if it verifies any.
 */
#ifndef BUDGET_PEERS_H
#define BUDGET_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "budget/place.h"

enum mode { PLAIN, STARTTLS, TLS, SLOW, N_MODES };

enum { N_PEERS = 8, RELAIS = 0 };

struct peer {
	const char	*name;
	const char	*package;	/* NULL: relais */
	const char	*image;		/* below build/servers; NULL: none */
	void	       (*furnish)(const void *site);
	const char *const *call;	/* recipients follow */
	const char *const *trace;	/* the same in the foreground; NULL:
					 * call */
	const char *const *daemon;	/* or NULL */
	const char	*ready;		/* a file that the daemon creates */
	bool		 without_tls;	/* does not support implicit TLS */
	bool		 forks;		/* a process for each recipient */

	/* The queue; NULL: none, or it is not measured. */
	const char *const *hold;	/* a call that only queues */
	const char *const *settle;	/* after all of them, or NULL */
	const char *const *flush;	/* sends them: this is measured */
	bool		 flush_is_daemon;	/* which must not run before */
};

extern const struct peer peers[N_PEERS];

/* The context of .furnish. */
struct site {
	const struct peer *peer;
	enum mode	 mode;
	uint16_t	 port;		/* of the smarthost */
	const char	*ca;		/* its certificate: a file and a */
	const char	*hashed;	/* hashed directory */
	bool		 held;		/* mail is only queued */
	bool		 traced;	/* without set-user-ID bits, which
					 * valgrind refuses */
};

/* False if the package of the peer was not unpacked. */
bool	peer_open(struct place *, const struct site *);

/* The version of its package, or of relais. */
void	peer_version(const struct place *, const struct peer *, char *to,
	    size_t size);

#endif
