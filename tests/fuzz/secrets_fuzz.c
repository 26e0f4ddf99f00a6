/*
 * secrets_fuzz.c - mask secrets in the replies of a server
 *
 * The first line is the secret, the second the command that contained it, and
 * the third the reply.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/secrets.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { PIECE = 6, LINE = 512 };

/* Copies the next line up to a NUL, truncated if necessary. */
static void
next_line(char line[LINE], const uint8_t **at, size_t *left)
{
	size_t	n = 0;

	for (; *left > 0 && **at != '\n'; ++*at, --*left)
		if (n + 1 < LINE)
			line[n++] = (char)**at;
	if (*left > 0)
		++*at, --*left;
	line[n] = '\0';
	for (size_t i = 0; line[i] != '\0'; i++)
		line[i] = (char)tolower((unsigned char)line[i]);
}

/* The mask may be part of a secret, or complete one. */
static void
check(const char *secret, const char *text)
{
	if (strchr(secret, '*') != NULL)
		return;
	for (size_t i = 0; i + PIECE <= strlen(secret); i++)
		if (memmem(text, strlen(text), secret + i, PIECE) != NULL)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		secret[LINE], sent[LINE], text[LINE];
	struct secrets	s = { .forms = { 0 } };

	next_line(secret, &data, &size);
	next_line(sent, &data, &size);
	next_line(text, &data, &size);
	secrets_add(&s, secret);
	secrets_add_sent(&s, sent);
	secrets_mask(&s, text, sizeof(text));
	if (strlen(text) >= sizeof(text))
		abort();
	check(secret, text);
	check(sent, text);
	secrets_free(&s);
	return 0;
}
