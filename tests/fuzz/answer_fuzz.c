/*
 * answer_fuzz.c - the JSON object that an authorization server sends
 *
 * A text has no control characters except blanks and line ends, and a number of
 * seconds is at most a year.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "fuzz/must.h"
#include "token/answer.h"

enum { YEAR = 366 * 24 * 3600 };

static const char *const	names[] = { "access_token", "refresh_token",
	"expires_in", "interval", "error", "error_description", "device_code",
	"user_code", "verification_uri", "scope" };

static void
check_values(const struct answer *a, const char *name)
{
	const char	*text;
	int64_t		 seconds;
	struct failure	 why;

	if (answer_text(a, name, &text, &why)) {
		for (; text != NULL && *text != '\0'; text++)
			must((unsigned char)*text >= ' ' ||
			    strchr("\t\r\n", *text) != NULL);
	} else {
		must(why.status == EX_PROTOCOL && text == NULL);
	}
	if (answer_seconds(a, name, &seconds, &why))
		must(seconds >= -1 && seconds <= YEAR);
	else
		must(why.status == EX_PROTOCOL && seconds == -1);
}

int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	answer_wipe_memory();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct failure	 why;
	struct answer	*a = answer_parse((const char *)data, size, &why);

	if (a == NULL)
		must(why.status == EX_PROTOCOL);
	for (size_t i = 0; a != NULL && i < sizeof(names) / sizeof(*names);
	    i++)
		check_values(a, names[i]);
	answer_free(a);
	return 0;
}
