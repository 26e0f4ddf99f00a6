#include "queue/envelope_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "queue/escape.h"
#include "queue/id.h"
#include "util/memory.h"
#include "util/text.h"

static const char	first_line[] = "relais-queue 1\n";
static const char	message_line[] = "message %010llu %010llu %020llu\n";

enum {
	REASON_WIDTH = 512,
	ASKED_MAX = 9999,
	ATTEMPTS_MAX = 99999,
	STATE_WIDTH = 25,	/* "ready 0000/00000 notice=0" */
	OUTCOME_PREFIX = 2 + 2 + 1 + 3 + 1 + 11 + 1 + 1 + 1,
	/* Narrower if thousands of forward-paths would take megabytes. */
	OUTCOME_WIDTH_FEW = 512,
	OUTCOME_WIDTH_MANY = 128,
	FEW = 32,
	NOTIFY_ALL = NOTIFY_NEVER | NOTIFY_SUCCESS | NOTIFY_FAILURE |
	    NOTIFY_DELAY,
};

static char
status_byte(const struct outcome *outcome)
{
	switch (outcome->kind) {
	case OUTCOME_DELIVERED:
		return '+';
	case OUTCOME_FAILED:
		return '-';
	case OUTCOME_WAITING:
	case OUTCOME_DEFERRED:
		break;
	}
	return '?';
}

/* Fills the field; a text that is too long is truncated. */
static void
format_outcome(char *to, size_t width, const struct outcome *outcome)
{
	char	prefix[OUTCOME_PREFIX + 1];
	int	status = outcome->status % 100;
	int	code = outcome->code % 1000;
	int	enhanced = (int)strspn(outcome->enhanced, "0123456789.");

	snprintf(prefix, sizeof(prefix), "  %2d %3d %-11.*s %c ",
	    status > 0 ? status : 0, code > 0 ? code : 0,
	    enhanced < 11 ? enhanced : 11, outcome->enhanced,
	    outcome->in_doubt ? '!' : '-');
	memcpy(to, prefix, OUTCOME_PREFIX);
	if (outcome->delay_reported)
		to[0] = 'd';
	escape_padded(to + OUTCOME_PREFIX, width - OUTCOME_PREFIX,
	    outcome_text(outcome));
}

static void
write_forward_path(struct buffer *b, const struct forward_path *to,
    char status, const char *outcome, size_t width)
{
	buffer_add_byte(b, status);
	buffer_add_byte(b, ' ');
	escape_word(b, to->path);
	if ((to->notify & NOTIFY_ALL) != 0)
		buffer_addf(b, " notify=%u", to->notify & NOTIFY_ALL);
	if (to->orcpt != NULL) {
		buffer_add_text(b, " orcpt=");
		escape_word(b, to->orcpt);
	}
	buffer_add_byte(b, '\n');
	buffer_add(b, outcome, width);
	buffer_add_byte(b, '\n');
}

/*
 * An outcome that is like the previous one is not formatted again, which saves
 * 20 million instructions for 10,000 recipients.
 */
static void
write_forward_paths(struct buffer *b, const struct envelope_file *file,
    size_t width)
{
	static const struct outcome	untried;
	const struct envelope		*env = &file->envelope;
	char				 field[OUTCOME_PREFIX +
					    OUTCOME_WIDTH_FEW];

	for (size_t i = 0; i < env->n; i++) {
		const struct outcome	*o = file->outcomes != NULL ?
					    &file->outcomes[i] : &untried;

		if (i == 0 || (o != &untried && !outcome_is_like(o, o - 1)))
			format_outcome(field, width, o);
		write_forward_path(b, &env->forward[i], status_byte(o), field,
		    width);
	}
}

static void
write_key(struct buffer *b, const char *key, const char *value)
{
	buffer_add_text(b, key);
	buffer_add_byte(b, ' ');
	escape_word(b, value);
	buffer_add_byte(b, '\n');
}

static void
format_state(char *to, const struct envelope_file *file)
{
	char	state[STATE_WIDTH + 1];

	snprintf(state, sizeof(state), "%s %04u/%05u notice=%d",
	    file->held ? "held " : file->collected ? "storm" : "ready",
	    file->asked < ASKED_MAX ? file->asked : ASKED_MAX,
	    file->attempts < ATTEMPTS_MAX ? file->attempts : ATTEMPTS_MAX,
	    file->notice_sent);
	memcpy(to, state, STATE_WIDTH);
}

