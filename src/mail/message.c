#include "mail/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/file.h"
#include "util/memory.h"
#include "util/octets.h"
#include "util/text.h"

enum {
	CHUNK = 64 * 1024,		/* octets processed at a time */
	BLOCK = 128 * 1024,		/* octets per write to the file */
	LABEL_MAX = 200,		/* octets of a line with an encoding */
	UNDECIDED_MAX = 4096,		/* octets of a line without a colon that
					 * may still be a field */
};

struct message_parser {
	const struct message_limits	*limits;
	bool				 in_body;
	struct buffer			 line;	/* incomplete header line */
	struct buffer			 field;	/* may be continued */
	struct buffer			 mbox;	/* "From " lines before the
						 * first field */
	size_t				 header_size;
	uint64_t			 crs;	/* at the end of the body data
						 * so far, not stored yet */
	size_t				 column;	/* in the body */
	struct buffer			 label;	/* incomplete line that may
						 * label a part as binary */
	bool				 keep_binary;
	size_t				 directory;	/* index in .spill */
	bool				 spare_failed;
	bool				 failed;
	struct failure			 failure;	/* also the directories
							 * that failed */
};

void
message_begin(struct message *m, const struct message_limits *limits)
{
	*m = (struct message){ .body.fd = -1 };
	m->parser = memory_new(1, sizeof(*m->parser));
	m->parser->limits = limits;
}

void
message_keep_binary(struct message *m, bool all)
{
	m->parser->keep_binary = true;
	m->all_binary = all;
}

/* Notes the failure for the next calls. */
static bool
keep_failure(struct message_parser *p, struct failure *why)
{
	p->failed = true;
	p->failure = *why;
	return false;
}

/* Returns the current directory; the spare file is last; NULL after that. */
static const char *
current_directory(const struct message_parser *p)
{
	const struct message_limits	*l = p->limits;

	if (l->spill[p->directory] != NULL)
		return l->spill[p->directory];
	return l->spare != NULL && !p->spare_failed ? l->spare->directory :
	    NULL;
}

/* Notes the error of the current directory, in errno, and goes to the next. */
static void
next_directory(struct message_parser *p)
{
	int	error = errno;
	bool	first = p->failure.status == 0;

	if (first)
		failed(&p->failure, EX_CANTCREAT,
		    "cannot store the message in a temporary file");
	if (failure_may_pass(error))
		p->failure.status = EX_TEMPFAIL;
	failure_suffix(&p->failure, "%s %s: %s", first ? ":" : ";",
	    current_directory(p), strerror(error));
	if (p->limits->spill[p->directory] != NULL)
		p->directory++;
	else
		p->spare_failed = true;
}

/* The content of the spare file is an earlier message. */
static int
reuse_spare(const struct message_spare *spare)
{
	if (ftruncate(spare->fd, 0) == -1 ||
	    lseek(spare->fd, 0, SEEK_SET) == -1)
		return -1;
	return fcntl(spare->fd, F_DUPFD_CLOEXEC, 0);
}

/* Opens a file in the first directory that permits it; returns -1 if none. */
static int
open_file(struct message_parser *p)
{
	const struct message_limits	*l = p->limits;
	bool				 in_memory = false;

	for (; current_directory(p) != NULL; next_directory(p)) {
		const char	*directory = l->spill[p->directory];
		int		 fd = directory != NULL ?
				    file_unnamed(directory) :
				    reuse_spare(l->spare);

		if (fd != -1)
			return fd;
		in_memory = errno == EROFS || errno == ENOENT;
	}
	/* A container may have only read-only file systems, or no /tmp. */
	return in_memory ? file_in_memory() : -1;
}

static bool
copy_file(int from, off_t at, int to, uint64_t left)
{
	char	block[16 * 1024];

	while (left > 0) {
		ssize_t		n = pread(from, block, left < sizeof(block) ?
				    (size_t)left : sizeof(block), at);

		if (n == 0)
			errno = EIO;	/* the file was truncated */
		if (n <= 0 || !file_write(to, block, (size_t)n))
			return false;
		at += n;
		left -= (uint64_t)n;
	}
	return true;
}

/*
 * Appends the body in memory to the file.  If the file system is full, moves
 * the body to a file in the next directory.
 */
