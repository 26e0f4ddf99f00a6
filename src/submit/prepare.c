#include "submit/prepare.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "mail/address.h"
#include "mail/complete.h"
#include "mail/recipients.h"
#include "mail/rewrite.h"
#include "submit/header_rules.h"
#include "submit/local_names.h"
#include "submit/sender.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/memory.h"

/* A message, its envelope, and the settings that apply to its sender. */
struct prepare_state {
	const struct prepare_options	*options;
	struct config_subject		 subject;
	struct sender			 sender;
	struct envelope			*env;
	struct message			*message;
	struct recipients		 found;		/* in the header */
};

static bool
collect_recipients(struct prepare_state *s, struct failure *why)
{
	const struct prepare_options	*o = s->options;
	struct recipients		*found = &s->found;
	struct buffer			 path = { 0 };

	if ((o->from_header || o->bad_from_header) &&
	    !recipients_from_header(found, &s->message->header,
	    &o->local_names->rules.names, why))
		return false;
	for (size_t i = 0; o->from_header && i < found->good.n; i++) {
		buffer_clear(&path);
		address_write(&path, &found->good.address[i]);
		envelope_add(s->env, path.data)->notify = o->notify;
	}
	buffer_free(&path);
	if (s->env->n == 0 && found->n_bad == 0)
		return failed(why, EX_USAGE, "no recipients: the To, Cc and "
		    "Bcc fields contain no address");
	if (o->map == NULL)
		envelope_unique(s->env);
	return true;
}

/* The address that selects a [from] section; freed by the caller. */
static char *
subject_from(const struct prepare_options *o, const char *reverse_path)
{
	struct buffer	path = { 0 };
	struct address	a;
	struct failure	ignored;

	if (reverse_path == NULL) {
		buffer_addf(&path, "%s@%s", o->me->user, o->me->domain);
	} else if (address_parse_path(&a, reverse_path, strlen(reverse_path),
	    &ignored)) {
		local_names_write(o->local_names, &a, &path);
		address_free(&a);
	}
	return buffer_take(&path);
}

/* The setting redirect_all for the sender, or for the subject of a bounce. */
static const struct setting *
find_redirect(const struct prepare_state *s)
{
	const struct prepare_options	*o = s->options;
	struct config_subject		 about = { .from = o->about,
					    .user = s->subject.user };
	const struct setting		*set;

	set = config_find(o->config, &s->subject, KEY_REDIRECT_ALL);
	if (set == NULL && o->about != NULL)
		set = config_find(o->config, &about, KEY_REDIRECT_ALL);
	return set;
}

static bool
prepare_envelope(struct prepare_state *s, struct outcome **outcomes,
    struct failure *why)
{
	const struct prepare_options	*o = s->options;
	const struct setting		*redirect = find_redirect(s);
	const struct setting		*bcc = config_find(o->config,
					    &s->subject, KEY_ALWAYS_BCC);
	struct expand_options		 expand = {
		.local_names = o->local_names,
		.bad = &s->found,
		.redirect = redirect != NULL ? redirect->value : NULL,
		.bcc = bcc != NULL ? bcc->value : NULL,
		.max = config_number(o->config, NULL, KEY_RECIPIENT_LIMIT),
	};
	char				*path;

	if (o->origins != NULL) {
		o->origins->redirect = redirect;
		o->origins->bcc = redirect == NULL ? bcc : NULL;
	}
	if (redirect != NULL)
		header_rules_add_original_to(s->message, s->env);
	if (!expand_recipients(&expand, s->env, outcomes, o->map, why))
		return false;
	path = sender_path(&s->sender, s->env->reverse_path, o->me->user);
	envelope_set_reverse(s->env, path);
	free(path);
	return true;
}

/*
 * Replaces a local name in a recipient field with its address, if it has
 * exactly one.  A name with several addresses gets our domain, so that the
 * addresses are not disclosed.  A name that cannot be resolved gets our domain,
 * so that the field is valid.  Text that cannot be a local name stays.
 */