static void
write_fields(struct buffer *b, const struct envelope_file *file)
{
	const struct envelope	*env = &file->envelope;

	buffer_addf(b, "body 8bit=%d,%d dots=%d longest=%zu\n",
	    file->header_8bit, file->body_8bit, file->has_dots,
	    file->longest_line);
	buffer_addf(b, "arrived %lld\n", (long long)file->arrived_us);
	buffer_addf(b, "user %lu ", (unsigned long)file->uid);
	escape_word(b, file->caller != NULL ? file->caller : "");
	buffer_add_byte(b, '\n');
	write_key(b, "from", env->reverse_path != NULL ?
	    env->reverse_path : "");
	if (env->envid != NULL)
		write_key(b, "envid", env->envid);
	if (env->ret != RETURN_UNSPECIFIED)
		write_key(b, "return", env->ret == RETURN_FULL ?
		    "full" : "headers");
	if (env->requiretls != REQUIRETLS_NO)
		buffer_addf(b, "requiretls %s\n",
		    env->requiretls == REQUIRETLS_YES ? "yes" : "offered");
	if (file->digest != NULL)
		buffer_addf(b, "digest %s\n", file->digest);
	buffer_add_text(b, "state ");
	format_state(buffer_room(b, STATE_WIDTH), file);
	b->len += STATE_WIDTH;
	buffer_add_text(b, "\nreason ");
	escape_padded(buffer_room(b, REASON_WIDTH), REASON_WIDTH,
	    file->reason);
	b->len += REASON_WIDTH;
	buffer_add_byte(b, '\n');
}

/* A line break would inject SMTP commands. */
static bool
has_line_break(const char *word)
{
	return word != NULL && text_has_any(word, "\r\n");
}

bool
envelope_file_write(struct buffer *b, struct envelope_file *file,
    struct failure *why)
{
	const struct envelope	*env = &file->envelope;
	size_t	start = b->len;
	size_t	width = OUTCOME_PREFIX + (env->n > FEW ?
	    OUTCOME_WIDTH_MANY : OUTCOME_WIDTH_FEW);
	char	line[sizeof(message_line) + 64];
	bool	has_break;

	if (env->n == 0)
		return failed(why, EX_DATAERR,
		    "a message without recipients cannot be queued");
	if (env->n > ENVELOPE_FILE_PATHS_MAX)
		return failed(why, EX_DATAERR,
		    "too many recipients: %zu, but a queued message can have "
		    "at most %d",
		    env->n, ENVELOPE_FILE_PATHS_MAX);
	has_break = has_line_break(file->caller) ||
	    has_line_break(env->envid) || has_line_break(env->reverse_path);
	for (size_t i = 0; i < env->n; i++)
		has_break |= has_line_break(env->forward[i].path) ||
		    has_line_break(env->forward[i].orcpt);
	if (has_break)
		return failed(why, EX_DATAERR,
		    "an address or identifier contains a line break");
	buffer_add_text(b, first_line);
	/* The numbers have a fixed width, and are filled in below. */
	buffer_addf(b, message_line, 0ULL, 0ULL, 0ULL);
	write_fields(b, file);
	write_forward_paths(b, file, width);
	buffer_add_byte(b, '\n');
	file->message_at = b->len - start;
	if (file->message_at > ENVELOPE_FILE_MAX)
		return failed(why, EX_DATAERR,
		    "the envelope is too long for the queue");
	snprintf(line, sizeof(line), message_line,
	    (unsigned long long)file->message_at,
	    (unsigned long long)file->header_size,
	    (unsigned long long)file->message_size);
	memcpy(b->data + start + strlen(first_line), line, strlen(line));
	return true;
}

/* The text that has not been read yet. */
struct cursor {
	const char	*at;
	size_t		 left;
};

/* Skips the word; false if the text does not begin with it. */
static bool
take(struct cursor *c, const char *word)
{
	size_t	len = strlen(word);

	if (c->left < len || memcmp(c->at, word, len) != 0)
		return false;
	c->at += len;
	c->left -= len;
	return true;
}

