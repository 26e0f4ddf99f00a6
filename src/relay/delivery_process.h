/*
 * delivery_process.h - the process that delivers messages without a server
 *
 * A process in the sandbox (util/sandbox.h) cannot start a program, nor write
 * to a Maildir.  Therefore, if the configuration has a smarthost that is one of
 * these, a helper (util/helper.h) is forked first.  It receives the number of
 * the smarthost in its copy of the configuration, paths and a message on a
 * socket.  It cannot be made to run another program, to run one without a
 * forward-path, or to write to another directory: after an invalid request, it
 * exits.  It delivers nothing before it has the whole message, and if the parent
 * ends, it kills a running program and exits.
 */
#ifndef RELAY_DELIVERY_PROCESS_H
#define RELAY_DELIVERY_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "config/smarthost.h"
#include "util/buffer.h"
#include "util/failure.h"
#include "util/interrupt.h"

/* A zeroed struct has no process. */
struct delivery_process {
	const struct config	*config;	/* borrowed */
	pid_t			 pid;		/* 0: none */
	int			 fd;		/* of the socket; -1: closed */
	int			 error;		/* errno if fork(2) failed */
	bool			 lost;		/* it has ended, or was killed */
	struct interrupt	*interrupt;	/* borrowed, or NULL: ends each
						 * wait */
};

enum delivery_kind {
	DELIVERY_DONE,
	DELIVERY_NOT_DONE,	/* but another smarthost or a later attempt may
				 * succeed */
	DELIVERY_REFUSED,
	DELIVERY_IN_DOUBT,	/* the message may have been delivered */
};

struct delivery_result {
	enum delivery_kind	kind;
	struct failure		why;	/* also after DELIVERY_DONE: a remark;
					 * without the path */
	size_t			output_len;
};

/*
 * Resets all fields, and starts the process if the configuration has a program
 * or a Maildir as a smarthost.  A failure is reported by
 * delivery_process_open().
 */
void	delivery_process_start(struct delivery_process *,
	    const struct config *);

/*
 * Whether the program exists and is executable, or the Maildir is writable: it
 * is created if it does not exist.  False with EX_CONFIG, or with EX_TEMPFAIL
 * or EX_OSERR if a later attempt may succeed.
 */
bool	delivery_process_open(struct delivery_process *,
	    const struct smarthost_url *, struct failure *why);

struct delivery_request {
	const struct smarthost_url	*smarthost;
	int64_t				 timeout_ms;	/* of the program, at
						 * most one day */
	const struct buffer		*paths;	/* for a program: the
						 * reverse-path and the
						 * forward-paths, each followed
						 * by a NUL */
};

enum { DELIVERY_PATHS_MAX = 64 * 1024 };

/*
 * Delivers one message: begin, write the message in any number of pieces, end;
 * or, if the rest of the message cannot be read, abandon in place of the end.
 * The last 4096 octets of the program's standard error are appended to output.
 * Each call returns false, with why (EX_TEMPFAIL), if the process has ended,
 * does not respond in time, or a signal has arrived.  The process is not used
 * again, and the message can have been delivered only if delivery_process_end()
 * was called.
 */
bool	delivery_process_begin(struct delivery_process *,
	    const struct delivery_request *, struct failure *why);
bool	delivery_process_write(struct delivery_process *, const void *,
	    size_t len, struct failure *why);
bool	delivery_process_end(struct delivery_process *,
	    const struct delivery_request *, struct delivery_result *,
	    struct buffer *output, struct failure *why);

void	delivery_process_abandon(struct delivery_process *);

/* Ends the process. */
void	delivery_process_stop(struct delivery_process *);

#endif
