#include "relay/prepare.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "mail/address.h"
#include "mail/complete.h"
#include "mail/recipients.h"
#include "util/buffer.h"
#include "util/memory.h"

static bool
add_from_header(const struct preparation *p, struct envelope *env,
    const struct header *h, struct failure *why)
{
	struct address_list	list = { 0 };
	struct buffer		path = { 0 };
	bool			good = recipients_from_header(&list, h, why);

	for (size_t i = 0; i < list.n; i++) {
		buffer_clear(&path);
		address_write(&path, &list.address[i]);
		envelope_add(env, path.data)->notify = p->notify;
	}
	buffer_free(&path);
	address_list_free(&list);
	return good;
}

static bool
gather_recipients(const struct preparation *p, struct envelope *env,
    const struct header *h, struct failure *why)
{
	uint64_t	max = config_number(p->config, NULL,
			    KEY_RECIPIENT_LIMIT);

	if (p->from_header && !add_from_header(p, env, h, why))
		return false;
	if (env->n == 0)
		return failed(why, EX_USAGE, "no recipients: there is no "
		    "address in the To, Cc and Bcc fields");
	envelope_unique(env);
	if (max > 0 && env->n > max)
		return failed(why, EX_USAGE, "%zu recipients are more than "
		    "recipient_limit = %llu allows", env->n,
		    (unsigned long long)max);
	return true;
}

/* A bare name gets our domain; the caller frees. */
static char *
qualify(const struct preparation *p, const char *path)
{
	struct buffer	whole = { 0 };

	buffer_add_text(&whole, path);
	if (strrchr(path, '@') == NULL && path[0] != '\0')
		buffer_addf(&whole, "@%s", p->me->domain);
	return buffer_take(&whole);
}

static void
qualify_recipients(const struct preparation *p, struct envelope *env)
{
	for (size_t i = 0; i < env->n; i++) {
		char	*whole = qualify(p, env->forward[i].path);

		free(env->forward[i].path);
		env->forward[i].path = whole;
	}
	envelope_unique(env);
}

static void
choose_sender(const struct preparation *p, struct envelope *env)
{
	const char	*from = config_text(p->config, NULL, KEY_FROM);
	char		*path;

	if (env->reverse_path != NULL)
		path = qualify(p, env->reverse_path);
	else if (from != NULL)
		path = memory_copy(from);
	else
		path = qualify(p, p->me->user);
	envelope_set_reverse(env, path);
	free(path);
}

static void
complete(const struct preparation *p, const struct envelope *env,
    struct header *h)
{
	struct buffer		mailer_daemon = { 0 };
	const char		*from = env->reverse_path;
	const char		*domain;
	struct completion	completion = { .now = time(NULL) };

	buffer_addf(&mailer_daemon, "MAILER-DAEMON@%s", p->me->domain);
	completion.from = from[0] != '\0' ? from : mailer_daemon.data;
	completion.name = p->full_name != NULL ? p->full_name : p->me->name;
	if (from[0] == '\0')
		completion.name = NULL;
	domain = strrchr(completion.from, '@');
	completion.id_domain = domain != NULL ? domain + 1 : p->me->domain;
	header_complete(h, &completion);
	buffer_free(&mailer_daemon);
}

bool
prepare(const struct preparation *p, struct envelope *env,
    struct message *message, struct outcome **outcomes, struct failure *why)
{
	*outcomes = NULL;
	if (!gather_recipients(p, env, &message->header, why))
		return false;
	qualify_recipients(p, env);
	choose_sender(p, env);
	complete(p, env, &message->header);
	*outcomes = memory_new(env->n, sizeof(**outcomes));
	return true;
}
