#include "queue/spool_state.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/escape.h"
#include "queue/files.h"
#include "util/memory.h"

enum {
	FILE_MAX = 512 * 1024,		/* octets */
	DIGITS_MAX = 18,
};

static const char	file_name[] = "state";
static const char	first_line[] = "relais-state 1";

/* A number, or a text of .size octets. */
struct fact {
	char	name[20];
	size_t	at;
	size_t	size;		/* 0: a number */
};

#define NUMBER(type, member) \
	{ #member, offsetof(struct type, member), 0 }
#define TEXT(type, member) \
	{ #member, offsetof(struct type, member), \
	    sizeof(((struct type *)0)->member) }

static const struct fact spool_facts[] = {
	NUMBER(spool_state, since),
	NUMBER(spool_state, resumed),
	NUMBER(spool_state, given_up_at),
	NUMBER(spool_state, given_up),
	TEXT(spool_state, given_up_text),
	NUMBER(spool_state, alarm),
	NUMBER(spool_state, alarm_since),
	NUMBER(spool_state, alarm_tried),
	NUMBER(spool_state, alarm_next),
	NUMBER(spool_state, given_up_told),
};

static const struct fact host_facts[] = {
	NUMBER(spool_state_host, trouble),
	NUMBER(spool_state_host, trouble_since),
	NUMBER(spool_state_host, trouble_at),
	NUMBER(spool_state_host, trouble_count),
	NUMBER(spool_state_host, not_before),
	NUMBER(spool_state_host, config_us),
	TEXT(spool_state_host, trouble_text),
	NUMBER(spool_state_host, pace_us),
	NUMBER(spool_state_host, pace_promised_us),
};

enum {
	SPOOL_FACTS = sizeof(spool_facts) / sizeof(*spool_facts),
	HOST_FACTS = sizeof(host_facts) / sizeof(*host_facts),
};

/* ------------------------------------------------------------------ reading */

static bool
parse_number(int64_t *number, const char *word)
{
	size_t		 len = strspn(word, "0123456789");
	const char	*wrong;

	if (len == 0 || len > DIGITS_MAX || word[len] != '\0')
		return false;
	*number = strtonum(word, 0, INT64_MAX, &wrong);
	return wrong == NULL;
}

static bool
parse_text(char *to, size_t size, const char *word)
{
	char	*text = escape_decode_word(word, strlen(word));

	if (text != NULL)
		strlcpy(to, text, size);
	free(text);
	return text != NULL;
}

/* False if the word is not a value of the fact. */
static bool
parse_fact(void *record, const struct fact *facts, size_t n, char *line)
{
	const char	*name = strsep(&line, " ");
	const char	*word = line != NULL ? line : "";

	for (size_t i = 0; i < n; i++) {
		char	*to = (char *)record + facts[i].at;
		int64_t	 number;

		if (strcmp(facts[i].name, name) != 0)
			continue;
		if (facts[i].size > 0)
			return parse_text(to, facts[i].size, word);
		if (!parse_number(&number, word))
			return false;
		memcpy(to, &number, sizeof(number));
		return true;
	}
	return true;
}

static struct spool_state_host *
add_host(struct spool_state *state)
{
	if (state->host == NULL)
		state->host = memory_new(SPOOL_STATE_HOSTS_MAX,
		    sizeof(*state->host));
	if (state->n_hosts == SPOOL_STATE_HOSTS_MAX)
		return NULL;
	state->host[state->n_hosts] = (struct spool_state_host){ 0 };
	return &state->host[state->n_hosts++];
}

/* The line "smarthost URL USER". */
static bool
parse_host(struct spool_state *state, char *line)
{
	struct spool_state_host	*host = add_host(state);
	const char		*url;

	strsep(&line, " ");
	url = strsep(&line, " ");
	return host != NULL && url != NULL &&
	    parse_text(host->url, sizeof(host->url), url) &&
	    parse_text(host->user, sizeof(host->user),
	    line != NULL ? line : "");
}

static bool
parse_lines(struct spool_state *state, char *text)
{
	char	*line = strsep(&text, "\n");

	if (strcmp(line, first_line) != 0)
		return false;
	while ((line = strsep(&text, "\n")) != NULL) {
		bool	good;

		if (strcmp(line, "end") == 0)
			return true;
		if (strncmp(line, "smarthost ", 10) == 0)
			good = parse_host(state, line);
		else if (line[0] == '\t')
			good = state->n_hosts > 0 && parse_fact(&state->host[
			    state->n_hosts - 1], host_facts, HOST_FACTS,
			    line + 1);
		else
			good = parse_fact(state, spool_facts, SPOOL_FACTS,
			    line);
		if (!good)
			return false;
	}
	return false;		/* truncated */
}

/* An invalid file has no facts. */
static void
parse_state(struct spool_state *state)
{
	char	*text = memory_copy_n(state->before.data, state->before.len);

	if (!parse_lines(state, text)) {
		struct spool_state	empty = { .spool = state->spool,
					    .fd = state->fd,
					    .invalid = true,
					    .before = state->before };

		free(state->host);
		*state = empty;
	}
	free(text);
}

/*
 * If root uses the spool of another user, that user may have put anything in
 * the place of the file.
 */
static void
read_file(struct spool_state *state, int fd)
{
	struct stat	st;
	ssize_t		n;

	buffer_add(&state->before, "", 0);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > FILE_MAX)
		return;
	n = pread(fd, buffer_room(&state->before, (size_t)st.st_size),
	    (size_t)st.st_size, 0);
	state->before.len = n > 0 ? (size_t)n : 0;
	buffer_add(&state->before, "", 0);
	parse_state(state);
}