/* Reads a decimal number of at most that many digits. */
static bool
take_number(struct cursor *c, int digits, uint64_t *number)
{
	int	n = 0;

	for (*number = 0; n < digits && c->left > 0 && *c->at >= '0' &&
	    *c->at <= '9'; n++, c->at++, c->left--)
		*number = *number * 10 + (uint64_t)(*c->at - '0');
	return n > 0;
}

static bool
take_flag(struct cursor *c, const char *word, bool *flag)
{
	uint64_t	number;

	if (!take(c, word) || !take_number(c, 1, &number))
		return false;
	*flag = number == 1;
	return number <= 1;
}

/* Reads up to a space or the end of the line; NULL if it is invalid. */
static char *
take_word(struct cursor *c)
{
	const char	*start = c->at;
	char		*word;

	while (c->left > 0 && *c->at != ' ' && *c->at != '\n')
		c->at++, c->left--;
	word = escape_decode_word(start, (size_t)(c->at - start));
	if (!has_line_break(word))
		return word;
	free(word);
	return NULL;
}

/* Reads the rest of the line; false if it has no end. */
static bool
take_line(struct cursor *c, const char **start, size_t *len)
{
	const char	*end = memchr(c->at, '\n', c->left);

	if (end == NULL)
		return false;
	*start = c->at;
	*len = (size_t)(end - c->at);
	c->left -= *len + 1;
	c->at = end + 1;
	return true;
}

/* Numbers of 18 digits fit into 63 bits. */
static bool
parse_start(struct cursor *c, struct envelope_file *file)
{
	return take(c, first_line) && take(c, "message ") &&
	    take_number(c, 10, &file->message_at) && take(c, " ") &&
	    take_number(c, 10, &file->header_size) && take(c, " ") &&
	    take(c, "00") && take_number(c, 18, &file->message_size) &&
	    take(c, "\n") && file->message_at <= ENVELOPE_FILE_MAX &&
	    file->header_size <= file->message_size;
}

static bool
parse_body(struct cursor *c, struct envelope_file *file)
{
	uint64_t	longest;

	if (!take_flag(c, "body 8bit=", &file->header_8bit) ||
	    !take_flag(c, ",", &file->body_8bit) ||
	    !take_flag(c, " dots=", &file->has_dots) ||
	    !take(c, " longest=") || !take_number(c, 18, &longest))
		return false;
	file->longest_line = (size_t)longest;
	return take(c, "\n");
}

static bool
parse_arrived(struct cursor *c, struct envelope_file *file)
{
	uint64_t	arrived;

	if (!take(c, "arrived ") || !take_number(c, 18, &arrived))
		return false;
	file->arrived_us = (int64_t)arrived;
	return take(c, "\n");
}

static bool
parse_submitter(struct cursor *c, struct envelope_file *file)
{
	uint64_t	uid;

	if (!take(c, "user ") || !take_number(c, 10, &uid) ||
	    uid > UINT32_MAX || !take(c, " "))
		return false;
	file->uid = (uint32_t)uid;
	file->caller = take_word(c);
	return file->caller != NULL && take(c, "\n");
}

static bool
parse_envelope(struct cursor *c, struct envelope_file *file)
{
	struct envelope	*env = &file->envelope;

	if (!take(c, "from ") || (env->reverse_path = take_word(c)) == NULL ||
	    !take(c, "\n"))
		return false;
	if (take(c, "envid ") && ((env->envid = take_word(c)) == NULL ||
	    !take(c, "\n")))
		return false;
	if (take(c, "return full\n"))
		env->ret = RETURN_FULL;
	else if (take(c, "return headers\n"))
		env->ret = RETURN_HEADERS;
	if (take(c, "requiretls yes\n"))
		env->requiretls = REQUIRETLS_YES;
	else if (take(c, "requiretls offered\n"))
		env->requiretls = REQUIRETLS_IF_OFFERED;
	return true;
}

/* Queue IDs, with a space between two of them. */
static bool
are_ids(const char *text)
{
	char	id[ID_SIZE];
	size_t	len;

	for (;; text += len + 1) {
		len = strcspn(text, " ");
		if (len >= sizeof(id))
			return false;
		memcpy(id, text, len);
		id[len] = '\0';
		if (!id_is_valid(id))
			return false;
		if (text[len] == '\0')
			return true;
	}
}

