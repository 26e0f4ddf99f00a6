#include "net/tls_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

bool
tls_setting_failed(struct failure *why, struct tls_setting setting,
    const char *fmt, ...)
{
	va_list	ap;

	why->status = EX_CONFIG;
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	if (setting.origin == NULL)
		return failure_prefix(why, "%s: ", setting.key);
	return failure_prefix(why, "%s (%s): ", setting.key, setting.origin);
}

static bool
read_all(struct buffer *text, int fd)
{
	ssize_t	n;

	do {
		n = read(fd, buffer_room(text, 64 * 1024), 64 * 1024);
		if (n > 0)
			text->len += (size_t)n;
	} while ((n > 0 && text->len <= TLS_FILE_MAX) ||
	    (n == -1 && errno == EINTR));
	return n != -1;
}

static bool
read_open(struct buffer *text, int fd, const char *path,
    struct tls_setting setting, struct stat *st, struct failure *why)
{
	if (fstat(fd, st) == -1)
		return tls_setting_failed(why, setting, "%s: %s", path,
		    strerror(errno));
	if (!S_ISREG(st->st_mode))
		return tls_setting_failed(why, setting,
		    "%s is not a regular file", path);
	buffer_room(text, st->st_size > TLS_FILE_MAX ? 0 :
	    (size_t)st->st_size + 64 * 1024);
	if (!read_all(text, fd))
		return tls_setting_failed(why, setting, "%s: %s", path,
		    strerror(errno));
	if (text->len == 0)
		return tls_setting_failed(why, setting, "%s is empty", path);
	if (text->len > TLS_FILE_MAX)
		return tls_setting_failed(why, setting,
		    "%s is larger than %d octets", path, TLS_FILE_MAX);
	return true;
}

bool
tls_file_read(struct buffer *text, const char *path,
    struct tls_setting setting, struct stat *st, struct failure *why)
{
	/* Without O_NONBLOCK a FIFO would hold us for ever. */
	int		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat	ours;
	bool		ok;

	if (fd == -1)
		return tls_setting_failed(why, setting, "%s: %s", path,
		    strerror(errno));
	ok = read_open(text, fd, path, setting, st != NULL ? st : &ours, why);
	close(fd);
	return ok;
}
