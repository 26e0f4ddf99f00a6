#include "support/skip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

void
skip_because(const char *fmt, ...)
{
	char	reason[300];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	print_message("skipped: %s\n", reason);
	skip();
}

void
skip_without_token(void)
{
	if (access(BUILD "/relais-token", X_OK) == -1)
		skip_because("relais-token is not built: its libraries are not "
		    "installed");
}
