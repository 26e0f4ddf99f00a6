#include "relay/mail_log.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

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

/* The Message-ID, which other servers log, too, without angle brackets. */
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
	if (len > size - 1)
		len = size - 1;
	snprintf(to, size, "%.*s", (int)len, value);
}

static const char *
value_or_null(const char *value)
{
	return value[0] != '\0' ? value : NULL;
}

void
mail_log_outcomes(const struct log *log, const struct mail_log *m,
    const struct outcome *outcomes)
{
	const struct envelope	*env = m->envelope;
	char			 id[300], uid[16] = "-", pid[24], size[24];

	if (log->target == LOG_TO_NOTHING)
		return;
	if (m->uid != UINT32_MAX)
		snprintf(uid, sizeof(uid), "%lu", (unsigned long)m->uid);
	if (m->client != NULL)
		snprintf(pid, sizeof(pid), "%ld", m->client->pid);
	snprintf(size, sizeof(size), "%llu",
	    (unsigned long long)message_size(m->message));
	copy_message_id(id, sizeof(id), m->message);
	for (size_t i = 0; i < env->n; i++) {
		const struct outcome	*o = &outcomes[i];
		const struct log_field	 fields[] = {
			{ "id", "id", LOG_WORD, m->id },
			{ "uid", "uid", LOG_NUMBER, uid },
			{ "pid", "client_pid", LOG_NUMBER,
			    m->client != NULL ? pid : NULL },
			{ "program", "client_program", LOG_WORD,
			    m->client != NULL ? m->client->program : NULL },
			{ "from", "sender", LOG_ADDRESS, env->reverse_path },
			{ "to", "recipient", LOG_ADDRESS,
			    env->forward[i].path },
			{ "size", "size", LOG_NUMBER, size },
			{ "message-id", "message_id", LOG_IDENTIFIER, id },
			{ "tls", "tls", LOG_WORD,
			    value_or_null(o->tls.version) },
			{ "group", "tls_group", LOG_WORD,
			    value_or_null(o->tls.group) },
			{ "verified", "tls_verified", LOG_WORD,
			    value_or_null(o->tls.verified) },
			{ "reply", "reply", LOG_TEXT,
			    outcome_text(o) },
		};

		if (o->kind == OUTCOME_WAITING ||
		    (m->selected != NULL && !m->selected[i]))
			continue;
		log_status(log, o->kind == OUTCOME_DELIVERED ? LOG_INFO :
		    LOG_WARNING, event_name(o->kind, m->id), fields,
		    sizeof(fields) / sizeof(*fields));
	}
}
