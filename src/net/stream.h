/*
 * stream.h - a connection as lines and blocks, with a deadline
 *
 * Blocking to the caller, non-blocking underneath: every wait ends at the
 * deadline.  Output is collected and leaves in one write per flight, at
 * stream_flush() or when the buffer is full.  TLS, once started, is
 * invisible here.  The stream owns the descriptor, but for a pair.
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
	int			 fd_out;	/* the same one, or of a pair */
	bool			 is_pair;
	int64_t			 timeout;	/* ms, as it was set */
	int64_t			 deadline;	/* clock_ms(); 0: none */
	bool			 patient;	/* it begins anew with a wait */
	bool			 alone;		/* input ends a wait for room */
	struct interrupt	*interrupt;	/* borrowed, or NULL */
	struct buffer		 out;
	size_t			 in_start;
	size_t			 in_end;
	size_t			 in_used;	/* the most there ever was */
	bool			 eof;
	struct failure		 lost;		/* why the next read fails; no
						 * status: it need not */
	const struct tls_module	*module;	/* NULL: in clear */
	struct tls		*tls;
	char			 in[STREAM_IN];
};

void	stream_open(struct stream *, int fd);	/* makes fd non-blocking */

/*
 * Of two descriptors, such as standard input and output, which need be no
 * sockets.  Others may share them, so they stay as they are and open; where
 * they block, a write may last longer than the deadline.
 */
void	stream_open_pair(struct stream *, int in, int out);

/* A signal that was held back ends each wait from now on, too; borrowed. */
void	stream_set_interrupt(struct stream *, struct interrupt *);

/* The deadline of all that follows, in milliseconds from now; 0: none. */
void	stream_set_timeout(struct stream *, int64_t ms);

/*
 * The same for each wait on its own, so that what takes long may take it as
 * long as there is headway.
 */
void	stream_set_wait_timeout(struct stream *, int64_t ms);

/*
 * Until a time is set again, it is for us alone to speak: where the peer does
 * not take what we write and has something to say, or has closed, the write
 * fails at once.
 */
void	stream_expect_no_input(struct stream *);

enum stream_result {
	STREAM_LINE,		/* a whole line, its line end cut */
	STREAM_LONG,		/* no line end within the limit */
	STREAM_CLOSED,		/* end of file; what came before it is given */
	STREAM_FAILED,		/* deadline or error: see why */
};

/*
 * Appends the next line to *line, at most limit octets.  CRLF and a bare LF
 * both end a line; *bare_lf, if given, tells which it was.  NULs stay in.
 */
enum stream_result stream_read_line(struct stream *, struct buffer *line,
	    size_t limit, bool *bare_lf, struct failure *why);

/*
 * What was read ahead, at least one octet, until the next call; 0 at the
 * end, -1 with why.  It stays there until stream_consume().
 */
ssize_t	stream_peek(struct stream *, const char **data, struct failure *why);
void	stream_consume(struct stream *, size_t n);

/* True if octets were read ahead that nobody has asked for yet. */
bool	stream_has_input(const struct stream *);

/* True if a whole line was. */
bool	stream_has_line(const struct stream *);

/*
 * True if a read would not wait: input is here, or the peer has closed.  Of
 * TLS only what is meant for us counts, session tickets do not.
 */
bool	stream_is_readable(struct stream *);

/* Collects; writes only when the buffer is full. */
bool	stream_write(struct stream *, const void *data, size_t len,
	    struct failure *why);
bool	stream_printf(struct stream *, struct failure *why, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
bool	stream_flush(struct stream *, struct failure *why);

/*
 * Flushes, then sends len octets of the file from offset: without a copy
 * through this process where the connection is in clear.
 */
bool	stream_send_file(struct stream *, int fd, off_t offset, uint64_t len,
	    struct failure *why);

/*
 * TLS from here on, with a session that the module has started; it is the
 * stream's now, whatever comes back.  EX_PROTOCOL if octets in clear are
 * waiting already; else what the module says.  Nothing may be written or
 * read after failure.
 */
bool	stream_start_tls(struct stream *, const struct tls_module *,
	    struct tls *, struct failure *why);

/* Flushes nothing; closes TLS politely without waiting, and the socket. */
void	stream_close(struct stream *);

#endif
