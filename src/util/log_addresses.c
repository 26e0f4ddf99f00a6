#include "util/log_addresses.h"

#include <sys/stat.h>

#include <ctype.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/file.h"
#include "util/hex.h"
#include "util/memory.h"

enum {
	DIGITS = 16,		/* of the digest */
	KEY_DIGITS = 32,
};

static void
read_key(struct log_addresses *a)
{
	struct buffer	path = { 0 };
	ssize_t		n = -1;
	int		fd;

	buffer_addf(&path, "%s/log-key", a->directory);
	fd = open(path.data, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, a->key, KEY_DIGITS);
		close(fd);
	}
	a->key[n == KEY_DIGITS ? n : 0] = '\0';
	if (a->key[0] != '\0')
		a->form = LOG_ADDRESSES_HASH;
	buffer_free(&path);
}

void
log_addresses_begin(struct log_addresses *a, const char *setting,
    const char *directory)
{
	*a = (struct log_addresses){ .form = LOG_ADDRESSES_FULL };
	if (setting == NULL || strcmp(setting, "full") == 0)
		return;
	a->form = LOG_ADDRESSES_DOMAIN;
	if (strcmp(setting, "domain") == 0 || directory[0] != '/')
		return;
	a->directory = memory_copy(directory);
	read_key(a);
}

/* Returns false if the key exists, as another process may do the same. */
static bool
create_key(const char *directory)
{
	struct buffer	path = { 0 }, new = { 0 };
	unsigned char	octets[KEY_DIGITS / 2];
	char		key[KEY_DIGITS + 1];
	struct stat	st;
	bool		good = false;
	int		fd;

	arc4random_buf(octets, sizeof(octets));
	for (size_t i = 0; i < sizeof(octets); i++)
		hex_write_lower(key + 2 * i, octets[i]);
	key[KEY_DIGITS] = '\n';
	buffer_addf(&path, "%s/log-key", directory);
	buffer_addf(&new, "%s/tmp/log-key.XXXXXX", directory);
	fd = access(path.data, F_OK) == 0 ? -1 :
	    mkostemp(new.data, O_CLOEXEC);
	if (fd != -1) {
		good = file_write(fd, key, sizeof(key)) && fsync(fd) == 0 &&
		    (geteuid() != 0 || (stat(directory, &st) == 0 &&
		    fchown(fd, st.st_uid, st.st_gid) == 0)) &&
		    linkat(AT_FDCWD, new.data, AT_FDCWD, path.data,
		    0) == 0;
		unlinkat(AT_FDCWD, new.data, 0);
		close(fd);
	}
	buffer_free(&path);
	buffer_free(&new);
	return good;
}

void
log_addresses_prepare(struct log_addresses *a)
{
	if (a->directory == NULL || a->form == LOG_ADDRESSES_HASH)
		return;
	create_key(a->directory);
	read_key(a);
}

void
log_addresses_end(struct log_addresses *a)
{
	free(a->directory);
	a->directory = NULL;
}

