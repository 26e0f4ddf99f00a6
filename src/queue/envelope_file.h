/*
 * envelope_file.h - the envelope at the beginning of a queue file
 *
 *	relais-queue 1
 *	message 0000000992 0000000311 00000000000000001204
 *	body 8bit=0,0 dots=1 longest=78
 *	arrived 1763760000123456
 *	user 33 www-data
 *	from alerts@example.org
 *	envid QQ314159
 *	return full
 *	requiretls yes
 *	digest 1j9w0g8aa0000q7 1j9w0ga4k0002xx
 *	state ready 0001/00001 notice=0
 *	reason 451 4.7.1 greylisted, try again later      (padded)
 *	? root@example.org notify=4 orcpt=rfc822;root@example.org
 *	  75 451 4.7.1       - RCPT TO: 451 4.7.1 grey... (padded)
 *
 * followed by an empty line.  The numbers of "message" are the offset of the
 * message, the length of the header with its empty line, and the length of
 * header and body.  Untrusted values are words of escape.h, and cannot contain
 * CR, LF and NUL even in escaped form, because they are used in SMTP commands.
 * envid, return, requiretls, digest, notify and orcpt are omitted if they are
 * not set.  The value of dots is not used, because a message from the queue is
 * always dot-stuffed.
 *
 * The state is "ready", "held " or "storm": such an entry is collected for a
 * digest, or is a digest that is not complete yet (runner/collect.h).  The line
 * "digest" contains the IDs of the entries that a digest replaces.  Versions
 * without digests move entries with either of them to failed/.
 *
 * The value of requiretls is "yes" or "offered" (RFC 8689; mail/envelope.h).
 * Versions without it do not send such an entry, and move it to failed/.
 *
 * The state also contains the number of attempts in which a server was asked,
 * and the number of all attempts; earlier versions wrote only the number of all
 * attempts, with ten digits.  An outcome begins with 'd' instead of a space if
 * the sender was notified of the delay; earlier versions ignore it.
 *
 * The state, the reason, and the status octet and outcome of a forward-path
 * are rewritten in place.  Each of them therefore has a fixed width, and the
 * file is valid even if a write was incomplete.  Only the status octet decides
 * the next step: '?' waiting, '+' delivered, '-' failed.
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

	/* The header, including fields that were added or encoded. */
	ENVELOPE_FILE_HEADER_MAX = 4 * MESSAGE_HEADER_MAX,	/* octets */
	ENVELOPE_FILE_FIELDS_MAX = 2 * MESSAGE_FIELDS_MAX,

	ENVELOPE_FILE_START = 128,	/* octets that contain its length */
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
	uint32_t	 uid;		/* the user who submitted it */
	char		*caller;	/* owned; the same as a name, or "" */
	bool		 held;
	bool		 collected;	/* for a digest; not if it is held */
	char		*digest;	/* owned, or NULL: of a digest, the IDs
					 * of its messages, separated by
					 * spaces */
	unsigned	 attempts;
	unsigned	 asked;		/* of those, attempts in which a server
					 * was asked */
	bool		 notice_sent;
	char		 reason[512];	/* the last reply or failure */
	struct envelope	 envelope;
	struct outcome	*outcomes;	/* owned, one for each forward-path; a
					 * deferred one is WAITING again, with
					 * the text of its last attempt */
};

/*
 * Appends the text and sets .message_at.  The outcomes are NULL before the
 * first attempt.  Returns false with EX_DATAERR without a forward-path, if a
 * limit above is exceeded, or if a word contains a line break.
 */
bool	envelope_file_write(struct buffer *, struct envelope_file *,
	    struct failure *why);

/*
 * Returns the length of the envelope text of a file, given its first
 * ENVELOPE_FILE_START octets, or the whole file if it is shorter.  Returns 0 if
 * the file does not begin with an envelope text.
 */
size_t	envelope_file_length(const char *text, size_t len);

/*
 * Reads exactly one envelope text.  If the text is invalid, returns false with
 * EX_DATAERR and the number of the line, and leaves the struct empty.
 */
bool	envelope_file_parse(struct envelope_file *, const char *text,
	    size_t len, struct failure *why);

/*
 * Update a text that was written or parsed from the struct, and return the
 * range that was written.
 */
struct envelope_file_range {
	size_t	from;
	size_t	to;
};

/* The range of all octets that can be rewritten. */
struct envelope_file_range envelope_file_changeable(const char *text,
	    size_t len);

struct envelope_file_range envelope_file_rewrite_state(char *text,
	    const struct envelope_file *);

/* The outcomes with the indexes from first to end - 1. */
struct envelope_file_range envelope_file_rewrite_outcomes(char *text,
	    size_t len, const struct envelope_file *, size_t first,
	    size_t end);

/* Leaves the struct empty, ready for use again. */
void	envelope_file_free(struct envelope_file *);

#endif
