/*
 * scenario.h - whole runs of the program, and whether they keep its promises
 *
 * A scenario sends, queues or lists a message, or writes files.  A test runs it
 * again and again, each time with something wrong, and finds out what became of
 * the message:
 *
 *	scenario_open(&p, &scenarios[i]);
 *	scenario_run(&p, &(struct program){ .env = environment });
 *	if (!scenario_judge(&p, &(struct scenario_excuse){ 0 }))
 *		... p.wrong says what is wrong; p.o has the output ...
 *	scenario_sweep(&p);
 *	scenario_close(&p);
 *
 * The promises:
 *
 *  - Exit status 0, or the reply 250 of -bs, means that each recipient has
 *    received the message once, or that the queue holds it once; both only if
 *    the entry is in doubt, and is due after an hour.
 *  - Any other status or reply means that for at least one recipient, the
 *    message was neither delivered nor queued, or that the final reply was lost
 *    and relais has no queue.  Standard error has the reason.
 *  - A message that was in the queue is delivered, still there, in failed/, or
 *    bounced.  Exit status 0 of -q means that each recipient has received it.
 *  - Each message and each entry is complete.
 *  - A list with exit status 0 is complete, or says what is missing.
 *  - A file that it writes has its old or its new content, and all have the
 *    new one after exit status 0.
 *  - No signal ends the program or the service.
 *  - It leaves no process, no temporary file, and no descriptor in the service.
 *
 * The first run must be one without a fault.  It has the outcome that the
 * scenario names, so the others are known to reach the code that they are for.
 */
#ifndef SUPPORT_SCENARIO_H
#define SUPPORT_SCENARIO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "support/authorization.h"
#include "support/certificate.h"
#include "support/loggers.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

enum scenario_kind {
	SUBMITS,		/* a message on standard input */
	SPEAKS,			/* the same with -bs */
	FLUSHES,		/* a message that is in the queue */
	PRINTS,			/* the same, but sends nothing */
	WRITES,			/* files */
};

enum scenario_service {
	NO_SERVICE,
	FAULT_IN_SERVICE,	/* in any of its processes */
	FAULT_IN_CLIENT,
};

struct scenario {
	const char	*sentence;
	enum scenario_kind kind;
	enum scenario_service service;
	struct script	 script;
	const char	*scheme;	/* NULL: smtp */
	const char	*more;		/* of the configuration; with {dir},
					 * {port} and {ca} */
	const char	*words[20];	/* arguments, with the same */
	const char	*to[4];		/* recipients */
	const char	*says[4];	/* PRINTS: on standard output; NULL:
					 * the recipients */
	const char	*written[3];	/* WRITES: names of files */
	const char	*old;		/* their content before, or NULL */
	int		 status;	/* of a run without a fault */
	bool		 waits;		/* after it, for some recipient */
	const char	*files;		/* if the smarthost is not a server,
					 * the directory of the messages; else
					 * NULL */
	bool		 large;
	bool		 logs;		/* to sockets of syslog and the
					 * journal */
	bool		 forgets;	/* each run begins without the facts
					 * that a queue run has recorded */
	bool		 apart;		/* FLUSHES: each recipient has a
					 * message of its own */
	size_t		 collected;	/* FLUSHES: so many messages to the
					 * same recipient, all of which wait
					 * for a digest; 0: none does */
	bool		 logs_in;	/* at an authorization server, which
					 * {dir}/provider describes */
};

extern const struct scenario	scenarios[];
extern const size_t		scenarios_n;		/* with FAULTS=all */
extern const size_t		scenarios_usual_n;	/* at the beginning */

struct scenario_place {
	const struct scenario	*s;
	const uid_t		*user;		/* runs the programs and owns
						 * the files, if root runs the
						 * test; NULL: its user */
	const atomic_uint	*faults;	/* the faults of this run so
						 * far; NULL: unknown */
	struct temp_dir		 dir, memory;
	struct usual_certificates usual;
	struct mock_smtp	*host;
	struct authorization	 authorization;
	struct loggers		 loggers;
	size_t			 messages;	/* of earlier runs */
	char			 conf[100], spool[100];
	struct buffer		 input, word[20];

	/* Of the run without a fault. */
	struct buffer		 delivered, queued, written[3];
	struct buffer		 names;		/* of files, a line each */
	size_t			 descriptors;	/* of the service */
	pid_t			 servers[4];	/* our children before a run */
	size_t			 n_servers;

	/* Of the last run. */
	struct program_result	 o, service;
	struct buffer		 wrong, found;

	size_t			 runs, successes;
};

void	scenario_open(struct scenario_place *, const struct scenario *);
void	scenario_close(struct scenario_place *);

/* Runs the program: .env and .prepare with .ctx are used. */
void	scenario_run(struct scenario_place *, const struct program *how);

/* Effects of the fault that do not break a promise. */
struct scenario_excuse {
	int	 signal;	/* may end the program; or 0 */
	bool	 is_mute;	/* standard error cannot be written */
	bool	 is_unheard;	/* standard output cannot, either */
	bool	 may_leave;	/* files cannot be removed */
	int64_t	 clock;		/* the seconds that its clock is ahead */
};

/* Returns false if a promise was broken. */
bool	scenario_judge(struct scenario_place *,
	    const struct scenario_excuse *);

/* Removes what the last run has left. */
void	scenario_sweep(struct scenario_place *);

#endif
