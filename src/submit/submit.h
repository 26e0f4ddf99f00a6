/*
 * submit.h - the entry point for new messages
 *
 * A run begins with submit_open(), calls submit_message() for each message, and
 * ends with submit_close().  A message is prepared (recipients, aliases,
 * sender, header; submit/prepare.h); an attempt is made to send it while the
 * caller waits; deferred forward-paths are committed to the queue; and the
 * outcomes are logged.
 *
 * If the service accepts connections (submit/service.h), it does all of this,
 * with the same result.  Otherwise this process does, if it can read the
 * configuration and the credentials.
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
#include "relay/mail_log.h"
#include "relay/relay.h"
#include "smtp/session_log.h"
#include "submit/expand.h"
#include "submit/local_names.h"
#include "submit/spool_config.h"
#include "util/failure.h"
#include "util/interrupt.h"
#include "util/log.h"

enum submit_mode {
	SUBMIT_NOW,		/* makes an attempt, and queues a deferred
				 * message */
	SUBMIT_QUEUE,		/* queues without an attempt; makes an attempt
				 * only if there is no queue: it is disabled,
				 * or not set and the default is unusable */
	SUBMIT_VERIFY,		/* only prepares messages */
};

/* An attempt by another process.  All pointers are borrowed. */
struct submit_attempt {
	const struct envelope	*envelope;
	const struct message	*message;
	struct outcome		*outcomes;	/* one for each forward-path */
	const struct relay_callbacks *callbacks;	/* or NULL */
	struct tried		*tried;		/* filled in */
};

/* Why the service is not used. */
struct submit_no_service {
	bool		absent;		/* its socket is missing */
	bool		down;		/* it does not accept, or has closed
					 * the connection */
	struct failure	why;		/* .text is "" if socket is off */
};

/* Of all messages of a run.  All pointers are borrowed until submit_close(). */
struct submit_options {
	enum submit_mode	 mode;
	const struct config	*config;
	const struct identity	*me;		/* the user who submits; NULL:
						 * the user of this process */
	uint32_t		 uid;		/* of that user; UINT32_MAX:
						 * unknown */
	const struct mail_log_client *client;	/* or NULL: the user's process
						 * is this one */
	const struct log	*log;
	const struct session_trace	*trace;		/* or NULL */

	/*
	 * If a signal arrives, the attempt ends, and the message is deferred
	 * and queued.  If this is NULL, signals are held from the first attempt
	 * until the process exits.
	 */
	struct interrupt	*interrupt;

	/*
	 * Enter the sandbox in submit_open() instead of before the first
	 * attempt: for a caller that parses untrusted input.  Such a caller
	 * does not use the service, and can say why, for the error of a user
	 * who cannot read a secret.
	 */
	bool			 confine;
	const struct submit_no_service *no_service;	/* or NULL */

	/*
	 * Fill in .map of the results, and keep repeated forward-paths until
	 * they are expanded: for protocols that reply to each recipient.
	 */
	bool			 each_recipient;

	/*
	 * Makes the attempt instead of relay_send(), for a caller that has
	 * another process make its attempts: sets an outcome for each
	 * forward-path whose outcome is OUTCOME_WAITING, and calls the
	 * callbacks and interrupt_limit_wait() as relay_send() does.  If it
	 * returns false, with why, no attempt was made, and the message is
	 * queued.  This process does not run commands for credentials.  NULL:
	 * relay_send().
	 */
	bool	(*attempt)(void *context, const struct submit_attempt *,
		    struct failure *why);
	void	*context;

	/* If .attempt is set: where it leaves its transcript; or NULL. */
	const struct buffer	*transcript;
};

/*
 * One message, as the caller gave it (submit/prepare.h).  All pointers are
 * borrowed.
 */
struct submit_request {
	struct envelope	*envelope;	/* prepare_message() changes it */
	struct message	*message;	/* prepare_message() changes it */
	bool		 queue;		/* as with SUBMIT_QUEUE */
	bool		 background;	/* the caller queues the message to
					 * exit at once; the service makes an
					 * attempt */
	const char	*full_name;	/* for a From field that is added; NULL:
					 * that of .me */
	bool		 from_header;	/* -t: add the recipients in the
					 * header */
	unsigned	 notify;	/* NOTIFY of these recipients */
	bool		 bad_from_header; /* the recipients in the header have
					 * been added, except those that are
					 * not addresses: they fail */
};

/* Do not copy or move it while it is open. */
struct submit {
	struct submit_options	 options;
	struct message_limits	 limits;	/* for message_begin() */
	struct spool		 spool;		/* closed if there is none */

	bool			 by_service;	/* the service has, or refused,
						 * the last message */

	/* Private. */
	bool			 has_warned;	/* credentials_warn() */
	const char		*service;	/* its socket, or NULL */
	struct submit_no_service no_service;
	bool			 is_open;	/* the members below are set */
	struct identity		 identity;	/* if options.me was NULL */
	enum spool_config	 queue;
	struct failure		 no_queue;	/* unless the queue is open */
	struct spill_directories spill;
	struct message_spare	 spare;		/* .fd is -1 if not open */
	struct local_names	 local_names;
	struct interrupt	 interrupt;
	bool			 confined;
	struct session_log	 dialogue;
	struct relay		 relay;
};

struct submit_result {
	struct outcome	*outcomes;	/* owned; one for each forward-path
					 * of the envelope */
	size_t		 n;		/* number of outcomes */
	struct expand_map map;			/* if options.each_recipient */
	char		 queued[ID_SIZE];	/* ID of the entry with the
						 * deferred forward-paths, or
						 * "" */
	char		 failed[ID_SIZE];	/* ID of the entry in failed/
						 * with the failed ones, or
						 * "" */
};

/*
 * Opens the queue, unless the service may be used instead.  If the directory
 * that the configuration names cannot be used, the reason is logged, and
 * deferred messages are not queued.
 */
void	submit_open(struct submit *, const struct submit_options *);

/*
 * For a process that serves one session after another: call this at the
 * beginning of each.  The aliases are read again.
 */
void	submit_begin_session(struct submit *);

/*
 * Checks a forward-path before the message is known: see prepare_recipient().
 * EX_TEMPFAIL and EX_NOPERM as described for submit_message().
 */
bool	submit_recipient(struct submit *, const char *reverse_path,
	    const struct address *, struct failure *why);

/*
 * Submits a message.  Except with SUBMIT_VERIFY, no outcome is OUTCOME_WAITING
 * afterwards.  If .queued is set, the queue holds the deferred forward-paths;
 * otherwise the caller still has to send the message to them, and the status
 * and text of their outcomes say why they are not in the queue.
 *
 * Returns false, with why, if nothing can be sent: see prepare_message().  In
 * addition, EX_TEMPFAIL if the service is busy.  If this user has no permission
 * to read the configuration or the aliases, EX_TEMPFAIL if the service is down,
 * and EX_NOPERM if there is none.  Free the result in either case.
 */
bool	submit_message(struct submit *, const struct submit_request *,
	    struct submit_result *, struct failure *why);

/*
 * The outcome for the i-th forward-path that the caller gave: the one with the
 * highest rank among those of its expansion.  Requires .each_recipient.
 */
const struct outcome *submit_result_for(const struct submit_result *,
	    size_t i);

void	submit_result_free(struct submit_result *);

/* Ends the session with the smarthost.  Signals stay held. */
void	submit_close(struct submit *);

#endif