static bool
body_write_out(struct message *m, struct failure *why)
{
	struct body		*b = &m->body;
	struct message_parser	*p = m->parser;
	uint64_t		 in_file = b->size - b->memory.len;
	int			 fd = b->fd != -1 ? b->fd : open_file(p);

	while (fd != -1) {
		if ((fd == b->fd || copy_file(b->fd, b->offset, fd,
		    in_file)) &&
		    file_write(fd, b->memory.data, b->memory.len))
			break;
		if (current_directory(p) != NULL)
			next_directory(p);
		if (fd != b->fd)
			close(fd);
		fd = open_file(p);
	}
	if (fd == -1) {
		*why = p->failure;
		return false;
	}
	if (fd != b->fd && b->fd != -1) {
		close(b->fd);
		b->offset = 0;
	}
	b->fd = fd;
	buffer_clear(&b->memory);
	return true;
}

static bool
body_keep_small(struct message *m, struct failure *why)
{
	const struct body	*b = &m->body;

	return b->memory.len <= (b->fd == -1 ? MESSAGE_MEMORY : BLOCK) ||
	    body_write_out(m, why);
}

static bool
check_message_size(const struct message *m, struct failure *why)
{
	uint64_t	max = m->parser->limits->size_max;

	if (max > 0 && m->parser->header_size + m->body.size > max)
		return failed(why, EX_DATAERR,
		    "the message is larger than %llu octets "
		    "(message_size_limit)", (unsigned long long)max);
	return true;
}

static bool
refuse_nul(struct failure *why)
{
	return failed(why, EX_DATAERR,
	    "the message contains a NUL character, which is not permitted in "
	    "mail");
}

/*
 * Whether a line is a Content-Transfer-Encoding field with the value binary, or
 * with a value in the next line.
 */
static bool
declares_binary(const char *line, size_t len)
{
	static const char	label[] = "Content-Transfer-Encoding";
	static const char	binary[] = "binary";
	size_t			i = field_name_length(line, len);

	if (i != strlen(label) || strncasecmp(line, label, i) != 0)
		return false;
	while (line[i++] != ':')
		;
	while (i < len && strchr(" \t\r\n", line[i]) != NULL)
		i++;
	if (i == len)
		return true;
	for (; len - i >= strlen(binary); i++)
		if (strncasecmp(line + i, binary, strlen(binary)) == 0)
			return true;
	return false;
}

/* Whether the line may be a Content-Transfer-Encoding field. */
static bool
may_be_label(const struct message_parser *p, const char *text, size_t len)
{
	return p->keep_binary && p->label.len == p->column &&
	    (p->column > 0 || (len > 0 && (text[0] | 0x20) == 'c')) &&
	    p->column + len <= LABEL_MAX;
}

/*
 * CRs at the end of the previous data belong to a line end if a LF follows,
 * else they become spaces.  Their number is not limited.
 */
static bool
store_crs(struct message *m, const char **data, size_t *len,
    struct failure *why)
{
	struct message_parser	*p = m->parser;
	struct body		*b = &m->body;

	for (; *len > 0 && **data == '\r'; ++*data, --*len)
		p->crs++;
	if (*len == 0)
		return true;
	if (**data == '\n')
		p->crs = 0;
	while (p->crs > 0) {
		size_t	n = p->crs < CHUNK ? (size_t)p->crs : CHUNK;
		char	*blanks = memset(buffer_room(&b->memory, n), ' ', n);

		if (may_be_label(p, blanks, n))
			buffer_add(&p->label, blanks, n);
		b->memory.len += n;
		b->size += n;
		p->column += n;
		p->crs -= n;
		if (!check_message_size(m, why) || !body_keep_small(m, why))
			return false;
	}
	return true;
}

/*
 * Copies octets up to the first control character that may need a change (NUL
 * to CR), and returns their number.  Up to 15 further octets, but no more than
 * len in all, may be copied and added to *seen, too.  octets.h has the gain.
 */
static size_t
copy_plain(char *to, const char *from, size_t len, octets_sixteen *seen)
{
	size_t	n = 0;

	octets_sixteen	any = *seen;

	while (len - n >= 16) {
		octets_sixteen	sixteen = octets_load_sixteen(from + n);
		size_t		before = octets_zeros((octets_sixteen)
				    (sixteen <= '\r'));

		octets_store_sixteen(to + n, sixteen);
		any |= sixteen;
		if (before < 16) {
			*seen = any;
			return n + before;
		}
		n += 16;
	}
	*seen = any;
	for (; n < len && (unsigned char)from[n] > '\r'; n++) {
		to[n] = from[n];
		(*seen)[0] |= (unsigned char)from[n];
	}
	return n;
}

