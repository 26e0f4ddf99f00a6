#include "import/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/memory.h"
#include "util/text.h"

enum { SOURCE_LIMIT = 1024 * 1024 };

/* The error names the line of a NUL character. */
static bool
source_check(struct source *s, struct failure *why)
{
	const char	*nul;
	unsigned	 line = 1;

	if (s->text.len > SOURCE_LIMIT)
		return failed(why, EX_DATAERR, "%s: the file is larger than "
		    "1 MiB", s->path);
	buffer_room(&s->text, 1);
	nul = memchr(s->text.data, '\0', s->text.len);
	if (nul == NULL)
		return true;
	for (const char *c = s->text.data; c < nul; c++)
		line += *c == '\n';
	return failed(why, EX_DATAERR, "%s:%u: the line contains a NUL "
	    "character", s->path, line);
}

static bool
read_all(struct source *s, int fd, struct failure *why)
{
	enum { PIECE = 16 * 1024 };
	struct stat	st;
	ssize_t		n;

	if (fstat(fd, &st) == -1)
		return failed_errno(why, EX_IOERR, "%s", s->path);
	if (!S_ISREG(st.st_mode))
		return failed(why, EX_DATAERR, "%s: not a regular file",
		    s->path);
	do {
		n = read(fd, buffer_room(&s->text, PIECE), PIECE);
		if (n > 0)
			s->text.len += (size_t)n;
	} while ((n > 0 && s->text.len <= SOURCE_LIMIT) ||
	    (n == -1 && errno == EINTR));
	if (n == -1)
		return failed_errno(why, EX_IOERR, "%s", s->path);
	return source_check(s, why);
}

enum source_answer
source_read(struct source *s, const char *path, struct failure *why)
{
	int	fd;
	bool	good;

	*s = (struct source){ .path = memory_copy(path) };
	/* A FIFO must not block the process. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd == -1) {
		bool	missing = errno == ENOENT || errno == ENOTDIR;

		failed_errno(why, missing ? EX_NOINPUT : errno == EACCES ?
		    EX_NOPERM : EX_IOERR, "%s", path);
		return missing ? SOURCE_MISSING : SOURCE_FAILED;
	}
	good = read_all(s, fd, why);
	close(fd);
	return good ? SOURCE_READ : SOURCE_FAILED;
}

bool
source_from_text(struct source *s, const char *path, const char *text,
    size_t len, struct failure *why)
{
	*s = (struct source){ .path = memory_copy(path) };
	buffer_add(&s->text, text, len);
	return source_check(s, why);
}

char *
source_line(struct source *s)
{
	char	*start = s->text.data + s->next;
	char	*end;
	size_t	 len;

	if (s->next >= s->text.len)
		return NULL;
	len = s->text.len - s->next;
	end = memchr(start, '\n', len);
	if (end != NULL)
		len = (size_t)(end - start);
	s->next += len + 1;
	s->line++;
	if (len > 0 && start[len - 1] == '\r')
		len--;
	start[len] = '\0';
	return start;
}

char *
source_trim(char *text)
{
	size_t	len;

	while (text_is_blank(*text))
		text++;
	len = strlen(text);
	while (len > 0 && text_is_blank(text[len - 1]))
		text[--len] = '\0';
	return text;
}

const char *
source_origin(struct source *s)
{
	buffer_clear(&s->origin);
	buffer_addf(&s->origin, "%s:%u", s->path, s->line);
	return s->origin.data;
}

void
source_free(struct source *s)
{
	free(s->path);
	buffer_wipe(&s->text);
	buffer_free(&s->origin);
	*s = (struct source){ .path = NULL };
}
