/*
 * service_protocol.h - the private commands between sendmail and the service
 *
 * sendmail speaks LMTP to the socket of relais serve (submit/service.h), and
 * sends these commands, before MAIL or after a message, for what LMTP cannot
 * express:
 *
 *	XRELAIS OPTIONS [queue] [default-sender] [late-checks]
 *	    [from-header] [plain] [name=WORD]
 *
 * applies to the messages that follow in the session; each OPTIONS replaces
 * the one before.
 *
 *	XRELAIS RESULT
 *
 * asks for the outcomes of the last message.  The lines of the reply, without
 * the reply code, are
 *
 *	path KIND STATUS CODE STEP ENHANCED FLAGS PATH [TEXT]
 *	queued ID
 *	failed ID
 *	end PATHS
 *
 * with a line "path" for each forward-path after expansion; or, if
 * submit_message() returned false,
 *
 *	failure STATUS [TEXT]
 *	end 0
 *
 * KIND is delivered, deferred or failed.  ENHANCED is - if there is none.
 * FLAGS is - or one or more of d (in doubt), n (not attempted) and s (the text
 * is that of the line before).  WORD, PATH and TEXT are escaped as in
 * queue/escape.h.
 *
 * Users cannot read the spool.  The following commands are for users who list
 * it or run it (submit/service_queue.h).
 *
 *	XRELAIS COUNT
 *
 * asks for the numbers that every user can see.  The text of the reply is
 *
 *	QUEUED OCTETS OLDEST NEXT FAILED OCTETS SUCCESS GIVEN-UP ERROR
 *	    QUEUE-GIVEN-UP COLLECTED NEXT-DIGEST
 *
 * in one line, with the totals of queue/ and failed/ (struct spool_totals) and
 * the times in struct health and struct health_state.
 *
 *	XRELAIS ABOUT
 *
 * asks for facts about the service, for relais check.  The text of the reply is
 *
 *	VERSION CHANGED
 *
 * with the version of relais, and .changed_us of the configuration that the
 * service has read (struct config).
 *
 *	XRELAIS RUN
 *
 * requests a queue run.  A user can do so once every ten seconds.
 *
 *	XRELAIS RELEASE ID
 *
 * releases a message that was given up, which the user submitted; root and the
 * user of the service release any message.  A message counts against the limit
 * of the user.  The text of the reply is one of
 *
 *	released ID
 *	failure STATUS TEXT
 *
 * with the new identifier, or the exit status and the text of the failure,
 * which is visible text (util/visible.h).
 *
 *	XRELAIS ENTRIES [ID]
 *
 * asks for the entries of the user; root and the user of the service see all.
 * After a positive reply the session ends, and the entries in queue/ and then
 * those in failed/ follow, or only those with this ID.  Invalid entries, whose
 * user is not known, are omitted.  Each entry is a line and octets of its file:
 *
 *	entry DIRECTORY ID SIZE NEXT LOCKED LENGTH
 *	...
 *	end
 *
 * DIRECTORY is queue or failed; SIZE is that of the file in octets; NEXT is the
 * time of the next attempt in seconds; LOCKED is 1 while an attempt is made.
 * LENGTH octets follow: those of the envelope, or the whole file if an ID was
 * given.  If an ID was given and the entry in failed/ has a transcript
 * (queue/last_attempt.h), the entry is preceded by the line
 *
 *	transcript LENGTH
 *
 * and LENGTH octets.
 *
 * The parsers accept only what the writers write, since neither side trusts
 * the other.
 */
#ifndef SUBMIT_SERVICE_PROTOCOL_H
#define SUBMIT_SERVICE_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/envelope.h"
#include "mail/outcome.h"
#include "queue/health.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "util/buffer.h"
#include "util/failure.h"

enum {
	SERVICE_RECIPIENTS_MAX = 100000,	/* RCPT commands after OPTIONS
						 * with late-checks */
	SERVICE_PATHS_MAX = 1000000,		/* lines in a RESULT */
	SERVICE_NAME_MAX = 1000,		/* octets of name=, decoded */
	SERVICE_RELEASE_TEXT = 800,		/* octets of a failure text */
	SERVICE_ENTRY_LINE_MAX = 200,		/* octets of an ENTRIES line */
};

struct service_options {
	bool	 queue;		/* queue without an attempt */
	bool	 default_sender; /* the client gives no reverse-path: that of
				 * MAIL is ignored */
	bool	 late_checks;	/* RCPT is checked only for syntax, and up to
				 * SERVICE_RECIPIENTS_MAX are accepted: the
				 * result names those that are refused */
	bool	 from_header;	/* elements of the recipient fields in the
				 * header that are not addresses fail; the
				 * client has sent RCPT for the addresses */
	bool	 plain;		/* private commands are unknown from now on:
				 * what follows comes from another program */
	char	*full_name;	/* owned; of the sender; or NULL */
};

/* Appends "XRELAIS OPTIONS ...", without a line end. */
void	service_options_write(struct buffer *, const struct service_options *);

/* Parses the text after "OPTIONS", which it changes.  EX_USAGE. */
bool	service_options_parse(struct service_options *, char *text,
	    struct failure *why);

void	service_options_free(struct service_options *);

/* What submit_message() returned.  A zeroed struct is empty. */
struct service_result {
	bool		 refused;	/* it returned false, with why: */
	struct failure	 why;
	struct envelope	 envelope;	/* only the forward-paths */
	struct outcome	*outcomes;	/* owned; one for each */
	size_t		 cap;
	char		 queued[ID_SIZE];
	char		 failed[ID_SIZE];
	bool		 complete;	/* "end" has been read */
};

/* Appends the lines, separated by '\n'. */
void	service_result_write(struct buffer *, const struct service_result *);

/*
 * Adds one line of a reply, without the reply code.  Returns false with
 * EX_PROTOCOL if the line is invalid.  The result can be used only if it is
 * .complete after the last line.
 */
bool	service_result_add(struct service_result *, const char *line,
	    struct failure *why);

void	service_result_free(struct service_result *);

struct service_about {
	char	version[32];
	int64_t	changed_us;
};

/* Appends the text of the reply to ABOUT. */
void	service_about_write(struct buffer *, const struct service_about *);

/* EX_PROTOCOL. */
bool	service_about_parse(struct service_about *, const char *text,
	    struct failure *why);

/* Appends the text of the reply to COUNT; .last.text is omitted. */
void	service_count_write(struct buffer *, const struct health_state *);

/* EX_PROTOCOL. */
bool	service_count_parse(struct health_state *, const char *text,
	    struct failure *why);

/* The reply to RELEASE: .why.status is EX_OK if the message was released. */
struct service_release {
	char		 id[ID_SIZE];
	struct failure	 why;
};

/* Appends the text of the reply. */
void	service_release_write(struct buffer *, const struct service_release *);

/* EX_PROTOCOL. */
bool	service_release_parse(struct service_release *, const char *text,
	    struct failure *why);

/* The line before the octets of an entry. */
struct service_entry {
	enum spool_dir dir;	/* SPOOL_QUEUE or SPOOL_FAILED */
	char		 id[ID_SIZE];
	uint64_t	 size;		/* of the file */
	int64_t		 next;
	bool		 locked;
	uint64_t	 length;	/* octets that follow: at most .size */
};

/* Appends the line, with its line end. */
void	service_entry_write(struct buffer *, const struct service_entry *);

/* Parses the line without its line end.  EX_PROTOCOL. */
bool	service_entry_parse(struct service_entry *, const char *line,
	    struct failure *why);

#endif
