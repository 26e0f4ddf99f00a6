#include "submit/header_rules.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "mail/complete.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/visible.h"

static bool
is_8bit(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text > 127)
			return true;
	return false;
}

/* Whether a field has the name in context: "Name" or "Name: value". */
static bool
has_name_of(const struct field *f, const void *context)
{
	const char	*line = context;
	size_t		 len = strcspn(line, ":");

	return f->name_len == len && strncasecmp(f->text, line, len) == 0;
}

static void
remove_field(struct message *m, const char *line)
{
	header_remove_if(&m->header, has_name_of, line);
}

static void
add_field(struct message *m, const char *line)
{
	size_t	 name_len = strcspn(line, ":");
	char	*name = memory_copy_n(line, name_len);

	line += name_len + 1;
	header_addf(&m->header, name, "%s", line + strspn(line, " \t"));
	m->header_8bit |= is_8bit(line);
	free(name);
}

/* Calls edit() with each line of a key, in the order of the file. */
static void
for_each_line(struct message *m, const struct setting *set,
    void (*edit)(struct message *, const char *))
{
	size_t			  n;
	const struct setting	**all = config_in_order(set, &n);

	for (size_t i = 0; i < n; i++)
		edit(m, all[i]->value);
	free(all);
}

void
header_rules_apply(struct message *m, const struct config *config,
    const struct config_subject *subject)
{
	const struct setting	*set = config_find(config, subject,
				    KEY_HEADER_SET);

	for_each_line(m, config_find(config, subject, KEY_HEADER_REMOVE),
	    remove_field);
	for_each_line(m, set, remove_field);
	for_each_line(m, set, add_field);
	for_each_line(m, config_find(config, subject, KEY_HEADER_ADD),
	    add_field);
}

void
header_rules_add_original_to(struct message *m, const struct envelope *env)
{
	struct buffer	list = { 0 };

	for (size_t i = 0; i < env->n; i++) {
		buffer_add_text(&list, i > 0 ? ",\r\n " : "");
		buffer_add_text(&list, env->forward[i].path);
		m->header_8bit |= is_8bit(env->forward[i].path);
	}
	header_addf(&m->header, "X-Original-To", "%s", list.data);
	buffer_free(&list);
}

bool
header_rules_check_loop(const struct header *h, struct failure *why)
{
	size_t	n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += field_is(&h->field[i], "Received");
	if (n <= RECEIVED_MAX)
		return true;
	return failed(why, EX_UNAVAILABLE, "mail loop: the message has %zu "
	    "Received fields, more than the limit of %d", n, RECEIVED_MAX);
}

void
header_rules_add_received(struct header *h, const struct identity *me,
    time_t now)
{
	struct buffer	date = { 0 };
	char		user[80];

	visible(user, sizeof(user), me->user, strlen(me->user));
	/* The user name is in a comment (RFC 5322 section 3.2.2). */
	for (char *c = user; *c != '\0'; c++)
		if (strchr("()\\", *c) != NULL)
			*c = '_';
	date_write(&date, now);
	header_addf(h, "Received", "by %s (relais, from user %s); %s",
	    me->host, user, date.data);
	header_to_front(h);
	buffer_free(&date);
}