void
spool_state_read(struct spool_state *state, const struct spool *spool)
{
	int	fd = files_open(spool->fd, file_name, O_RDONLY | O_NONBLOCK);

	*state = (struct spool_state){ .fd = -1 };
	if (fd == -1)
		return;
	read_file(state, fd);
	close(fd);
}

/* ------------------------------------------------------------------ locking */

/* Whether the name still refers to the file, which may have been replaced. */
static bool
is_current(const struct spool *spool, int fd)
{
	struct stat	opened, named;

	return fstat(fd, &opened) == 0 && fstatat(spool->fd, file_name, &named,
	    AT_SYMLINK_NOFOLLOW) == 0 && opened.st_dev == named.st_dev &&
	    opened.st_ino == named.st_ino;
}

/* Returns the locked file, or -1 with errno. */
static int
open_locked(struct spool *spool)
{
	for (;;) {
		struct stat	st;
		int		fd = files_open(spool->fd, file_name,
				    O_RDWR | O_CREAT | O_NONBLOCK);
		bool		good = fd != -1 && fstat(fd, &st) == 0;
		int		error;

		if (good && !(S_ISREG(st.st_mode) && st.st_nlink <= 1)) {
			errno = EPERM;
			good = false;
		}
		good = good && spool_own(spool, fd) && spool_lock(spool, fd);
		if (good && is_current(spool, fd))
			return fd;
		error = errno;
		if (fd != -1)
			close(fd);
		errno = error;
		if (!good)
			return -1;
	}
}

bool
spool_state_open(struct spool_state *state, struct spool *spool, int64_t now,
    struct failure *why)
{
	int	fd = open_locked(spool);

	if (fd == -1) {
		failed_errno(why, files_status(errno), "%s/%s",
		    spool->directory, file_name);
		spool_state_read(state, spool);
	} else {
		*state = (struct spool_state){ .fd = fd, .spool = spool };
		read_file(state, fd);
	}
	if (state->since == 0)
		state->since = now;
	return fd != -1;
}

/* ------------------------------------------------------------------ records */

static bool
is_login(const struct spool_state_host *host, const char *url, const char *user)
{
	/* The texts in the record may have been truncated. */
	return strncmp(host->url, url, sizeof(host->url) - 1) == 0 &&
	    strncmp(host->user, user != NULL ? user : "",
	    sizeof(host->user) - 1) == 0;
}

const struct spool_state_host *
spool_state_find(const struct spool_state *state, const char *url,
    const char *user)
{
	for (size_t i = 0; i < state->n_hosts; i++)
		if (is_login(&state->host[i], url, user))
			return &state->host[i];
	return NULL;
}

struct spool_state_host *
spool_state_host(struct spool_state *state, const char *url, const char *user)
{
	const struct spool_state_host	*found;
	struct spool_state_host		*host, moved;

	found = spool_state_find(state, url, user);
	if (found != NULL) {
		host = &state->host[found - state->host];
	} else {
		host = add_host(state);
		if (host == NULL)
			host = &state->host[state->n_hosts - 1];
		*host = (struct spool_state_host){ 0 };
		strlcpy(host->url, url, sizeof(host->url));
		strlcpy(host->user, user != NULL ? user : "",
		    sizeof(host->user));
	}
	moved = *host;
	memmove(state->host + 1, state->host, (size_t)(host - state->host) *
	    sizeof(*host));
	state->host[0] = moved;
	return &state->host[0];
}

/* ------------------------------------------------------------------ writing */

static void
write_facts(struct buffer *b, const void *record, const struct fact *facts,
    size_t n)
{
	const char	*indent = facts == host_facts ? "\t" : "";

	for (size_t i = 0; i < n; i++) {
		const char	*from = (const char *)record + facts[i].at;
		int64_t		 number;

		if (facts[i].size > 0) {
			if (from[0] == '\0')
				continue;
			buffer_addf(b, "%s%s ", indent, facts[i].name);
			escape_word(b, from);
			buffer_add_byte(b, '\n');
			continue;
		}
		memcpy(&number, from, sizeof(number));
		if (number > 0)
			buffer_addf(b, "%s%s %" PRId64 "\n", indent,
			    facts[i].name, number);
	}
}

static void
write_state(struct buffer *b, const struct spool_state *state)
{
	buffer_addf(b, "%s\n", first_line);
	write_facts(b, state, spool_facts, SPOOL_FACTS);
	for (size_t i = 0; i < state->n_hosts; i++) {
		const struct spool_state_host	*host = &state->host[i];

		buffer_add_text(b, "smarthost ");
		escape_word(b, host->url);
		buffer_add_byte(b, ' ');
		escape_word(b, host->user);
		buffer_add_byte(b, '\n');
		write_facts(b, host, host_facts, HOST_FACTS);
	}
	buffer_add_text(b, "end\n");
}

bool
spool_state_close(struct spool_state *state, struct failure *why)
{
	struct buffer	text = { 0 };
	bool		good = true;

	if (state->spool != NULL) {
		write_state(&text, state);
		if (text.len != state->before.len || memcmp(text.data,
		    state->before.data, text.len) != 0)
			good = spool_replace(state->spool, file_name, &text,
			    SPOOL_NOW) ||
			    failed_errno(why, files_status(errno), "%s/%s",
			    state->spool->directory, file_name);
		buffer_free(&text);
	}
	spool_state_free(state);
	return good;
}

void
spool_state_free(struct spool_state *state)
{
	if (state->fd != -1)
		close(state->fd);
	free(state->host);
	buffer_free(&state->before);
	*state = (struct spool_state){ .fd = -1 };
}

bool
spool_trouble_lasts(int64_t trouble)
{
	return trouble == SPOOL_TROUBLE_TLS ||
	    trouble == SPOOL_TROUBLE_LOGIN || trouble == SPOOL_TROUBLE_CONFIG;
}