static bool
parse_digest(struct cursor *c, struct envelope_file *file)
{
	const char	*ids;
	size_t		 len;

	if (!take(c, "digest "))
		return true;
	if (!take_line(c, &ids, &len))
		return false;
	file->digest = memory_copy_n(ids, len);
	return strlen(file->digest) == len && are_ids(file->digest);
}

static bool
take_attempts(struct cursor *c, struct envelope_file *file)
{
	uint64_t	asked = 0, attempts;

	if (!take_number(c, 10, &attempts))
		return false;
	if (take(c, "/")) {
		asked = attempts;
		if (!take_number(c, 10, &attempts))
			return false;
	}
	file->asked = asked < ASKED_MAX ? (unsigned)asked : ASKED_MAX;
	file->attempts = attempts < ATTEMPTS_MAX ? (unsigned)attempts :
	    ATTEMPTS_MAX;
	return true;
}

/*
 * A crash may leave the line half rewritten: only the first letter decides
 * between "held", "ready" and "storm", and any number of attempts is accepted.
 */
static bool
parse_state(struct cursor *c, struct envelope_file *file)
{
	const size_t	 word = strlen("ready ");
	const char	*start;

	if (!take(c, "state ") || c->left < word ||
	    memchr("hrs", *c->at, 3) == NULL)
		return false;
	start = c->at;
	file->held = *c->at == 'h';
	file->collected = *c->at == 's';
	c->at += word;
	c->left -= word;
	return take_attempts(c, file) &&
	    take_flag(c, " notice=", &file->notice_sent) &&
	    c->at - start == STATE_WIDTH && take(c, "\n");
}

static bool
parse_reason(struct cursor *c, struct envelope_file *file)
{
	const char	*text;
	size_t		 len;

	if (!take(c, "reason ") || !take_line(c, &text, &len) ||
	    len != REASON_WIDTH)
		return false;
	escape_decode_padded(file->reason, sizeof(file->reason), text, len);
	return true;
}

/* A number in a field that may be half rewritten. */
static int
loose_number(const char *at, size_t width)
{
	int	number = 0;

	for (size_t i = 0; i < width; i++)
		if (at[i] >= '0' && at[i] <= '9')
			number = number * 10 + (at[i] - '0');
	return number;
}

/* before: the outcome of the previous forward-path, or NULL. */
static void
parse_outcome(struct outcome *outcome, const struct outcome *before,
    const char *line, size_t len)
{
	const char	*enhanced = line + 9;
	char		 text[OUTCOME_TEXT_MAX];
	size_t		 n = 0;

	outcome->status = loose_number(line + 2, 2);
	outcome->code = loose_number(line + 5, 3);
	while (n < 11 && (enhanced[n] == '.' ||
	    (enhanced[n] >= '0' && enhanced[n] <= '9')))
		n++;
	memcpy(outcome->enhanced, enhanced, n);
	outcome->enhanced[n] = '\0';
	outcome->in_doubt = line[21] == '!';
	outcome->delay_reported = line[0] == 'd';
	escape_decode_padded(text, sizeof(text), line + OUTCOME_PREFIX,
	    len - OUTCOME_PREFIX);
	if (before != NULL && strcmp(text, outcome_text(before)) == 0)
		outcome_share_text(outcome, before);
	else if (text[0] != '\0')
		outcome_set_text(outcome, "%s", text);
}