/* Whether the line that ends here labels a part as binary. */
static bool
ends_binary_label(struct message_parser *p, const char *text, size_t len)
{
	bool	found = false;

	if (may_be_label(p, text, len)) {
		buffer_add(&p->label, text, len);
		found = declares_binary(p->label.data, p->label.len);
	}
	if (p->label.len > 0)
		buffer_clear(&p->label);
	return found;
}

/*
 * Appends octets to the body and makes all line ends CRLF, up to the first line
 * that labels a part as binary: the body is raw after it.  Returns the number
 * of octets used, or 0 if there is a NUL.  CRs at the end are left in .crs,
 * because a LF may follow.
 */
static size_t
body_append(struct message *m, const char *data, size_t len)
{
	struct message_parser	*p = m->parser;
	struct body		*b = &m->body;
	const char		*begin = data;
	const char		*end = data + len;
	char			*start = buffer_room(&b->memory, 2 * len + 9);
	char			*to = start;
	char			*counted = start;	/* up to here, .column
							 * includes it */
	size_t			 longest = b->longest_line;
	bool			 dots = p->column == 0 && data[0] == '.';
	bool			 first = true;
	octets_sixteen		 seen = { 0 };

	/*
	 * To the compiler, each store of a char could change *p and *b: the
	 * loop uses local variables instead.
	 */
	for (;;) {
		size_t	n = copy_plain(to, data, (size_t)(end - data), &seen);

		data += n;
		to += n;
		if (data == end)
			break;
		switch (*data++) {
		case '\n':
			n = (size_t)(to - counted);
			if (first || (n > 0 && (*counted | 0x20) == 'c')) {
				b->raw = ends_binary_label(p, counted, n);
				if (b->raw)
					end = data;
				n += p->column;
				p->column = 0;
				first = false;
			}
			if (n > longest)
				longest = n;
			*to++ = '\r';
			*to++ = '\n';
			counted = to;
			dots |= data < end && *data == '.';
			break;
		case '\r':
			for (n = 1; data < end && *data == '\r'; data++)
				n++;
			if (data == end) {
				p->crs = n;
			} else if (*data != '\n') {
				memset(to, ' ', n);
				to += n;
			}
			break;
		case '\0':
			return 0;
		default:
			*to++ = data[-1];
		}
	}
	if (may_be_label(p, counted, (size_t)(to - counted)))
		buffer_add(&p->label, counted, (size_t)(to - counted));
	p->column += (size_t)(to - counted);
	b->longest_line = longest;
	b->has_dots |= dots;
	b->has_8bit |= octets_any_high(seen);
	b->memory.len += (size_t)(to - start);
	b->memory.data[b->memory.len] = '\0';
	b->size += (size_t)(to - start);
	return (size_t)(data - begin);
}

static bool
body_feed(struct message *m, const char *data, size_t len, struct failure *why)
{
	for (;;) {
		size_t	n;

		if (m->parser->crs > 0 && !store_crs(m, &data, &len, why))
			return false;
		if (len == 0)
			return true;
		n = len < CHUNK ? len : CHUNK;
		if (m->body.raw) {
			buffer_add(&m->body.memory, data, n);
			m->body.size += n;
		} else if ((n = body_append(m, data, n)) == 0) {
			return refuse_nul(why);
		}
		if (!check_message_size(m, why) || !body_keep_small(m, why))
			return false;
		data += n;
		len -= n;
	}
}

/* The field has no further continuation lines. */
static bool
field_done(struct message *m, struct failure *why)
{
	struct buffer	*field = &m->parser->field;
	size_t		 len = field->len;

	if (len == 0)
		return true;
	if (m->header.n >= MESSAGE_FIELDS_MAX)
		return failed(why, EX_DATAERR,
		    "the message has more than %d header fields",
		    MESSAGE_FIELDS_MAX);
	header_append(&m->header, buffer_take(field), len);
	return true;
}

/* A line with a CR in it is text. */
static bool
is_mbox_line(const char *line, size_t len)
{
	return ((len >= 5 && memcmp(line, "From ", 5) == 0) ||
	    (len >= 6 && memcmp(line, ">From ", 6) == 0)) &&
	    memchr(line, '\r', len) == NULL;
}

/*
 * Whether a line consists of white space.  It continues a field, but some
 * servers and readers take it for the end of the header.
 */
static bool
is_all_blank(const char *line, size_t len)
{
	while (len > 0 && (text_is_blank(*line) || *line == '\r'))
		line++, len--;
	return len == 0;
}