/* The text that replaces the local part of the address. */
static void
add_substitute(struct buffer *b, const struct log_addresses *a,
    const char *address, size_t len)
{
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
		char	two[2];

		hex_write_lower(two, digest[i]);
		buffer_add(b, two, sizeof(two));
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

/*
 * The index of the "@" after a local part of which one position of the text is
 * known to be a part; 0 if no "@" follows.  These results are calculated from
 * the end of the text to its beginning, each from those of the next positions,
 * so that the time is linear: a server can send a text in which each of many
 * quotation marks begins a quoted string that does not end.
 */
struct local_end {
	size_t	atom;		/* if the position is in an atom */
	size_t	quoted;		/* if it is in a quoted string, or UNCLOSED */
};

#define UNCLOSED	SIZE_MAX

/* No result depends on one that is more than four positions later. */
struct local_ends {
	struct local_end	next[8];
};

static struct local_end *
end_at(struct local_ends *ends, size_t i)
{
	return &ends->next[i % (sizeof(ends->next) / sizeof(*ends->next))];
}

/* The local part ends here. */
static size_t
at_here(const char *text, size_t i)
{
	/* The rest of a quoted string that begins before the text. */
	if (text[i] == '"' && text[i + 1] == '@')
		i++;
	return text[i] == '@' ? i : 0;
}

/* A quotation mark; if no other follows, it is not part of the local part. */
static size_t
begin_quoted(const char *text, size_t i, struct local_ends *ends)
{
	size_t	at = end_at(ends, i + 1)->quoted;

	return at != UNCLOSED ? at : at_here(text, i);
}

/* The obsolete form joe."the user" is possible, too. */
static size_t
continue_atom(const char *text, size_t i, struct local_ends *ends)
{
	if (is_local(text[i]))
		return end_at(ends, i + 1)->atom;
	if (i > 0 && text[i - 1] == '.' && text[i] == '"')
		return begin_quoted(text, i, ends);
	return at_here(text, i);
}

/*
 * In a quoted string (RFC 5321 section 4.1.2).  "backslash" is the form in
 * which the text shows a backslash, which quotes the next character.
 */
static size_t
continue_quoted(const char *text, size_t i, struct local_ends *ends,
    const char *backslash)
{
	size_t	len = strlen(backslash);

	if (text[i] == '"')
		return text[i + 1] == '.' ?
		    end_at(ends, i + 1)->atom : at_here(text, i + 1);
	if (strncmp(text + i, backslash, len) == 0) {
		i += len;
		if (strncmp(text + i, backslash, len) == 0)
			i += len - 1;
	}
	return text[i] != '\0' ? end_at(ends, i + 1)->quoted : UNCLOSED;
}

/*
 * Returns, for each position, the index of the "@" after the local part that
 * begins there, or 0; to be freed.  The text may show each backslash as two
 * (visible.h).  If it can be read in both ways, the longer local part is
 * hidden.
 */
static size_t *
find_ats(const char *text)
{
	static const char	*const backslashes[] = { "\\", "\\\\" };
	size_t			 len = strlen(text);
	size_t			*ats = memory_new(len + 1, sizeof(*ats));
	struct local_ends	 ends = { 0 };

	for (size_t k = 0; k < 2; k++)
		for (size_t i = len + 1; i-- > 0;) {
			struct local_end	*end = end_at(&ends, i);
			size_t			 at = 0;

			end->atom = continue_atom(text, i, &ends);
			end->quoted = continue_quoted(text, i, &ends,
			    backslashes[k]);
			if (text[i] == '"')
				at = begin_quoted(text, i, &ends);
			else if (is_local(text[i]))
				at = end->atom;
			if (ats[i] < at)
				ats[i] = at;
		}
	return ats;
}

/* 'joe@example.org' in quotation marks, but not '@example.org. */
static const char *
skip_apostrophes(const char *start, const char *at)
{
	const char	*p = start;

	while (p < at && (*p == '\'' || *p == '`'))
		p++;
	return p < at ? p : start;
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
	const char	*start = text, *p = text;
	size_t		*ats = NULL;

	if (strchr(text, '@') != NULL)
		ats = find_ats(text);
	while (ats != NULL && *p != '\0') {
		const char	*at = start + ats[p - start], *end;

		if (at == start) {
			do
				p++;
			while (is_local(p[-1]) && is_local(*p));
			continue;
		}
		p = skip_apostrophes(p, at);
		end = find_end(at);
		/* Only the last "@" of joe@example.org@proxy is that of the
		 * domain. */
		while (*end == '@') {
			at = end;
			end = find_end(at);
		}
		buffer_add(b, text, (size_t)(p - text));
		add_substitute(b, a, p, (size_t)(end - p));
		buffer_add(b, at, (size_t)(end - at));
		text = p = end;
	}
	buffer_add_text(b, text);
	free(ats);
}