static bool
replace_recipient(void *context, const struct address *a, struct buffer *to)
{
	struct local_names	*names = context;
	struct address_list	 list = { 0 };
	struct failure		 ignored;
	bool			 found;

	if (!local_names_is_local(names, a))
		return false;
	found = local_names_resolve(names, a->local, &list, &ignored);
	if (found && list.n == 1)
		address_write(to, &list.address[0]);
	else if (found || local_name_is_possible(a->local))
		local_names_write(names, a, to);
	address_list_free(&list);
	return to->len > 0;
}

static void
rewrite_recipient_fields(struct header *h, struct local_names *local_names)
{
	static const char *const	names[] = { "To", "Cc", "Reply-To",
		"Resent-To", "Resent-Cc", "Resent-Reply-To" };

	for (size_t i = 0; i < h->n; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (!h->field[i].is_final &&
			    field_is(&h->field[i], names[k]))
				field_rewrite(&h->field[i], replace_recipient,
				    local_names);
}

static void
add_missing_fields(struct prepare_state *s, time_t now)
{
	const struct identity	*me = s->options->me;
	const char		*full_name = s->options->full_name;
	char			*from = sender_of_field(&s->sender,
				    s->env->reverse_path);
	const char		*domain = strrchr(from, '@');
	struct completion	 completion = {
		.now = now,
		.from = from,
		.name = full_name != NULL ? full_name : me->name,
		.id_domain = domain != NULL ? domain + 1 : me->domain,
	};

	if (s->env->reverse_path[0] == '\0')
		completion.name = NULL;
	header_complete(&s->message->header, &completion);
	free(from);
}

bool
prepare_message(const struct prepare_options *options, struct envelope *env,
    struct message *message, struct outcome **outcomes, struct failure *why)
{
	struct prepare_state	 s = { .options = options, .env = env,
				    .message = message };
	const struct config	*config = options->config;
	struct header		*h = &message->header;
	time_t			 now = clock_now();
	char			*from = NULL;
	bool			 good, has_from;

	*outcomes = NULL;
	good = header_rules_check_loop(h, why) && collect_recipients(&s, why);
	if (!good)
		goto out;
	from = subject_from(options, env->reverse_path);
	s.subject = (struct config_subject){ .from = from,
	    .user = options->me->user };
	if (options->origins != NULL)
		*options->origins = (struct prepare_origins){
			.subject = memory_copy(from),
			.from = config_find(config, &s.subject, KEY_FROM),
			.from_mode = config_find(config, &s.subject,
			    KEY_FROM_MODE),
		};
	if (config_bool(config, &s.subject, KEY_REQUIRETLS) &&
	    env->requiretls == REQUIRETLS_NO)
		env->requiretls = options->about != NULL ?
		    REQUIRETLS_IF_OFFERED : REQUIRETLS_YES;
	sender_begin(&s.sender, config, &s.subject, options->local_names);
	good = prepare_envelope(&s, outcomes, why);
	if (!good)
		goto out;
	header_rules_apply(message, config, &s.subject);
	rewrite_recipient_fields(h, options->local_names);
	sender_fields(&s.sender, h);
	has_from = header_find(h, "From", 0) != NULL;
	add_missing_fields(&s, now);
	if (options->origins != NULL) {
		options->origins->path_rule = s.sender.path_rule;
		options->origins->field_rule = has_from ?
		    s.sender.field_rule : s.sender.added_rule;
	}
	if (config_bool(config, &s.subject, KEY_RECEIVED))
		header_rules_add_received(h, options->me, now);
out:
	recipients_free(&s.found);
	free(from);
	return good;
}

void
prepare_origins_free(struct prepare_origins *o)
{
	free(o->subject);
	*o = (struct prepare_origins){ 0 };
}

bool
prepare_recipient(const struct prepare_options *o, const char *reverse_path,
    const struct address *a, struct failure *why)
{
	struct address_list	 list = { 0 };
	struct config_subject	 subject = { .user = o->me->user };
	char			*from;
	bool			 good;

	if (!local_names_is_local(o->local_names, a))
		return true;
	from = subject_from(o, reverse_path);
	subject.from = from;
	good = config_text(o->config, &subject, KEY_REDIRECT_ALL) != NULL ||
	    local_names_resolve(o->local_names, a->local, &list, why);
	address_list_free(&list);
	free(from);
	return good;
}
