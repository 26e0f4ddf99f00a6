#include "submit/service_protocol.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sysexits.h>

#include "queue/escape.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

static const char *const	kinds[] = {
	[OUTCOME_DELIVERED] = "delivered",
	[OUTCOME_DEFERRED] = "deferred",
	[OUTCOME_FAILED] = "failed",
};

static const char *const	steps[] = {
	[STEP_GREETING] = "greeting", [STEP_EHLO] = "ehlo",
	[STEP_STARTTLS] = "starttls", [STEP_TLS] = "tls",
	[STEP_AUTH] = "auth", [STEP_MAIL] = "mail", [STEP_RCPT] = "rcpt",
	[STEP_DATA] = "data", [STEP_BODY] = "body", [STEP_FINAL] = "final",
	[STEP_RSET] = "rset", [STEP_NOOP] = "noop", [STEP_QUIT] = "quit",
};

/* ------------------------------------------------------------------ OPTIONS */

void
service_options_write(struct buffer *to, const struct service_options *o)
{
	buffer_add_text(to, "XRELAIS OPTIONS");
	if (o->queue)
		buffer_add_text(to, " queue");
	if (o->default_sender)
		buffer_add_text(to, " default-sender");
	if (o->late_checks)
		buffer_add_text(to, " late-checks");
	if (o->from_header)
		buffer_add_text(to, " from-header");
	if (o->plain)
		buffer_add_text(to, " plain");
	if (o->full_name != NULL) {
		buffer_add_text(to, " name=");
		escape_word(to, o->full_name);
	}
}

static bool
parse_name(struct service_options *o, const char *word)
{
	if (o->full_name != NULL)
		return false;
	o->full_name = escape_decode_word(word, strlen(word));
	return o->full_name != NULL &&
	    strlen(o->full_name) <= SERVICE_NAME_MAX;
}

bool
service_options_parse(struct service_options *o, char *text,
    struct failure *why)
{
	const char	*word;
	bool		 good = true;

	*o = (struct service_options){ 0 };
	while (good && (word = strsep(&text, " ")) != NULL) {
		if (strcmp(word, "queue") == 0)
			o->queue = true;
		else if (strcmp(word, "default-sender") == 0)
			o->default_sender = true;
		else if (strcmp(word, "late-checks") == 0)
			o->late_checks = true;
		else if (strcmp(word, "from-header") == 0)
			o->from_header = true;
		else if (strcmp(word, "plain") == 0)
			o->plain = true;
		else if (strncmp(word, "name=", 5) == 0)
			good = parse_name(o, word + 5);
		else
			good = word[0] == '\0';
	}
	if (good)
		return true;
	service_options_free(o);
	return failed(why, EX_USAGE, "Syntax: XRELAIS OPTIONS [queue] "
	    "[default-sender] [late-checks] [from-header] [plain] [name=word]");
}

void
service_options_free(struct service_options *o)
{
	free(o->full_name);
	*o = (struct service_options){ 0 };
}

/* ------------------------------------------------------ RESULT, the service */

/* The words of a line up to PATH. */
static void
write_outcome(struct buffer *to, const struct outcome *o, bool same)
{
	buffer_addf(to, "path %s %d %d %s %s %s%s%s%s ", kinds[o->kind],
	    o->status, o->code, steps[o->step],
	    o->enhanced[0] != '\0' ? o->enhanced : "-",
	    o->in_doubt ? "d" : "", o->not_attempted ? "n" : "",
	    same ? "s" : "",
	    o->in_doubt || o->not_attempted || same ? "" : "-");
}

/*
 * An outcome that is like the previous one is not formatted again, which saves
 * 26 million instructions for 10,000 recipients.
 */
static void
write_paths(struct buffer *to, const struct service_result *r)
{
	struct buffer	words = { 0 };
	bool		same_before = false;

	for (size_t i = 0; i < r->envelope.n; i++) {
		const struct outcome	*o = &r->outcomes[i];
		const char		*text = outcome_text(o);
		bool			 same = i > 0 && text[0] != '\0' &&
					    strcmp(text,
					    outcome_text(o - 1)) == 0;

		if (i == 0 || same != same_before ||
		    !outcome_is_like(o, o - 1)) {
			buffer_clear(&words);
			write_outcome(&words, o, same);
		}
		same_before = same;
		buffer_add(to, words.data, words.len);
		escape_word(to, r->envelope.forward[i].path);
		if (!same && text[0] != '\0') {
			buffer_add_byte(to, ' ');
			escape_word(to, text);
		}
		buffer_add_byte(to, '\n');
	}
	buffer_free(&words);
}

