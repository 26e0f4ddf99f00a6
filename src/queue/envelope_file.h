/*
 * envelope_file.h - what is written about a message, in front of it
 *
 *	relais-queue 1
 *	message 0000000992 0000000311 00000000000000001204
 *	body 8bit=0,0 dots=1 longest=78
 *	arrived 1763760000123456
 *	user 33 www-data
 *	from alerts@example.org
 *	envid QQ314159
 *	return full
 *	state ready 0001/00001 notice=0
 *	reason 451 4.7.1 greylisted, try again later      (padded)
 *	? root@example.org notify=4 orcpt=rfc822;root@example.org
 *	  75 451 4.7.1       - RCPT TO: 451 4.7.1 grey... (padded)
 *
 * and an empty line.  The message begins at the first number, its header and
 * the empty line behind it take the second, both and the body the third.
 * Values from outside are words of escape.h, without CR, LF and NUL even if
 * escaped, as they become parts of SMTP commands; envid, return, notify and
 * orcpt are left out if unsaid.  The dots are not relied on: a message from
 * the queue is always dot-stuffed.  The state counts the attempts in which a
 * server was asked, and all attempts; one number of ten digits, as earlier
 * versions wrote it, is the latter.
 *
 * The state, the reason, and the status byte and outcome of a forward-path
 * are rewritten in place, so each has a fixed width, and a reader that meets
 * one half written still understands the file.  The status byte alone says
 * what is to be done: '?' waiting, '+' delivered, '-' failed.
 */
#ifndef QUEUE_ENVELOPE_FILE_H
#define QUEUE_ENVELOPE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "util/buffer.h"
#include "util/failure.h"

enum {
	ENVELOPE_FILE_MAX = 64 * 1024 * 1024,	/* octets */
	ENVELOPE_FILE_PATHS_MAX = 100000,

	/* Of the message, with fields that were added or encoded. */
	ENVELOPE_FILE_HEADER_MAX = 4 * MESSAGE_HEADER_MAX,	/* octets */
	ENVELOPE_FILE_FIELDS_MAX = 2 * MESSAGE_FIELDS_MAX,

	ENVELOPE_FILE_START = 128,	/* octets that tell its length */
};

struct envelope_file {
	uint64_t	 message_at;	/* filled by envelope_file_write() */
	uint64_t	 header_size;
	uint64_t	 message_size;
	bool		 header_8bit;	/* as in struct message */
	bool		 body_8bit;
	bool		 has_dots;
	size_t		 longest_line;
	int64_t		 arrived_us;	/* microseconds since the epoch */
	uint32_t	 uid;		/* who brought it */
	char		*caller;	/* owned; the same as a name, or "" */
	bool		 held;
	unsigned	 attempts;
	unsigned	 asked;		/* of those, with a server's answer or
					 * silence to show for it */
	bool		 notice_sent;
	char		 reason[512];	/* the last reply, or why it failed */
	struct envelope	 envelope;
	struct outcome	*outcomes;	/* owned, one for each forward-path; a
					 * deferred one is WAITING again, with
					 * what was said the last time */
};

/*
 * Appends the text, sets .message_at.  Outcomes may be NULL: nothing tried.
 * False with EX_DATAERR without a forward-path, beyond the bounds above, or
 * for a word with a line break.
 */
bool	envelope_file_write(struct buffer *, struct envelope_file *,
	    struct failure *why);

/*
 * Returns the length of the envelope text that begins with these octets
 * (ENVELOPE_FILE_START, or the whole file if it is shorter), or 0 if they are
 * not the beginning of one.
 */
size_t	envelope_file_length(const char *text, size_t len);

/*
 * Reads exactly one envelope text.  If it is invalid, returns false with
 * EX_DATAERR and the line at fault, and leaves the struct empty.
 */
bool	envelope_file_parse(struct envelope_file *, const char *text,
	    size_t len, struct failure *why);

/*
 * Rewrite what may change, in a text that was written or parsed, from
 * the struct; they return the range that they wrote.
 */
struct envelope_file_range {
	size_t	from;
	size_t	to;
};

/* All that may ever be rewritten. */
struct envelope_file_range envelope_file_changeable(const char *text,
	    size_t len);

struct envelope_file_range envelope_file_rewrite_state(char *text,
	    const struct envelope_file *);

/* The outcomes from index first up to, not including, end. */
struct envelope_file_range envelope_file_rewrite_outcomes(char *text,
	    size_t len, const struct envelope_file *, size_t first,
	    size_t end);

/* Leaves the struct empty, ready for use again. */
void	envelope_file_free(struct envelope_file *);

#endif
