#include "relay/mail_log.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "util/visible.h"

static const char *
event_name(enum outcome_kind kind, const char *id)
{
	switch (kind) {
	case OUTCOME_WAITING:
		return "waiting";
	case OUTCOME_DELIVERED:
		return "sent";
	case OUTCOME_DEFERRED:
		return id != NULL ? "queued" : "deferred";
	case OUTCOME_FAILED:
		break;
	}
	return "failed";
}

/*
 * Copies a value; blanks, quotation marks and angle brackets, which could look
 * like the beginning of another value, are escaped.
 */
static char *
copy_value(char *to, size_t size, const char *text, size_t len)
{
	char	shown[400];

	return visible_more(to, size, visible(shown, sizeof(shown), text, len),
	    " \"<>");
}

/* The Message-ID, which other servers log, too. */
static void
copy_message_id(char *to, size_t size, const struct message *m)
{
	const struct field	*f = header_find(&m->header, "Message-ID", 0);
	const char		*value = "";
	size_t			 len = 0;

	if (f != NULL)
		value = field_value(f, &len);
	while (len > 0 && strchr(" \t\r\n<", *value) != NULL)
		value++, len--;
	while (len > 0 && strchr(" \t\r\n>", value[len - 1]) != NULL)
		len--;
	copy_value(to, size, value, len);
}

void
mail_log_outcomes(const struct log *log, const struct mail_log *m,
    const struct outcome *outcomes)
{
	const struct envelope	*env = m->envelope;
	char			 from[400], to[400], id[300], reply[1200];
	char			 uid[16] = "-";

	if (log->target == LOG_TO_NOTHING)
		return;
	if (m->uid != UINT32_MAX)
		snprintf(uid, sizeof(uid), "%lu", (unsigned long)m->uid);
	copy_message_id(id, sizeof(id), m->message);
	copy_value(from, sizeof(from), env->reverse_path,
	    strlen(env->reverse_path));
	for (size_t i = 0; i < env->n; i++) {
		const struct outcome	*o = &outcomes[i];
		const char		*path = env->forward[i].path;

		if (o->kind == OUTCOME_WAITING ||
		    (m->selected != NULL && !m->selected[i]))
			continue;
		log_line(log, o->kind == OUTCOME_DELIVERED ? LOG_INFO :
		    LOG_WARNING, "%s%s%s uid=%s%s%s from=<%s> to=<%s> "
		    "size=%llu message-id=<%s> reply=\"%s\"", event_name(o->kind, m->id),
		    m->id != NULL ? " id=" : "", m->id != NULL ? m->id : "",
		    uid, m->client != NULL ? " " : "",
		    m->client != NULL ? m->client : "", from,
		    copy_value(to, sizeof(to), path, strlen(path)),
		    (unsigned long long)message_size(m->message), id,
		    visible_more(reply, sizeof(reply), o->text, "\""));
	}
}