void
service_result_write(struct buffer *to, const struct service_result *r)
{
	if (r->refused) {
		buffer_addf(to, "failure %d", r->why.status);
		if (r->why.text[0] != '\0') {
			buffer_add_byte(to, ' ');
			escape_word(to, r->why.text);
		}
		buffer_add_text(to, "\nend 0");
		return;
	}
	write_paths(to, r);
	if (r->queued[0] != '\0')
		buffer_addf(to, "queued %s\n", r->queued);
	if (r->failed[0] != '\0')
		buffer_addf(to, "failed %s\n", r->failed);
	buffer_addf(to, "end %zu", r->envelope.n);
}

/* ------------------------------------------------------- RESULT, the client */

/* The next word of a line, not empty; NULL at its end. */
static char *
next_word(char **line)
{
	char	*word = strsep(line, " ");

	return word != NULL && word[0] != '\0' ? word : NULL;
}

/* A decimal number between min, which is 0 or negative, and max. */
static bool
read_integer(char **line, long long min, long long max, long long *to)
{
	const char	*word = next_word(line);
	const char	*wrong = "";
	const char	*digits = word;

	if (word == NULL)
		return false;
	digits += min < 0 && *word == '-';
	if (strspn(digits, "0123456789") != strlen(digits))
		return false;
	*to = strtonum(word, min, max, &wrong);
	return wrong == NULL;
}

static bool
read_number(char **line, int max, int *to)
{
	long long	number;

	if (!read_integer(line, 0, max, &number))
		return false;
	*to = (int)number;
	return true;
}

/* Sets *to to the index of the next word in a list of n words. */
static bool
read_keyword(char **line, const char *const *list, size_t n, int *to)
{
	const char	*word = next_word(line);

	for (size_t i = 0; word != NULL && i < n; i++)
		if (list[i] != NULL && strcmp(list[i], word) == 0) {
			*to = (int)i;
			return true;
		}
	return false;
}

/* "-", or "2.1.5": digits and dots. */
static bool
read_enhanced(char **line, char *to, size_t size)
{
	const char	*word = next_word(line);

	if (word == NULL || strlen(word) >= size)
		return false;
	if (strcmp(word, "-") == 0)
		return true;
	strlcpy(to, word, size);
	return strspn(word, "0123456789.") == strlen(word);
}

/* Text that fits into size octets with a NUL; "" at the end of the line. */
static bool
read_text(char **line, char *to, size_t size)
{
	const char	*word = strsep(line, " ");
	char		*text;
	bool		 good;

	if (word == NULL)
		return true;
	text = escape_decode_word(word, strlen(word));
	good = text != NULL && text[0] != '\0' &&
	    strlcpy(to, text, size) < size && !text_has_any(to, "\r\n");
	free(text);
	return good;
}

static bool
read_flags(char **line, struct outcome *o, bool *same)
{
	const char	*word = next_word(line);

	if (word == NULL)
		return false;
	if (strcmp(word, "-") == 0)
		return true;
	o->in_doubt = *word == 'd';
	word += o->in_doubt;
	o->not_attempted = *word == 'n';
	word += o->not_attempted;
	*same = *word == 's';
	word += *same;
	return *word == '\0';
}

static bool
add_path(struct service_result *r, char *line)
{
	struct outcome	 o = { .kind = OUTCOME_WAITING };
	size_t		 n = r->envelope.n;
	char		*path = NULL;
	const char	*word;
	char		 text[OUTCOME_TEXT_MAX] = "";
	bool		 same = false, good;
	int		 kind, step;

	good = n < SERVICE_PATHS_MAX &&
	    read_keyword(&line, kinds, sizeof(kinds) / sizeof(*kinds),
	    &kind) &&
	    read_number(&line, 255, &o.status) &&
	    read_number(&line, 599, &o.code) &&
	    read_keyword(&line, steps, sizeof(steps) / sizeof(*steps),
	    &step) &&
	    read_enhanced(&line, o.enhanced, sizeof(o.enhanced)) &&
	    read_flags(&line, &o, &same) && (!same || n > 0) &&
	    (word = next_word(&line)) != NULL &&
	    (path = escape_decode_word(word, strlen(word))) != NULL &&
	    read_text(&line, text, sizeof(text)) && line == NULL &&
	    (!same || text[0] == '\0') &&
	    /* A failure with the status of success would be taken for it. */
	    (kind == OUTCOME_DELIVERED || o.status != EX_OK);
	if (good) {
		o.kind = (enum outcome_kind)kind;
		o.step = (enum session_step)step;
		if (same)
			outcome_share_text(&o, &r->outcomes[n - 1]);
		else if (text[0] != '\0')
			outcome_set_text(&o, "%s", text);
		r->outcomes = memory_room(r->outcomes, n, &r->cap,
		    sizeof(*r->outcomes));
		r->outcomes[n] = o;
		envelope_add(&r->envelope, path);
	}
	free(path);
	return good;
}

