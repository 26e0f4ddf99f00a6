#include "util/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REASONS_MAX = 4 };	/* in one text */

/* The arguments may include the text that is replaced. */
__attribute__((format(printf, 3, 0)))
static void
set_failure(struct failure *why, int status, const char *fmt, va_list ap)
{
	char	text[sizeof(why->text)];

	vsnprintf(text, sizeof(text), fmt, ap);
	strlcpy(why->text, text, sizeof(why->text));
	why->status = status;
	why->cause = 0;
}

bool
failed(struct failure *why, int status, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	set_failure(why, status, fmt, ap);
	va_end(ap);
	return false;
}

bool
failed_errno(struct failure *why, int status, const char *fmt, ...)
{
	int	error = errno;
	va_list	ap;

	va_start(ap, fmt);
	set_failure(why, status, fmt, ap);
	va_end(ap);
	return failure_suffix(why, ": %s", strerror(error));
}

bool
failure_prefix(struct failure *why, const char *fmt, ...)
{
	char	text[sizeof(why->text)];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strlcat(text, why->text, sizeof(text));
	memcpy(why->text, text, sizeof(text));
	return false;
}

bool
failure_suffix(struct failure *why, const char *fmt, ...)
{
	size_t	len = strlen(why->text);
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(why->text + len, sizeof(why->text) - len, fmt, ap);
	va_end(ap);
	return false;
}

bool
failure_reason(struct failure *why, size_t i, size_t n, const char *text)
{
	if (i == 0)
		return failed(why, why->status, "%s", text);
	if (i < REASONS_MAX)
		return failure_suffix(why, "; %s", text);
	return i > REASONS_MAX ? false :
	    failure_suffix(why, "; and %zu more", n - REASONS_MAX);
}

bool
failure_may_pass(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EINTR:
	case EAGAIN:
		return true;
	default:
		return false;
	}
}
