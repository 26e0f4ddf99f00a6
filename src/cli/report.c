#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "util/buffer.h"
#include "util/visible.h"

static void
print_line(enum error_mode errors, const struct log *log, const char *text)
{
	/* With the log on stderr the line stands there already. */
	if (errors != ERRORS_QUIET && log->target != LOG_TO_STDERR)
		dprintf(STDERR_FILENO, "%s: %s\n", getprogname(), text);
}

int
report_failure(const struct log *log, enum error_mode errors,
    const struct failure *why)
{
	log_line(log, LOG_ERR, "%s", why->text);
	print_line(errors, log, why->text);
	return why->status;
}

static bool
is_told(const struct outcome *outcomes, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (outcomes[k].kind == outcomes[i].kind &&
		    strcmp(outcomes[k].text, outcomes[i].text) == 0)
			return true;
	return false;
}

static const char *
kind_name(enum outcome_kind kind)
{
	switch (kind) {
	case OUTCOME_WAITING:
		return "waiting";
	case OUTCOME_DELIVERED:
		return "sent";
	case OUTCOME_DEFERRED:
		return "deferred";
	case OUTCOME_FAILED:
		break;
	}
	return "failed";
}

/* The Message-ID, so that a message can be followed from log to log. */
static void
message_id(const struct message *m, char *to, size_t size)
{
	const struct field	*f = header_find(&m->header, "Message-ID", 0);
	const char		*value = "";
	size_t			 len = 0;

	if (f != NULL)
		value = field_value(f, &len);
	while (len > 0 && (*value == ' ' || *value == '\t'))
		value++, len--;
	while (len > 0 && (value[len - 1] == '\n' || value[len - 1] == '\r'))
		len--;
	visible(to, size, value, len);
}

static void
log_outcomes(const struct log *log, const struct envelope *env,
    const struct message *m, const struct outcome *outcomes)
{
	char	from[400], to[400], id[300];

	if (log->target == LOG_TO_NOTHING)
		return;
	message_id(m, id, sizeof(id));
	visible(from, sizeof(from), env->reverse_path,
	    strlen(env->reverse_path));
	for (size_t i = 0; i < env->n; i++) {
		const char	*path = env->forward[i].path;

		log_line(log, outcomes[i].kind == OUTCOME_DELIVERED ?
		    LOG_INFO : LOG_WARNING,
		    "%s uid=%lu from=<%s> to=<%s> size=%llu message-id=%s "
		    "reply=\"%s\"", kind_name(outcomes[i].kind),
		    (unsigned long)getuid(), from,
		    visible(to, sizeof(to), path, strlen(path)),
		    (unsigned long long)message_size(m), id,
		    outcomes[i].text);
	}
}

static void
print_outcome(const struct log *log, enum error_mode errors,
    const struct envelope *env, const struct outcome *outcomes, size_t i)
{
	struct buffer	line = { 0 };
	char		path[400];
	size_t		others = 0;

	for (size_t k = i + 1; k < env->n; k++)
		others += outcomes[k].kind == outcomes[i].kind &&
		    strcmp(outcomes[k].text, outcomes[i].text) == 0;
	visible(path, sizeof(path), env->forward[i].path,
	    strlen(env->forward[i].path));
	buffer_addf(&line, "not sent to %s", path);
	if (others > 0)
		buffer_addf(&line, " and %zu more", others);
	buffer_addf(&line, ": %s", outcomes[i].text);
	print_line(errors, log, line.data);
	buffer_free(&line);
}

static int
exit_status(const struct envelope *env, const struct outcome *outcomes,
    bool queued)
{
	int	later = EX_OK;

	for (size_t i = 0; i < env->n; i++) {
		if (outcomes[i].kind == OUTCOME_FAILED)
			return outcomes[i].status;
		if (outcomes[i].kind == OUTCOME_DEFERRED && later == EX_OK &&
		    !queued)
			later = outcomes[i].status;
	}
	return later;
}

int
report_outcomes(const struct log *log, enum error_mode errors,
    const struct envelope *env, const struct message *m,
    const struct outcome *outcomes, bool queued)
{
	for (size_t i = 0; i < env->n; i++) {
		bool	told = outcomes[i].kind == OUTCOME_FAILED ||
			    (outcomes[i].kind == OUTCOME_DEFERRED && !queued);

		if (told && !is_told(outcomes, i))
			print_outcome(log, errors, env, outcomes, i);
	}
	log_outcomes(log, env, m, outcomes);
	return exit_status(env, outcomes, queued);
}
