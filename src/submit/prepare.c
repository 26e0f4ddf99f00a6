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
#include "util/memory.h"

static bool
add_from_header(const struct prepare_options *p, struct envelope *env,
    const struct header *h, struct recipients *found, struct failure *why)
{
	struct buffer	path = { 0 };
	bool		good = recipients_from_header(found, h, why);

	for (size_t i = 0; i < found->good.n; i++) {
		buffer_clear(&path);
		address_write(&path, &found->good.address[i]);
		envelope_add(env, path.data)->notify = p->notify;
	}
	buffer_free(&path);
	return good;
}

static bool
gather_recipients(const struct prepare_options *p, struct envelope *env,
    const struct header *h, struct recipients *found, struct failure *why)
{
	if (p->from_header && !add_from_header(p, env, h, found, why))
		return false;
	if (env->n == 0 && found->n_bad == 0)
		return failed(why, EX_USAGE, "no recipients: there is no "
		    "address in the To, Cc and Bcc fields");
	if (p->map == NULL)
		envelope_unique(env);
	return true;
}

/* By whom the sections [from] are chosen; the caller frees. */
static char *
find_subject(const struct prepare_options *p, const char *said)
{
	struct buffer	path = { 0 };
	struct address	a;
	struct failure	ignored;

	if (said == NULL)
		buffer_addf(&path, "%s@%s", p->me->user, p->me->domain);
	else if (address_parse_path(&a, said, strlen(said), &ignored)) {
		local_names_write(p->local_names, &a, &path);
		address_free(&a);
	}
	return buffer_take(&path);
}

/*
 * The recipients' fields: a local name is what it map to, if that is one
 * address.  Who is behind a name that map to several is nobody's business,
 * and one that map nowhere is still to be an address.  Text that can't be a
 * local name stays.
 */
static bool
replace_recipient(void *context, const struct address *a, struct buffer *to)
{
	struct local_names	*d = context;
	struct address_list	 list = { 0 };
	struct failure		 ignored;
	bool			 found;

	if (!local_names_is_local(d, a))
		return false;
	found = local_names_resolve(d, a->local, &list, &ignored);
	if (found && list.n == 1)
		address_write(to, &list.address[0]);
	else if (found || local_name_is_possible(a->local))
		local_names_write(d, a, to);
	address_list_free(&list);
	return to->len > 0;
}

static void
recipient_fields(struct local_names *d, struct header *h)
{
	static const char *const	names[] = { "To", "Cc", "Reply-To",
		"Resent-To", "Resent-Cc", "Resent-Reply-To" };

	for (size_t i = 0; i < h->n; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (field_is(&h->field[i], names[k]))
				field_rewrite(&h->field[i], replace_recipient,
				    d);
}

static void
complete(const struct prepare_options *p, const struct sender *sender,
    const struct envelope *env, struct header *h, time_t now)
{
	char			*from = sender_of_field(sender,
				    env->reverse_path);
	const char		*domain = strrchr(from, '@');
	struct completion	 completion = {
		.now = now,
		.from = from,
		.name = p->full_name != NULL ? p->full_name : p->me->name,
		.id_domain = domain != NULL ? domain + 1 : p->me->domain,
	};

	if (env->reverse_path[0] == '\0')
		completion.name = NULL;
	header_complete(h, &completion);
	free(from);
}

/* A message, its envelope, and the rules that hold for this sender. */
struct work {
	const struct prepare_options	*p;
	struct config_subject		 subject;
	struct sender			 sender;
	struct envelope			*env;
	struct message			*message;
	struct recipients		 found;		/* in the header */
};

static const char *
text_of(const struct work *w, enum config_key key)
{
	return config_text(w->p->config, &w->subject, key);
}

/* Where all mail goes, or NULL; a bounce where its message went, too. */
static const char *
redirection(const struct work *w)
{
	const char		*redirect = text_of(w, KEY_REDIRECT_ALL);
	struct config_subject	 failed = { .from = w->p->about,
				    .user = w->subject.user };

	if (redirect == NULL && w->p->about != NULL)
		redirect = config_text(w->p->config, &failed,
		    KEY_REDIRECT_ALL);
	return redirect;
}

static bool
prepare_envelope(struct work *w, struct outcome **outcomes,
    struct failure *why)
{
	struct expand_options	 rules = {
		.local_names = w->p->local_names,
		.bad = &w->found,
		.redirect = redirection(w),
		.bcc = text_of(w, KEY_ALWAYS_BCC),
		.max = config_number(w->p->config, NULL,
		    KEY_RECIPIENT_LIMIT),
	};
	char			*path;

	if (rules.redirect != NULL)
		header_rules_add_original_to(w->message, w->env);
	if (!expand_recipients(&rules, w->env, outcomes, w->p->map, why))
		return false;
	path = sender_path(&w->sender, w->env->reverse_path, w->p->me->user);
	envelope_set_reverse(w->env, path);
	free(path);
	return true;
}

static void
prepare_header(struct work *w)
{
	struct header	*h = &w->message->header;
	time_t		 now = time(NULL);

	header_rules_apply(w->message, w->p->config, &w->subject);
	recipient_fields(w->p->local_names, h);
	sender_fields(&w->sender, h);
	complete(w->p, &w->sender, w->env, h, now);
	if (config_bool(w->p->config, &w->subject, KEY_RECEIVED))
		header_rules_add_received(h, w->p->me, now);
}

bool
prepare_message(const struct prepare_options *p, struct envelope *env,
    struct message *message, struct outcome **outcomes, struct failure *why)
{
	struct work	 w = { .p = p, .env = env, .message = message };
	char		*from;
	bool		 good;

	*outcomes = NULL;
	if (!header_rules_check_loop(&message->header, why) ||
	    !gather_recipients(p, env, &message->header, &w.found, why)) {
		recipients_free(&w.found);
		return false;
	}
	from = find_subject(p, env->reverse_path);
	w.subject = (struct config_subject){ .from = from,
	    .user = p->me->user };
	sender_begin(&w.sender, p->config, &w.subject, p->local_names);
	good = prepare_envelope(&w, outcomes, why);
	if (good)
		prepare_header(&w);
	recipients_free(&w.found);
	free(from);
	return good;
}

bool
prepare_recipient(const struct prepare_options *p, const struct address *a,
    struct failure *why)
{
	struct address_list	list = { 0 };
	bool			good;

	if (config_text(p->config, NULL, KEY_REDIRECT_ALL) != NULL)
		return true;
	good = !local_names_is_local(p->local_names, a) ||
	    local_names_resolve(p->local_names, a->local, &list, why);
	address_list_free(&list);
	return good;
}
