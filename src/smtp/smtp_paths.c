#include "smtp/smtp_paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/domain.h"
#include "mime/field_form.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

enum path_form { PATH_UNCHANGED, PATH_ASCII, PATH_UTF8, PATH_UNSENDABLE };

static void
refuse_path(const struct smtp_paths_rules *rules, struct outcome *o,
    enum session_step step, const char *path, const char *reason)
{
	char	shown[200];

	outcome_set(o, &(struct outcome){ .kind = OUTCOME_FAILED, .step = step,
	    .status = step == STEP_RCPT ? EX_NOUSER : EX_DATAERR });
	visible(shown, sizeof(shown), path, strlen(path));
	outcome_set_text(o, "%s<%s> cannot be sent: %s", rules->prefix, shown,
	    reason);
}

/*
 * Returns the form in which to send a path and its parameter (NULL: none);
 * fills in *ascii for PATH_ASCII, *why for PATH_UNSENDABLE.  A line break would
 * end the command and begin another one.
 */
static enum path_form
form_of(const struct smtp_paths_rules *rules, const char *path,
    const char *parameter, struct buffer *ascii, struct failure *why)
{
	if (text_has_any(path, "\r\n") ||
	    (parameter != NULL && text_has_any(parameter, "\r\n"))) {
		failed(why, EX_DATAERR, "the address or a parameter contains "
		    "a line break");
		return PATH_UNSENDABLE;
	}
	if (text_is_ascii(path, strlen(path)))
		return PATH_UNCHANGED;
	if (rules->unchanged && rules->smtputf8)
		return PATH_UTF8;
	if (!path_needs_utf8(path) && path_to_ascii(ascii, path, why))
		return PATH_ASCII;
	if (rules->smtputf8)
		return PATH_UTF8;
	if (path_needs_utf8(path))
		failed(why, EX_UNAVAILABLE, "the server does not support "
		    "addresses that are not ASCII (SMTPUTF8)");
	return PATH_UNSENDABLE;
}

static void
prepare_forward(struct smtp_paths *p, const struct smtp_paths_rules *rules,
    size_t i, struct outcome *o)
{
	const char	*path = p->env->forward[i].path;
	struct buffer	 ascii = { 0 };
	struct failure	 why;

	switch (form_of(rules, path, p->env->forward[i].orcpt, &ascii, &why)) {
	case PATH_UNCHANGED:
		break;
	case PATH_ASCII:
		if (p->forward == NULL)
			p->forward = memory_new(p->env->n,
			    sizeof(*p->forward));
		p->forward[i] = buffer_take(&ascii);
		break;
	case PATH_UTF8:
		p->utf8 = true;
		break;
	case PATH_UNSENDABLE:
		refuse_path(rules, o, STEP_RCPT, path, why.text);
		break;
	}
	buffer_free(&ascii);
}

static void
prepare_reverse(struct smtp_paths *p, const struct smtp_paths_rules *rules,
    struct outcome *outcomes)
{
	const char	*path = p->env->reverse_path;
	struct buffer	 ascii = { 0 };
	struct failure	 why;

	switch (form_of(rules, path, p->env->envid, &ascii, &why)) {
	case PATH_UNCHANGED:
		break;
	case PATH_ASCII:
		p->reverse = buffer_take(&ascii);
		break;
	case PATH_UTF8:
		p->utf8 = true;
		break;
	case PATH_UNSENDABLE:
		for (size_t i = 0; i < p->env->n; i++)
			if (outcomes[i].kind == OUTCOME_WAITING)
				refuse_path(rules, &outcomes[i], STEP_MAIL,
				    path, why.text);
		break;
	}
	buffer_free(&ascii);
}

void
smtp_paths_prepare_by(struct smtp_paths *p,
    const struct smtp_paths_rules *rules, const struct envelope *env,
    const struct message *message, struct outcome *outcomes)
{
	*p = (struct smtp_paths){ .env = env };
	prepare_reverse(p, rules, outcomes);
	for (size_t i = 0; i < env->n; i++)
		if (outcomes[i].kind == OUTCOME_WAITING)
			prepare_forward(p, rules, i, &outcomes[i]);
	p->utf8 |= rules->smtputf8 && header_needs_utf8(&message->header);
}

void
smtp_paths_prepare(struct smtp_paths *p, const struct session *s,
    const struct envelope *env, const struct message *message,
    struct outcome *outcomes)
{
	struct smtp_paths_rules	rules = {
		.prefix = s->options->prefix,
		.smtputf8 = (s->extensions & EXT_SMTPUTF8) != 0,
		.unchanged = s->options->unchanged,
	};

	smtp_paths_prepare_by(p, &rules, env, message, outcomes);
}

const char *
smtp_paths_reverse(const struct smtp_paths *p)
{
	return p->reverse != NULL ? p->reverse : p->env->reverse_path;
}

const char *
smtp_paths_forward(const struct smtp_paths *p, size_t i)
{
	if (p->forward != NULL && p->forward[i] != NULL)
		return p->forward[i];
	return p->env->forward[i].path;
}

void
smtp_paths_free(struct smtp_paths *p)
{
	free(p->reverse);
	for (size_t i = 0; p->forward != NULL && i < p->env->n; i++)
		free(p->forward[i]);
	free(p->forward);
	*p = (struct smtp_paths){ 0 };
}