/* The length of a line without the CRs at its end. */
static size_t
without_crs(const char *line, size_t len)
{
	while (len > 0 && line[len - 1] == '\r')
		len--;
	return len;
}

enum line_kind { LINE_FIELD, LINE_CONTINUATION, LINE_MBOX, LINE_EMPTY,
	LINE_TEXT };

/*
 * The kind of a line before the body, or of the first UNDECIDED_MAX octets of
 * an incomplete one.  The line must be unchanged.
 */
static enum line_kind
kind_of_line(const struct message *m, const char *line, size_t len)
{
	bool	first = m->header.n == 0 && m->parser->field.len == 0;
	bool	is_long = len >= UNDECIDED_MAX;

	if (len > 0 && text_is_blank(line[0]))
		return first ? LINE_TEXT : LINE_CONTINUATION;
	if (field_name_length(line, is_long ? UNDECIDED_MAX : len) > 0)
		return LINE_FIELD;
	if (is_long)
		return LINE_TEXT;
	len = without_crs(line, len);
	if (len == 0)
		return LINE_EMPTY;
	return first && is_mbox_line(line, len) ? LINE_MBOX : LINE_TEXT;
}

static bool
check_header_size(size_t size, struct failure *why)
{
	return size <= MESSAGE_HEADER_MAX || failed(why, EX_DATAERR,
	    "the header of the message is larger than %d octets",
	    MESSAGE_HEADER_MAX);
}

/*
 * The header is complete.  "From " lines without a field after them belong to
 * the body.
 */
static bool
end_message_header(struct message *m, struct failure *why)
{
	struct message_parser	*p = m->parser;

	p->in_body = true;
	if (!field_done(m, why))
		return false;
	m->body.raw = p->keep_binary && m->all_binary;
	for (size_t i = 0; p->keep_binary && i < m->header.n; i++)
		m->body.raw |= declares_binary(m->header.field[i].text,
		    m->header.field[i].len);
	return p->mbox.len == 0 ||
	    body_feed(m, p->mbox.data, p->mbox.len, why);
}

static bool
keep_header_line(struct message *m, char *line, size_t len,
    struct failure *why)
{
	struct message_parser	*p = m->parser;

	for (char *cr = line; (cr = memchr(cr, '\r',
	    len - (size_t)(cr - line))) != NULL;)
		*cr = ' ';
	m->header_8bit |= !text_is_ascii(line, len);
	buffer_add(&p->field, line, len);
	buffer_add(&p->field, "\r\n", 2);
	p->header_size += len + 2;
	return check_header_size(p->header_size, why) &&
	    check_message_size(m, why);
}

/* Processes a line before the body, without its LF. */
static bool
header_line(struct message *m, char *line, size_t len, struct failure *why)
{
	struct message_parser	*p = m->parser;
	enum line_kind		 kind = kind_of_line(m, line, len);
	size_t			 whole = len;

	if (memchr(line, '\0', len) != NULL)
		return refuse_nul(why);
	len = without_crs(line, len);
	switch (kind) {
	case LINE_FIELD:
		buffer_clear(&p->mbox);
		return field_done(m, why) &&
		    keep_header_line(m, line, len, why);
	case LINE_CONTINUATION:
		return is_all_blank(line, len) ||
		    keep_header_line(m, line, len, why);
	case LINE_MBOX:
		buffer_add(&p->mbox, line, len);
		buffer_add_byte(&p->mbox, '\n');
		return check_header_size(p->mbox.len, why);
	case LINE_EMPTY:
		if (p->mbox.len == 0)
			return end_message_header(m, why);
		break;
	case LINE_TEXT:
		break;
	}
	return end_message_header(m, why) && body_feed(m, line, whole, why) &&
	    body_feed(m, "\n", 1, why);
}

/* Processes octets up to a line end, or all of them; returns their number. */
static size_t
header_feed(struct message *m, const char *data, size_t len, bool *good,
    struct failure *why)
{
	struct message_parser	*p = m->parser;
	const char		*lf = memchr(data, '\n', len);
	size_t			 n = lf != NULL ? (size_t)(lf - data) : len;
	size_t			 before = p->line.len;
	struct buffer		 line;