static bool
add_id(char *id, char *line)
{
	const char	*word = next_word(&line);

	if (id[0] != '\0' || word == NULL || line != NULL ||
	    !id_is_valid(word))
		return false;
	strlcpy(id, word, ID_SIZE);
	return true;
}

static bool
add_failure(struct service_result *r, char *line)
{
	if (r->refused || r->envelope.n > 0 || r->queued[0] != '\0' ||
	    r->failed[0] != '\0')
		return false;
	r->refused = true;
	return read_number(&line, 255, &r->why.status) &&
	    r->why.status != EX_OK &&
	    read_text(&line, r->why.text, sizeof(r->why.text)) &&
	    line == NULL;
}

static bool
add_end(struct service_result *r, char *line)
{
	int	n;

	r->complete = read_number(&line, SERVICE_PATHS_MAX, &n) &&
	    line == NULL && (size_t)n == r->envelope.n &&
	    (n > 0) != r->refused;
	return r->complete;
}

bool
service_result_add(struct service_result *r, const char *line,
    struct failure *why)
{
	char		*copy = memory_copy(line);
	char		*rest = copy;
	const char	*keyword = next_word(&rest);
	bool		 good = false;

	if (keyword == NULL || r->complete)
		good = false;
	else if (strcmp(keyword, "path") == 0)
		good = !r->refused && add_path(r, rest);
	else if (strcmp(keyword, "queued") == 0)
		good = !r->refused && add_id(r->queued, rest);
	else if (strcmp(keyword, "failed") == 0)
		good = !r->refused && add_id(r->failed, rest);
	else if (strcmp(keyword, "failure") == 0)
		good = add_failure(r, rest);
	else if (strcmp(keyword, "end") == 0)
		good = add_end(r, rest);
	free(copy);
	return good || failed(why, EX_PROTOCOL, "invalid line in the reply of "
	    "the service to XRELAIS RESULT");
}

void
service_result_free(struct service_result *r)
{
	outcome_list_free(r->outcomes, r->envelope.n);
	envelope_free(&r->envelope);
	r->outcomes = NULL;
	r->cap = 0;
}

/* ------------------------------------------------------------------- COUNT */

void
service_count_write(struct buffer *to, const struct health_state *s)
{
	buffer_addf(to, "%zu %llu %lld %lld %zu %llu %lld %lld %lld %lld "
	    "%zu %lld",
	    s->queue.entries, (unsigned long long)s->queue.octets,
	    (long long)s->queue.oldest, (long long)s->queue.next,
	    s->failed.entries, (unsigned long long)s->failed.octets,
	    (long long)s->last.success, (long long)s->last.given_up,
	    (long long)s->last.error, (long long)s->queue_given_up,
	    s->collected, (long long)s->next_digest);
}

static bool
read_size(char **line, uint64_t *to)
{
	long long	number;

	if (!read_integer(line, 0, LLONG_MAX, &number))
		return false;
	*to = (uint64_t)number;
	return true;
}

/* Seconds since the epoch: the time of a file can be any number. */
static bool
read_time(char **line, int64_t *to)
{
	long long	number;

	if (!read_integer(line, LLONG_MIN, LLONG_MAX, &number))
		return false;
	*to = (int64_t)number;
	return true;
}

bool
service_count_parse(struct health_state *s, const char *text,
    struct failure *why)
{
	char		*copy = memory_copy(text);
	char		*rest = copy;
	uint64_t	 queued, failed_entries, collected;
	bool		 good;