static bool
parse_forward_path(struct cursor *c, struct envelope_file *file, size_t *cap)
{
	struct envelope		*env = &file->envelope;
	struct outcome		 outcome = { 0 };
	struct outcome		*o;
	struct forward_path	*to;
	uint64_t		 notify = 0;
	const char		*line;
	size_t			 len;
	char			*path;

	if (env->n >= ENVELOPE_FILE_PATHS_MAX)
		return false;
	if (take(c, "? "))
		outcome.kind = OUTCOME_WAITING;
	else if (take(c, "+ "))
		outcome.kind = OUTCOME_DELIVERED;
	else if (take(c, "- "))
		outcome.kind = OUTCOME_FAILED;
	else
		return false;
	path = take_word(c);
	if (path == NULL)
		return false;
	to = envelope_add(env, path);
	free(path);
	file->outcomes = memory_room(file->outcomes, env->n - 1, cap,
	    sizeof(*file->outcomes));
	o = &file->outcomes[env->n - 1];
	*o = outcome;
	if (take(c, " notify=") && (!take_number(c, 2, &notify) ||
	    notify == 0 || notify > NOTIFY_ALL))
		return false;
	to->notify = (unsigned)notify;
	if (take(c, " orcpt=") && (to->orcpt = take_word(c)) == NULL)
		return false;
	if (!take(c, "\n") || !take_line(c, &line, &len) ||
	    len < OUTCOME_PREFIX)
		return false;
	parse_outcome(o, env->n > 1 ? o - 1 : NULL, line, len);
	return true;
}

size_t
envelope_file_length(const char *text, size_t len)
{
	struct cursor		c = { text, len };
	struct envelope_file	start = { 0 };

	return parse_start(&c, &start) ? (size_t)start.message_at : 0;
}

bool
envelope_file_parse(struct envelope_file *file, const char *text, size_t len,
    struct failure *why)
{
	static bool	(*const fields[])(struct cursor *,
			    struct envelope_file *) = {
		parse_start, parse_body, parse_arrived, parse_submitter,
		parse_envelope, parse_digest, parse_state, parse_reason
	};
	struct cursor	c = { text, len };
	size_t		cap = 0, line = 1;
	bool		good = true;

	*file = (struct envelope_file){ 0 };
	for (size_t i = 0; good && i < sizeof(fields) / sizeof(fields[0]); i++)
		good = fields[i](&c, file);
	while (good && c.left > 1)
		good = parse_forward_path(&c, file, &cap);
	if (good && take(&c, "\n") && file->message_at == len &&
	    file->envelope.n > 0)
		return true;
	envelope_file_free(file);
	for (const char *lf = text; (lf = memchr(lf, '\n',
	    (size_t)(c.at - lf))) != NULL; lf++)
		line++;
	return failed(why, EX_DATAERR, "line %zu is invalid", line);
}

/* The beginning of the next line; the text ends with a newline. */
static size_t
line_after(const char *text, size_t len, size_t at)
{
	const char	*end = memchr(text + at, '\n', len - at);

	return end != NULL ? (size_t)(end - text) + 1 : len;
}

/*
 * The offset of the state.  The lines of the state and the reason have a fixed
 * width, so the offset of the first forward-path follows from it.
 */
static size_t
find_state(const char *text)
{
	const char	*state = strstr(text, "\nstate ");

	return (size_t)(state - text) + strlen("\nstate ");
}

enum { STATE_TO_REASON = STATE_WIDTH + sizeof("\nreason ") - 1 };

struct envelope_file_range
envelope_file_changeable(const char *text, size_t len)
{
	return (struct envelope_file_range){ find_state(text), len };
}

struct envelope_file_range
envelope_file_rewrite_state(char *text, const struct envelope_file *file)
{
	size_t	state = find_state(text);
	size_t	reason = state + STATE_TO_REASON;

	format_state(text + state, file);
	escape_padded(text + reason, REASON_WIDTH, file->reason);
	return (struct envelope_file_range){ state, reason + REASON_WIDTH };
}

struct envelope_file_range
envelope_file_rewrite_outcomes(char *text, size_t len,
    const struct envelope_file *file, size_t first, size_t end)
{
	size_t	at = find_state(text) + STATE_TO_REASON + REASON_WIDTH + 1;
	size_t	from = at;

	for (size_t i = 0; i < end; i++) {
		size_t	place = line_after(text, len, at);
		size_t	next = line_after(text, len, place);

		if (i == first)
			from = at;
		if (i >= first) {
			text[at] = status_byte(&file->outcomes[i]);
			format_outcome(text + place, next - 1 - place,
			    &file->outcomes[i]);
		}
		at = next;
	}
	return (struct envelope_file_range){ from, at };
}

void
envelope_file_free(struct envelope_file *file)
{
	free(file->caller);
	free(file->digest);
	outcome_list_free(file->outcomes, file->envelope.n);
	envelope_free(&file->envelope);
	*file = (struct envelope_file){ 0 };
}