	buffer_add(&p->line, data, n);
	if (lf == NULL) {
		*good = check_header_size(p->header_size + p->line.len, why);
		if (*good && before < UNDECIDED_MAX &&
		    p->line.len >= UNDECIDED_MAX && kind_of_line(m,
		    p->line.data, p->line.len) == LINE_TEXT) {
			line = p->line;
			p->line = (struct buffer){ 0 };
			*good = end_message_header(m, why) &&
			    body_feed(m, line.data, line.len, why);
			buffer_free(&line);
		}
		return n;
	}
	*good = header_line(m, p->line.data, p->line.len, why);
	buffer_clear(&p->line);
	return n + 1;
}

bool
message_feed(struct message *m, const char *data, size_t len,
    struct failure *why)
{
	struct message_parser	*p = m->parser;
	bool			 good = true;

	if (p->failed) {
		*why = p->failure;
		return false;
	}
	while (good && len > 0 && !p->in_body) {
		size_t	n = header_feed(m, data, len, &good, why);

		data += n;
		len -= n;
	}
	if (good && len > 0)
		good = body_feed(m, data, len, why);
	return good || keep_failure(p, why);
}

static void
parser_free(struct message *m)
{
	if (m->parser == NULL)
		return;
	buffer_free(&m->parser->line);
	buffer_free(&m->parser->field);
	buffer_free(&m->parser->mbox);
	buffer_free(&m->parser->label);
	free(m->parser);
	m->parser = NULL;
}

void
body_close(struct body *b)
{
	buffer_free(&b->memory);
	if (b->fd > 0)		/* 0: a zeroed struct */
		close(b->fd);
	*b = (struct body){ .fd = -1 };
}

bool
message_take_raw(struct message *m, struct body *raw, struct failure *why)
{
	struct body	*b = &m->body;

	*raw = (struct body){ .fd = -1 };
	if (b->fd != -1 && !body_write_out(m, why))
		return keep_failure(m->parser, why);
	*raw = *b;
	*b = (struct body){ .fd = -1 };
	m->parser->keep_binary = false;
	if (raw->fd == -1)
		return true;
	b->fd = fcntl(raw->fd, F_DUPFD_CLOEXEC, 0);
	b->offset = raw->offset + (off_t)raw->size;
	if (b->fd == -1) {
		failed_errno(why, EX_OSERR, "cannot reuse the temporary file");
		return keep_failure(m->parser, why);
	}
	return true;
}

bool
message_end(struct message *m, struct failure *why)
{
	struct message_parser	*p = m->parser;
	bool			 good = !p->failed;

	if (!good)
		*why = p->failure;
	p->keep_binary = false;
	if (good && !p->in_body && p->line.len > 0)
		good = message_feed(m, "\n", 1, why);
	if (good && !p->in_body)
		good = end_message_header(m, why);
	if (good && (p->column > 0 || p->crs > 0))
		good = body_feed(m, "\n", 1, why);
	if (good && m->body.fd != -1) {
		good = body_write_out(m, why);
		buffer_free(&m->body.memory);
	}
	parser_free(m);
	return good;
}

ssize_t
body_read(const struct body *b, uint64_t at, char *to, size_t room,
    struct failure *why)
{
	uint64_t	left = at < b->size ? b->size - at : 0;
	ssize_t		n;

	if (room > left)
		room = (size_t)left;
	if (room == 0)
		return 0;
	if (b->fd == -1) {
		memcpy(to, b->memory.data + at, room);
		return (ssize_t)room;
	}
	do
		n = pread(b->fd, to, room, b->offset + (off_t)at);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		return n;
	if (n == 0)
		errno = EIO;	/* the file was truncated */
	failed_errno(why, EX_IOERR, "cannot read the stored message");
	return -1;
}

bool
message_feed_body(struct message *m, const struct body *body,
    struct failure *why)
{
	struct buffer	block = { 0 };
	uint64_t	at = 0;
	bool		good = true;

	while (good && at < body->size) {
		ssize_t	len = body_read(body, at, buffer_room(&block, CHUNK),
			    CHUNK, why);

		good = len > 0 && message_feed(m, block.data, (size_t)len, why);
		at += len > 0 ? (uint64_t)len : 0;
	}
	buffer_free(&block);
	return good;
}

const char *
body_in_memory(const struct body *b)
{
	if (b->fd != -1)
		return NULL;
	return b->memory.data != NULL ? b->memory.data : "";
}

uint64_t
message_size(const struct message *m)
{
	uint64_t	size = m->body.size + 2;

	for (size_t i = 0; i < m->header.n; i++)
		size += m->header.field[i].len;
	return size;
}

void
message_free(struct message *m)
{
	parser_free(m);
	header_free(&m->header);
	body_close(&m->body);
	*m = (struct message){ .body.fd = -1 };
}
