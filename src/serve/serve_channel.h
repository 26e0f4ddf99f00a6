/*
 * serve_channel.h - the messages between the processes of the service
 *
 * The service has a channel to each session and to each worker: a pair of
 * SOCK_SEQPACKET sockets, so that each message arrives whole.
 *
 *	session -> service	struct serve_request; SERVE_SEND passes the
 *				descriptors of an entry (entry_adopt()) and of
 *				a stream socket, the line to the worker
 *	service -> session	int64_t, the answer to SERVE_CHECK; after
 *				SERVE_IDLE, a struct serve_peer and its socket
 *	service -> worker	one octet and the two descriptors of SERVE_SEND;
 *				in reply to SERVE_NEXT, one octet and either
 *				the descriptors of another message or none
 *	worker -> service	enum serve_worker_word
 *	worker -> session, on the line
 *				SERVE_TAKEN before the attempt; SERVE_CONNECT
 *				and a struct serve_login before each connection,
 *				to which the session replies with a struct
 *				serve_permit; SERVE_CONNECTED and a struct
 *				serve_login after that; SERVE_PROGRESS, a
 *				size_t and that many octets (serve_outcomes.h)
 *				after each transaction but the last one;
 *				SERVE_RESULT and the same after the attempt,
 *				followed by a struct tried and, if a recipient
 *				failed, the transcript
 *
 * If the line ends without SERVE_TAKEN, no attempt was made; if it ends without
 * SERVE_RESULT, the smarthost may have accepted the message for the recipients
 * that have no outcome.
 */
#ifndef SERVE_CHANNEL_H
#define SERVE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum serve_request_kind {
	SERVE_SEND,		/* a message to be sent */
	SERVE_RUN,		/* run the queue */
	SERVE_CHECK,		/* a message begins: has the user exceeded its
				 * limit?  If not, the message is counted */
	SERVE_ACCEPTED,		/* the message was accepted */
	SERVE_REFUSED,		/* it was refused, and does not count */
	SERVE_IDLE,		/* the session has ended */
};

struct serve_request {
	enum serve_request_kind	 kind;
	uint64_t		 limit;		/* SERVE_CHECK: messages in a */
	int64_t			 period_s;	/* period */
};

/* One octet from a worker. */
enum serve_worker_word {
	SERVE_DONE	= 'd',	/* it has finished one of its messages */
	SERVE_NEXT	= 'n',	/* it is about to send a message, and can take
				 * the next one before the reply */
	SERVE_LATE	= 'l',	/* the reply is late, so the session of the
				 * next message was told to queue it */
};

enum serve_line {
	SERVE_TAKEN	= 'T',
	SERVE_CONNECT	= 'C',
	SERVE_CONNECTED	= 'D',
	SERVE_PROGRESS	= 'P',
	SERVE_RESULT	= 'R',
};

/*
 * A struct relay_login, and the result of the attempt to open a session.  The
 * truth values here and below are not bool, of which only two values are valid.
 */
struct serve_login {
	char		url[320];
	char		user[320];
	unsigned char	has_user;
	int		trouble;	/* enum connection_trouble */
	char		text[512];	/* its reason */
};

/* Whether the connection may be made; otherwise, why not. */
struct serve_permit {
	unsigned char	good;
	char		text[512];
};

enum { SERVE_CHANNEL_FDS = 2 };

/* Creates the two ends, close-on-exec.  False with errno. */
bool	serve_channel_open(int ends[2]);

/*
 * Sends a message, with fds if that is not NULL; the second may be -1.  False
 * with errno, for example if the other end is closed or its buffer is full.
 */
bool	serve_channel_send(int channel, const void *data, size_t len,
	    const int fds[SERVE_CHANNEL_FDS]);

/*
 * Receives a message; waits for it.  Returns its length, 0 if the other end is
 * closed, -1 with errno.  fds, unless it is NULL, is set to the descriptors,
 * now owned, or to -1 each.
 */
ssize_t	serve_channel_receive(int channel, void *data, size_t size,
	    int fds[SERVE_CHANNEL_FDS]);

#endif