	*s = (struct health_state){ 0 };
	good = read_size(&rest, &queued) &&
	    read_size(&rest, &s->queue.octets) &&
	    read_time(&rest, &s->queue.oldest) &&
	    read_time(&rest, &s->queue.next) &&
	    read_size(&rest, &failed_entries) &&
	    read_size(&rest, &s->failed.octets) &&
	    read_time(&rest, &s->last.success) &&
	    read_time(&rest, &s->last.given_up) &&
	    read_time(&rest, &s->last.error) &&
	    read_time(&rest, &s->queue_given_up) &&
	    read_size(&rest, &collected) &&
	    read_time(&rest, &s->next_digest) && rest == NULL;
	free(copy);
	if (!good)
		return failed(why, EX_PROTOCOL, "invalid reply of the service "
		    "to XRELAIS COUNT");
	s->queue.entries = (size_t)queued;
	s->failed.entries = (size_t)failed_entries;
	s->collected = (size_t)collected;
	return true;
}

/* ------------------------------------------------------------------- ABOUT */

void
service_about_write(struct buffer *to, const struct service_about *a)
{
	buffer_addf(to, "%s %lld", a->version, (long long)a->changed_us);
}

bool
service_about_parse(struct service_about *a, const char *text,
    struct failure *why)
{
	size_t	 len = strcspn(text, " ");
	char	*copy = memory_copy(text);
	char	*rest = copy + len;
	bool	 good = len > 0 && len < sizeof(a->version) && *rest == ' ';

	*a = (struct service_about){ .changed_us = 0 };
	if (good) {
		rest++;
		good = read_time(&rest, &a->changed_us) && rest == NULL;
		memcpy(a->version, copy, len);
	}
	free(copy);
	return good || failed(why, EX_PROTOCOL, "invalid reply of the service "
	    "to XRELAIS ABOUT");
}

/* ----------------------------------------------------------------- RELEASE */

void
service_release_write(struct buffer *to, const struct service_release *r)
{
	char	shown[SERVICE_RELEASE_TEXT];

	if (r->why.status == EX_OK)
		buffer_addf(to, "released %s", r->id);
	else
		buffer_addf(to, "failure %d %s", r->why.status,
		    visible_more(shown, sizeof(shown), r->why.text, ""));
}

bool
service_release_parse(struct service_release *r, const char *text,
    struct failure *why)
{
	static const char *const	keywords[] = { "released", "failure" };
	char	*copy = memory_copy(text);
	char	*rest = copy;
	int	 keyword;
	bool	 good;

	*r = (struct service_release){ .why = { .status = EX_OK } };
	good = read_keyword(&rest, keywords, 2, &keyword);
	if (good && keyword == 0) {
		good = add_id(r->id, rest);
	} else if (good) {
		good = read_number(&rest, 255, &r->why.status) &&
		    r->why.status != EX_OK && rest != NULL &&
		    !text_has_any(rest, "\r\n");
		if (good)
			strlcpy(r->why.text, rest, sizeof(r->why.text));
	}
	free(copy);
	return good || failed(why, EX_PROTOCOL, "invalid reply of the service "
	    "to XRELAIS RELEASE");
}

/* ----------------------------------------------------------------- ENTRIES */

void
service_entry_write(struct buffer *to, const struct service_entry *e)
{
	buffer_addf(to, "entry %s %s %llu %lld %d %llu\n",
	    spool_dir_name(e->dir), e->id, (unsigned long long)e->size,
	    (long long)e->next, e->locked, (unsigned long long)e->length);
}

bool
service_entry_parse(struct service_entry *e, const char *line,
    struct failure *why)
{
	static const char *const	entry[] = { "entry" };
	static const char *const	dirs[] = { [SPOOL_QUEUE] = "queue",
		[SPOOL_FAILED] = "failed" };
	char		*copy = memory_copy(line);
	char		*rest = copy;
	const char	*id;
	int		 keyword, dir, locked;
	bool		 good;

	*e = (struct service_entry){ 0 };
	good = read_keyword(&rest, entry, 1, &keyword) &&
	    read_keyword(&rest, dirs, 2, &dir) &&
	    (id = next_word(&rest)) != NULL && id_is_valid(id) &&
	    strlcpy(e->id, id, sizeof(e->id)) < sizeof(e->id) &&
	    read_size(&rest, &e->size) && read_time(&rest, &e->next) &&
	    read_number(&rest, 1, &locked) && read_size(&rest, &e->length) &&
	    rest == NULL && e->length <= e->size;
	free(copy);
	if (!good)
		return failed(why, EX_PROTOCOL, "invalid line in the reply of "
		    "the service to XRELAIS ENTRIES");
	e->dir = (enum spool_dir)dir;
	e->locked = locked == 1;
	return true;
}
