#include "net/tls_setting.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "util/trusted.h"

static bool
name_setting(struct failure *why, struct tls_setting setting)
{
	why->status = EX_CONFIG;
	if (setting.origin == NULL)
		return failure_prefix(why, "%s: ", setting.key);
	return failure_prefix(why, "%s (%s): ", setting.key, setting.origin);
}

bool
tls_setting_failed(struct failure *why, struct tls_setting setting,
    const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return name_setting(why, setting);
}

bool
tls_setting_read(struct buffer *text, struct tls_setting setting,
    const char *path, unsigned rules, struct failure *why)
{
	struct stat	st;

	if (trusted_read(text, path, TLS_FILE_MAX, rules, &st, why) !=
	    TRUSTED_READ)
		return name_setting(why, setting);
	if (text->len == 0)
		return tls_setting_failed(why, setting, "%s: is empty", path);
	return true;
}
