/*
 * stream.h - buffered I/O on a connection, with a deadline, with or without TLS
 *
 * A function waits until it is done, but no longer than the deadline; the
 * descriptor itself is non-blocking.  Output is collected until stream_flush()
 * or until the buffer is full, so that a flight of commands is sent with one
 * write.  The stream owns its descriptor, but not a pair of descriptors.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/buffer.h"
#include "util/failure.h"

struct interrupt;
struct tls;
struct tls_module;

enum {
	STREAM_IN = 4096,		/* octets read ahead */
	STREAM_OUT = 96 * 1024,		/* octets collected before a write */
};

struct stream {
	int			 fd;		/* -1: closed */
	int			 fd_out;	/* fd, unless it is a pair */
	bool			 is_pair;
	int64_t			 timeout;	/* in ms, as set */
	int64_t			 deadline;	/* clock_ms(); 0: none */
	bool			 per_wait;	/* a deadline for each wait */
	bool			 no_input;	/* input makes a write fail */
	struct interrupt	*interrupt;	/* borrowed, or NULL */
	int64_t			 grace;		/* stream_set_grace() */
	int64_t			 grace_end;	/* clock_ms(); 0: no signal */
	struct buffer		 out;
	bool			 heard;		/* input since the last output */
	size_t			 ahead_max;	/* stream_read_while_writing() */
	struct buffer		 ahead;		/* octets read during writes */
	size_t			 ahead_start;	/* of those not used yet */
	size_t			 in_start;
	size_t			 in_end;
	size_t			 in_used;	/* octets to wipe on close */
	bool			 eof;
	struct failure		 lost;		/* if .status is set, a read at
						 * the end of the input fails
						 * with this */
	const struct tls_module	*module;	/* NULL: in clear */
	struct tls		*tls;
	bool			 write_first;	/* it has to write before it can
						 * read */
	char			 in[STREAM_IN];
};

void	stream_open(struct stream *, int fd);	/* makes fd non-blocking */
/* The same for a descriptor that is already non-blocking. */
void	stream_open_nonblocking(struct stream *, int fd);

/*
 * Opens a pair of descriptors, such as standard input and output, which need
 * not be sockets.  Other processes may share the descriptors, so they are not
 * closed, and their mode is unchanged; a write to a blocking descriptor may
 * exceed the deadline.
 */
void	stream_open_pair(struct stream *, int in, int out);

/* From now on a signal that is held ends each wait (interrupt.h); borrowed. */
void	stream_set_interrupt(struct stream *, struct interrupt *);

/*
 * From now on, writes continue for so many milliseconds after a signal, so that
 * a peer that is reading gets all output.
 */
void	stream_set_grace(struct stream *, int64_t ms);

/* Sets one deadline for all following calls, in ms from now; 0: none. */
void	stream_set_timeout(struct stream *, int64_t ms);

/*
 * Sets a timeout for each wait separately: a long transfer does not fail while
 * it makes progress.
 */
void	stream_set_wait_timeout(struct stream *, int64_t ms);

/*
 * Until the next timeout is set, the peer must not send anything: a write that
 * has to wait fails at once if input has arrived or the peer has closed.
 */
void	stream_expect_no_input(struct stream *);

/*
 * From now on, a write that has to wait also reads the input that arrives, up
 * to that many octets: a peer that replies to each command while it reads stops
 * reading if nobody reads its replies (RFC 2920 section 3.1).  If the peer
 * closes the connection, the rest of the output is discarded, and the reader
 * gets all input that arrived before the end or the failure.  Input that is
 * followed by a wait for more of it is acknowledged at once (TCP_QUICKACK).
 *
 * With TLS 1.3, OpenSSL does not read while it has to send new keys.  If a peer
 * requests these while it does not read, the write times out, or fails if it
 * has sent a part of a record.  No peer is known to do this: it would be
 * necessary after millions of records.
 */
void	stream_read_while_writing(struct stream *, size_t most);

enum stream_result {
	STREAM_LINE,		/* a whole line, without its line end */
	STREAM_LONG,		/* the line is longer than the limit */
	STREAM_CLOSED,		/* end of file; *line is incomplete */
	STREAM_FAILED,		/* deadline or error: see why */
};

/*
 * Appends the next line to *line, at most limit octets, NULs included.  Both
 * CRLF and a bare LF end a line; *bare_lf, if not NULL, is set accordingly.
 */
enum stream_result stream_read_line(struct stream *, struct buffer *line,
	    size_t limit, bool *bare_lf, struct failure *why);

/*
 * Sets *data to the octets that have been read ahead, valid until the next
 * call, and returns their number; waits if there are none.  Returns 0 at the
 * end of the input, -1 with why.  stream_consume() removes octets.
 */
ssize_t	stream_peek(struct stream *, const char **data, struct failure *why);
void	stream_consume(struct stream *, size_t n);

/* True if octets have been read ahead. */
bool	stream_has_input(const struct stream *);

/* True if a whole line has been read ahead. */
bool	stream_has_line(const struct stream *);

/*
 * True if a read would not wait: input has arrived, or the peer has closed.
 * TLS session tickets are not input.
 */
bool	stream_is_readable(struct stream *);

/*
 * Waits for a whole line, the end of the input or a signal.  Returns false if
 * none of these arrives within ms milliseconds.  Requires an earlier call of
 * stream_read_while_writing().
 */
bool	stream_wait_line(struct stream *, int64_t ms);

/* Add to the output buffer; write only if it is full. */
bool	stream_write(struct stream *, const void *data, size_t len,
	    struct failure *why);
bool	stream_printf(struct stream *, struct failure *why, const char *fmt,
	    ...)
	    __attribute__((format(printf, 3, 4)));
bool	stream_flush(struct stream *, struct failure *why);

/*
 * Flushes, then sends len octets of a file from an offset; in clear, by
 * sendfile(2).
 */
bool	stream_send_file(struct stream *, int fd, off_t offset, uint64_t len,
	    struct failure *why);

/*
 * Starts TLS with a session that the module has prepared; the stream takes over
 * the session, even on failure.  EX_PROTOCOL if clear text has already arrived,
 * otherwise the status of the module.  After a failure the stream must be
 * closed.
 */
bool	stream_start_tls(struct stream *, const struct tls_module *,
	    struct tls *, struct failure *why);

/* Discards the output buffer; sends close_notify unless it would block. */
void	stream_close(struct stream *);

#endif
