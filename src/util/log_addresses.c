#include "util/log_addresses.h"

#include <ctype.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { DIGITS = 16 };		/* of the digest */

static void
read_key(struct log_addresses *a)
{
	int	fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
	ssize_t	n = fd == -1 ? -1 : read(fd, a->key, sizeof(a->key) - 1);

	if (fd != -1)
		close(fd);
	a->key[n > 0 ? n : 0] = '\0';
	a->key[strcspn(a->key, "\n")] = '\0';
}

void
log_addresses_begin(struct log_addresses *a, const char *setting)
{
	*a = (struct log_addresses){ .form = LOG_ADDRESSES_FULL };
	if (setting == NULL || strcmp(setting, "full") == 0)
		return;
	a->form = LOG_ADDRESSES_DOMAIN;
	if (strcmp(setting, "domain") == 0)
		return;
	read_key(a);
	/* It is "uninitialized" during the first start of a machine. */
	if (strlen(a->key) >= 32)
		a->form = LOG_ADDRESSES_HASH;
}

/* What replaces the local part of the address. */
static void
add_substitute(struct buffer *b, const struct log_addresses *a,
    const char *address, size_t len)
{
	static const char	digits[] = "0123456789abcdef";
	SHA2_CTX		context;
	uint8_t			digest[SHA256_DIGEST_LENGTH];

	if (a->form != LOG_ADDRESSES_HASH) {
		buffer_add_byte(b, '*');
		return;
	}
	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)a->key, strlen(a->key));
	SHA256Update(&context, (const uint8_t *)" ", 1);
	for (size_t i = 0; i < len; i++) {
		uint8_t	c = (uint8_t)tolower((unsigned char)address[i]);

		SHA256Update(&context, &c, 1);
	}
	SHA256Final(digest, &context);
	for (size_t i = 0; i < DIGITS / 2; i++) {
		buffer_add_byte(b, digits[digest[i] >> 4]);
		buffer_add_byte(b, digits[digest[i] & 0xf]);
	}
}

void
log_addresses_add(struct buffer *b, const struct log_addresses *a,
    const char *mailbox)
{
	const char	*at = strrchr(mailbox, '@');

	if (mailbox[0] == '\0')
		return;
	add_substitute(b, a, mailbox, strlen(mailbox));
	if (at != NULL)
		buffer_add_text(b, at);
}

/* A backslash can begin an escape of visible.h. */
static bool
is_local(char c)
{
	return (unsigned char)c >= 0x80 || isalnum((unsigned char)c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.\\", c) != NULL);
}

static bool
is_domain(char c)
{
	return (unsigned char)c >= 0x80 || isalnum((unsigned char)c) ||
	    c == '-' || c == '.' || c == '\\';
}

/* Where the local part begins that ends before end. */
static const char *
find_start(const char *text, const char *end)
{
	const char	*p = end;

	if (p > text && p[-1] == '"') {
		for (p -= 1; p > text && p[-1] != '"'; p--)
			continue;
		return p > text ? p - 1 : end - 1;
	}
	while (p > text && is_local(p[-1]))
		p--;
	/* 'joe@example.org' in quotation marks. */
	while (p < end && (*p == '\'' || *p == '`'))
		p++;
	return p;
}

static const char *
find_end(const char *at)
{
	const char	*p = at + 1;

	if (*p == '[') {
		p += strcspn(p, "] ");
		return *p == ']' ? p + 1 : p;
	}
	while (is_domain(*p))
		p++;
	/* The end of a sentence. */
	while (p > at + 1 && (p[-1] == '.' || p[-1] == '-'))
		p--;
	return p;
}

void
log_addresses_add_text(struct buffer *b, const struct log_addresses *a,
    const char *text)
{
	const char	*at = text;

	while ((at = strchr(at, '@')) != NULL) {
		const char	*start = find_start(text, at);
		const char	*end = find_end(at);

		/* Only the last "@" of joe@example.org@proxy is that of the
		 * domain. */
		while (*end == '@') {
			at = end;
			end = find_end(at);
		}
		if (start == at) {
			at++;
			continue;
		}
		buffer_add(b, text, (size_t)(start - text));
		add_substitute(b, a, start, (size_t)(end - start));
		buffer_add(b, at, (size_t)(end - at));
		text = at = end;
	}
	buffer_add_text(b, text);
}
