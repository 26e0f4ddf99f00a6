/*
 * submit.h - the entry point for new messages
 *
 * Every new message passes through these three calls: submit_open(),
 * submit_message() for each message, submit_close().  A message is prepared
 * (recipients, aliases, sender, header; submit/prepare.h), an attempt is made
 * to send it while the caller waits, forward-paths that are deferred are
 * committed to the queue, and the outcomes are logged.
 */
#ifndef SUBMIT_SUBMIT_H
#define SUBMIT_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/identity.h"
#include "mail/address.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "relay/relay.h"
#include "submit/expand.h"
#include "submit/local_names.h"
#include "submit/spool_config.h"
#include "util/failure.h"
#include "util/interrupt.h"
#include "util/log.h"

enum submit_mode {
	SUBMIT_NOW,		/* makes an attempt, queues what is deferred */
	SUBMIT_QUEUE,		/* queues without an attempt; makes one only if
				 * there is no queue and none is set */
	SUBMIT_VERIFY,		/* prepares only; there is no queue */
};

/* All pointers are borrowed until submit_close(). */
struct submit_options {
	enum submit_mode	 mode;
	const struct config	*config;
	const struct identity	*me;		/* the user who submits */
	uint32_t		 uid;		/* of the same user */
	const struct log	*log;
	const struct session_trace	*trace;		/* or NULL */

	/*
	 * Ends an attempt: the message is deferred and so queued.  If it is
	 * NULL, signals are held from the first attempt until the process
	 * exits.
	 */
	struct interrupt	*interrupt;

	/*
	 * Enter the sandbox in submit_open() and not before the first attempt:
	 * for a caller that parses a client's input.
	 */
	bool			 confine;

	/*
	 * Fill in .map of results, and keep repeated forward-paths until they
	 * are expanded: for protocols that reply to each recipient.
	 */
	bool			 each_recipient;

	/*
	 * Makes the attempt in place of relay_send(), for a caller whose
	 * attempts are made by another process: sets an outcome for each
	 * forward-path whose outcome is OUTCOME_WAITING.  If it returns false,
	 * with why, no attempt was made, and the message is queued.  Commands
	 * for credentials are not run by this process.  NULL: relay_send().
	 */
	bool	(*attempt)(void *context, const struct envelope *,
		    const struct message *, struct outcome *,
		    struct failure *why);
	void	*context;
};

/*
 * One message, as the caller gave it (submit/prepare.h).  All pointers are
 * borrowed.
 */
struct submit_request {
	struct envelope	*envelope;	/* changed to what is sent, */
	struct message	*message;	/* as is the message */
	bool		 queue;		/* as with SUBMIT_QUEUE */
	const char	*full_name;	/* for a From field that is added; NULL:
					 * that of options.me */
	bool		 from_header;	/* -t: add the recipients in the
					 * header, */
	unsigned	 notify;	/* with this NOTIFY */
};

/* Do not copy or move it while it is open. */
struct submit {
	struct submit_options	 options;
	struct message_limits	 limits;	/* for message_begin() */
	struct spool		 spool;		/* closed if there is none */

	/* The rest is for submit.c. */
	enum spool_config	 queue;
	struct failure		 no_queue;	/* unless the queue is open */
	struct spill_directories spill;
	struct message_spare	 spare;		/* .fd is -1 if not open */
	struct local_names	 local_names;
	struct interrupt	 interrupt;
	bool			 confined;
	struct relay		 relay;
};

struct submit_result {
	struct outcome	*outcomes;	/* owned; one for each forward-path
					 * of the envelope */
	struct expand_map map;			/* if options.each_recipient */
	char		 queued[ID_SIZE];	/* the entry that holds what
						 * is deferred, or "" */
	char		 failed[ID_SIZE];	/* the entry in failed/ that
						 * holds what failed, or "" */
};

/*
 * Opens the queue that the configuration names.  A queue that is set but
 * cannot be used is logged; submit_message() then fails what it cannot send.
 */
void	submit_open(struct submit *, const struct submit_options *);

/*
 * Checks a forward-path before the message is known: see prepare_recipient().
 */
bool	submit_recipient(struct submit *, const char *reverse_path,
	    const struct address *, struct failure *why);

/*
 * Submits a message.  Except with SUBMIT_VERIFY, no outcome is OUTCOME_WAITING
 * afterwards.  If .queued is set, the queue holds the deferred forward-paths;
 * otherwise the caller still has to send the message to them, and the status
 * and text of their outcomes say why they are not in the queue.
 *
 * Returns false, with why, if nothing can be sent: see prepare_message().
 * Free the result in either case.
 */
bool	submit_message(struct submit *, const struct submit_request *,
	    struct submit_result *, struct failure *why);

/*
 * The outcome for the i-th forward-path that the caller gave: the worst among
 * those that it was expanded to.  For options.each_recipient.
 */
const struct outcome *submit_result_for(const struct submit_result *,
	    size_t i);

void	submit_result_free(struct submit_result *);

/* Ends the session with the smarthost.  Signals stay held. */
void	submit_close(struct submit *);

#endif
