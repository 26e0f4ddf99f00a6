#include "cli/route_command.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/items.h"
#include "cli/report.h"
#include "cli/send.h"
#include "config/identity.h"
#include "config/section.h"
#include "mail/rewrite.h"
#include "relay/dial.h"
#include "relay/endpoints.h"
#include "relay/mechanism_list.h"
#include "relay/route.h"
#include "relay/tls_policy.h"
#include "submit/prepare.h"
#include "submit/service.h"
#include "submit/spool_config.h"
#include "util/memory.h"

struct alias_line {
	char	*name;
	char	*to;
	char	*origin;
};

struct route_request {
	const struct config	*config;
	struct items		 items;
	struct identity		 me;		/* the user who submits */
	const char		*user;		/* --user, or NULL */
	struct envelope		 sender;	/* only the path of -f */
	struct address_list	 to;
	struct local_names	 local_names;
	struct alias_line	*alias;		/* of one address */
	size_t			 n_alias;
	size_t			 cap_alias;
};

/*
 * The message: aliases, sections, sender.
 */

static const char *
origin_of(const struct setting *set)
{
	return set != NULL ? set->origin : "default";
}

/* For struct alias_trace. */
static void
note_alias(void *context, const struct alias_step *step)
{
	struct route_request	*r = context;
	struct buffer		 origin = { 0 };

	switch (step->rule) {
	case ALIAS_BY_LINE:
		buffer_addf(&origin, "%s:%u", r->local_names.aliases.path,
		    step->line);
		break;
	case ALIAS_BY_ROOT:
		buffer_addf(&origin, "root, %s",
		    origin_of(config_find(r->config, NULL, KEY_ROOT)));
		break;
	case ALIAS_BY_DOMAIN:
		buffer_addf(&origin, "domain, %s",
		    origin_of(config_find(r->config, NULL, KEY_DOMAIN)));
		break;
	}
	r->alias = memory_room(r->alias, r->n_alias, &r->cap_alias,
	    sizeof(*r->alias));
	r->alias[r->n_alias++] = (struct alias_line){ memory_copy(step->name),
	    memory_copy(step->to), buffer_take(&origin) };
}

/* Shows the steps and forgets them. */
static void
show_aliases(struct route_request *r)
{
	struct items	*t = &r->items;

	items_open(t, "aliases", '[');
	for (size_t i = 0; i < r->n_alias; i++) {
		struct alias_line	*a = &r->alias[i];
		struct buffer		 text = { 0 };

		buffer_addf(&text, "%s -> %s (%s)", a->name, a->to, a->origin);
		items_line(t, "alias", text.data);
		items_open(t, NULL, '{');
		items_string(t, "name", a->name);
		items_string(t, "to", a->to);
		items_string(t, "origin", a->origin);
		items_close(t, '}');
		buffer_free(&text);
		free(a->name);
		free(a->to);
		free(a->origin);
	}
	items_close(t, ']');
	r->n_alias = 0;
}

static void
show_sections(struct route_request *r, const struct config_subject *subject)
{
	items_open(&r->items, "sections", '[');
	for (const struct section *s = r->config->first; s != NULL;
	    s = s->next) {
		struct buffer	name = { 0 };

		if (s->pattern == NULL || !config_section_matches(s, subject))
			continue;
		buffer_addf(&name, "[%s %s]", section_name(s->kind),
		    s->pattern);
		items_add(&r->items, NULL, "section", name.data, s->origin);
		buffer_free(&name);
	}
	items_close(&r->items, ']');
}

/* Shows a sender and the rule that determined it. */
static void
show_sender(struct route_request *r, const char *name, const char *address,
    enum sender_rule rule, const struct prepare_origins *origins)
{
	struct buffer	origin = { 0 };
	const char	*label = strcmp(name, "from") == 0 ? "From" : "sender";

	switch (rule) {
	case SENDER_UNCHANGED:
		buffer_add_text(&origin, address[0] == '\0' ? "null sender" :
		    "unchanged");
		if (address[0] != '\0' && origins->from != NULL)
			buffer_addf(&origin, " by from, %s, because of "
			    "from_mode, %s", origins->from->origin,
			    origin_of(origins->from_mode));
		break;
	case SENDER_FROM:
		buffer_addf(&origin, "from, %s", origins->from->origin);
		break;
	case SENDER_USER_NAME:
		buffer_add_text(&origin, "the name of the user");
		break;
	case SENDER_DOMAIN:
	case SENDER_USER:
		buffer_addf(&origin, "%s at our domain, %s",
		    rule == SENDER_USER ? "the user" : "local name",
		    r->me.domain_origin);
		break;
	}
	items_add(&r->items, name, label, address[0] != '\0' ? address : "<>",
	    origin.data);
	buffer_free(&origin);
}

/* Shows the From field of the prepared message. */
static void
show_from(struct route_request *r, const struct header *h,
    const struct prepare_origins *origins)
{
	const struct field	*field = header_find(h, "From", 0);
	struct address_list	 list = { 0 };
	struct buffer		 text = { 0 };

	if (field != NULL && field_addresses(field, &list) && list.n > 0) {
		address_write(&text, &list.address[0]);
		show_sender(r, "from", text.data, origins->field_rule,
		    origins);
	}
	buffer_free(&text);
	address_list_free(&list);
}

/*
 * The delivery: smarthosts, TLS, login.
 */

static void
show_way(struct route_request *r, const struct connection *c)
{
	struct dial	d = dial_choose(c);

	if (d.way == DIAL_DIRECT)
		return;
	items_add(&r->items, d.way == DIAL_PROXY ? "proxy" : "connect_command",
	    "through", d.by->value, d.by->origin);
}

static void
show_tls(struct route_request *r, const struct tls_decision *d, bool pinned)
{
	static const struct {
		const char	*name;
		const char	*remark;
		bool		 verified;
	} policies[] = {
		[SESSION_TLS_OFF] = { "off", "everything is sent in clear "
		    "text", false },
		[SESSION_TLS_OPPORTUNISTIC] = { "opportunistic", "without "
		    "verification and login, if the server offers it", false },
		[SESSION_TLS_REQUIRED] = { "required", "after STARTTLS", true },
		[SESSION_TLS_IMPLICIT] = { "implicit", "from the first octet",
		    true },
	};
	struct buffer	text = { 0 };

	items_add(&r->items, "tls", "TLS", policies[d->policy].name,
	    origin_of(d->by));
	buffer_add_text(&text, policies[d->policy].remark);
	if (policies[d->policy].verified)
		buffer_add_text(&text, pinned ? "; the key must match tls_pin" :
		    "; the certificate must be valid");
	items_line(&r->items, "", text.data);
	buffer_free(&text);
}

/* The key, which also concerns the smarthost. */
static void
show_requiretls(struct route_request *r, const struct config_subject *subject)
{
	const struct setting	*set = config_find(r->config, subject,
				    KEY_REQUIRETLS);

	if (set == NULL || strcmp(set->value, "yes") != 0)
		return;
	items_add(&r->items, "requiretls", "REQUIRETLS", set->value,
	    set->origin);
	items_line(&r->items, "", "only to a verified server that offers "
	    "REQUIRETLS");
}

static const char	by_certificate[] =
			    "with the client certificate, if the server offers "
			    "EXTERNAL";

/* Whether a login without a secret is possible (smtp/auth_choose.c). */
static bool
uses_certificate(const struct tls_decision *d)
{
	return d->certificate != NULL && !d->auth_off && (d->auth == NULL ||
	    strcmp(d->auth->value, "auto") == 0 ||
	    mechanism_list_has(d->auth->value, "EXTERNAL"));
}

static void
show_login(struct route_request *r, const struct tls_decision *d,
    const char *url_origin)
{
	const struct credentials_choice	*c = &d->credentials;
	struct items			*t = &r->items;
	struct buffer			 text = { 0 };

	if (d->auth != NULL)
		items_add(t, "auth", "auth", d->auth->value, d->auth->origin);
	if (d->certificate != NULL)
		items_add(t, "certificate", "client",
		    d->certificate->value, d->certificate->origin);
	if (c->user == NULL) {
		items_line(t, "login", uses_certificate(d) ? by_certificate :
		    "none");
		items_string(t, "login", NULL);
		return;
	}
	items_add(t, "login", "login", c->user, c->user_set != NULL ?
	    c->user_set->origin : url_origin);
	if (c->secret == NULL) {
		if (uses_certificate(d))
			items_line(t, "", by_certificate);
		else
			items_line(t, "password", "none: no login without a "
			    "password or token");
		items_string(t, "password", NULL);
		return;
	}
	buffer_add_text(&text, config_key_name(c->key));
	if (!config_is_secret(c->key))
		buffer_addf(&text, " = %s", c->secret->value);
	items_add(t, "password", config_is_token(c->key) ? "token" :
	    "password", text.data, c->secret->origin);
	buffer_free(&text);
}

/* Returns EX_OK, or the status of settings that contradict each other. */
static int
show_smarthost(struct route_request *r, const struct route *route,
    const struct endpoints *e, size_t i)
{
	const struct smarthost_url *host = &e->smarthosts.host[i];
	struct connection	*c = memory_new(1, sizeof(*c));
	struct tls_decision	 d;
	struct buffer		 url = { 0 };
	struct failure		 why = { .status = EX_OK };
	bool			 good;

	connection_begin(c);
	c->config = r->config;
	c->me = &r->me;
	c->subject = route->subject;
	c->smarthost = host;
	items_open(&r->items, NULL, '{');
	smarthost_write(&url, host);
	items_add(&r->items, "smarthost", i == 0 ? "smarthost" : "then",
	    url.data, e->origin);
	if (!smarthost_is_server(host)) {
		if (host->command != NULL)
			items_add(&r->items, "command", "command",
			    host->command, e->origin);
		items_string(&r->items, "login", NULL);
		items_string(&r->items, "error", NULL);
		items_close(&r->items, '}');
		buffer_free(&url);
		free(c);
		return EX_OK;
	}
	if (host->lookup != LOOKUP_ADDRESS) {
		buffer_clear(&url);
		buffer_addf(&url, "the %s records of %s name the hosts",
		    host->lookup == LOOKUP_MX ? "MX" : "SRV", host->host);
		items_line(&r->items, "", url.data);
	}
	show_way(r, c);
	good = dial_check(c, &why) && tls_policy_decide(&d, c, &why);
	if (good) {
		show_tls(r, &d, config_find(r->config, &c->subject,
		    KEY_TLS_PIN) != NULL);
		show_requiretls(r, &c->subject);
		show_login(r, &d, e->origin);
	} else {
		items_line(&r->items, "ERROR", why.text);
	}
	items_string(&r->items, "error", good ? NULL : why.text);
	items_close(&r->items, '}');
	buffer_free(&url);
	free(c);
	return good ? EX_OK : why.status;
}

static int
show_route(struct route_request *r, const struct route *route,
    const struct outcome *outcomes)
{
	struct items		*t = &r->items;
	struct endpoints	 e = { .next = 0 };
	struct failure		 why = { .status = EX_OK };
	bool			 good;
	int			 status = EX_OK;

	if (!t->json)
		buffer_add_byte(&t->out, '\n');
	items_open(t, NULL, '{');
	items_open(t, "to", '[');
	for (size_t i = 0; i < route->envelope.n; i++) {
		const char	*path = route->envelope.forward[i].path;
		size_t		 place = route->place != NULL ?
				    route->place[i] : i;

		if (outcomes[place].kind != OUTCOME_WAITING)
			continue;
		items_line(t, "to", path);
		items_string(t, NULL, path);
	}
	items_close(t, ']');
	show_sections(r, &route->subject);
	if (route->subject.from[0] == '\0' &&
	    route->envelope.reverse_path[0] != '\0')
		items_add(t, "null_sender", "sender",
		    route->envelope.reverse_path, origin_of(config_find(
		    r->config, &route->subject, KEY_NULL_SENDER)));
	good = endpoints_begin(&e, r->config, &route->subject, &why);
	items_open(t, "smarthosts", '[');
	for (size_t i = 0; i < e.smarthosts.n; i++) {
		int	bad = show_smarthost(r, route, &e, i);

		if (status == EX_OK)
			status = bad;
	}
	items_close(t, ']');
	if (!good) {
		items_line(t, "ERROR", why.text);
		status = why.status;
	}
	items_string(t, "error", good ? NULL : why.text);
	items_close(t, '}');
	endpoints_free(&e);
	return status;
}

/*
 * An address.
 */

/* Shows where deferred mail is kept, and whether the service is used. */
static void
show_queue(struct route_request *r)
{
	struct spool		 spool;
	struct failure		 why = { .status = EX_OK }, ignored;
	const char		*service = service_path(r->config, &ignored);
	bool			 by_service = service != NULL &&
				    access(service, F_OK) == 0;
	enum spool_config	 found = spool_config_examine(&spool,
				    r->config, &why);

	spool_close(&spool);
	if (by_service)
		items_add(&r->items, "service", "service", service,
		    origin_of(config_find(r->config, NULL, KEY_SOCKET)));
	items_add(&r->items, "queue", "queue", config_text(r->config, NULL,
	    KEY_QUEUE), origin_of(config_find(r->config, NULL, KEY_QUEUE)));
	/* It is the service that needs access to the directory. */
	if (by_service || found == SPOOL_CONFIG_OPEN ||
	    found == SPOOL_CONFIG_OFF)
		return;
	if (why.status == EX_OK)
		spool_config_is_new(r->config, &why);
	items_line(&r->items, "", why.text);
}

/* Shows what is refused, and the route of the other recipients. */
static int
show_delivery(struct route_request *r, const struct envelope *env,
    const struct outcome *outcomes)
{
	struct route_list	routes;
	int			status = EX_OK;

	items_open(&r->items, "refused", '[');
	for (size_t i = 0; i < env->n; i++)
		if (outcomes[i].kind == OUTCOME_FAILED) {
			items_add(&r->items, NULL, "refused",
			    env->forward[i].path,
			    outcome_text(&outcomes[i]));
			status = outcomes[i].status;
		}
	items_close(&r->items, ']');
	items_open(&r->items, "routes", '[');
	route_list_make(&routes, r->config, r->me.user, env, outcomes);
	for (size_t i = 0; i < routes.n; i++) {
		int	bad = show_route(r, &routes.route[i], outcomes);

		if (status == EX_OK)
			status = bad;
	}
	route_list_free(&routes);
	items_close(&r->items, ']');
	return status;
}

/* Shows one address, and returns its exit status. */
static int
show_address(struct route_request *r, const struct address *a)
{
	struct items		*t = &r->items;
	struct envelope		 env = { .n = 0 };
	struct message		 message = { .body.fd = -1 };
	struct prepare_origins	 origins = { .subject = NULL };
	struct prepare_options	 p = {
		.config = r->config,
		.me = &r->me,
		.local_names = &r->local_names,
		.origins = &origins,
	};
	struct outcome		*outcomes = NULL;
	struct buffer		 path = { 0 };
	struct failure		 why = { .status = EX_OK };
	bool			 good;
	int			 status = EX_OK;

	address_write(&path, a);
	envelope_add(&env, path.data);
	if (r->sender.reverse_path != NULL)
		envelope_set_reverse(&env, r->sender.reverse_path);
	if (env.reverse_path != NULL && env.reverse_path[0] != '\0')
		header_addf(&message.header, "From", "%s", env.reverse_path);
	good = prepare_message(&p, &env, &message, &outcomes, &why);
	if (!t->json)
		buffer_addf(&t->out, "%s%s\n", t->out.len > 0 ? "\n" : "",
		    path.data);
	items_open(t, NULL, '{');
	items_string(t, "address", path.data);
	show_aliases(r);
	if (origins.redirect != NULL)
		items_add(t, "redirect_all", "redirect",
		    origins.redirect->value, origins.redirect->origin);
	if (origins.bcc != NULL)
		items_add(t, "always_bcc", "copy", origins.bcc->value,
		    origins.bcc->origin);
	show_sections(r, &(struct config_subject){ .from = origins.subject,
	    .user = r->me.user });
	if (good) {
		show_sender(r, "sender", env.reverse_path, origins.path_rule,
		    &origins);
		show_from(r, &message.header, &origins);
		show_queue(r);
		status = show_delivery(r, &env, outcomes);
	} else {
		status = why.status;
		items_line(t, "ERROR", why.text);
	}
	items_number(t, "status", status);
	items_string(t, "error", good ? NULL : why.text);
	items_close(t, '}');
	prepare_origins_free(&origins);
	outcome_list_free(outcomes, env.n);
	envelope_free(&env);
	message_free(&message);
	buffer_free(&path);
	return status;
}

/*
 * The command.
 */

static bool
parse_request(struct route_request *r, const struct options *o,
    struct failure *why)
{
	const char	*sender = o->sender;

	for (int i = 1; i < o->n_arguments; i++) {
		const char	*word = o->arguments[i];
		const char	*next = o->arguments[i + 1];

		if (strcmp(word, "--json") == 0)
			r->items.json = true;
		else if (strcmp(word, "--user") == 0 && next != NULL)
			r->user = o->arguments[++i];
		else if (strcmp(word, "-f") == 0 && next != NULL)
			sender = strcmp(next, "<>") == 0 ? "" : next, i++;
		else if (word[0] == '-')
			return command_usage("route", why);
		else if (!address_list_parse(&r->to, word, strlen(word),
		    ADDRESS_ARGUMENT, why))
			return false;
	}
	if (r->to.n == 0)
		return command_usage("route", why);
	return send_set_sender(&r->sender, sender, why);
}

/* Fills in .me for --user or for the user of this process. */
static bool
find_user(struct route_request *r, struct failure *why)
{
	const struct passwd	*pw;

	if (r->user == NULL) {
		identity_find(&r->me, r->config);
		return true;
	}
	pw = getpwnam(r->user);
	if (pw == NULL)
		return failed(why, EX_NOUSER, "--user: there is no user %s",
		    r->user);
	identity_find_user(&r->me, r->config, pw->pw_uid, NULL);
	return true;
}

int
route_command(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct route_request		 r = { .config = config };
	const struct alias_trace	 trace = { note_alias, &r };
	struct items			*t = &r.items;
	struct failure			 why;
	int				 status = EX_OK;

	if (!parse_request(&r, options, &why) || !find_user(&r, &why)) {
		status = report_failure(log, options->errors, &why);
		goto out;
	}
	local_names_begin(&r.local_names, config, &r.me);
	r.local_names.rules.trace = &trace;
	items_open(t, NULL, '{');
	items_open(t, "addresses", '[');
	for (size_t i = 0; i < r.to.n; i++) {
		int	bad = show_address(&r, &r.to.address[i]);

		if (status == EX_OK)
			status = bad;
	}
	items_close(t, ']');
	items_close(t, '}');
	items_print(t);
	local_names_end(&r.local_names);
out:
	identity_free(&r.me);
	envelope_free(&r.sender);
	address_list_free(&r.to);
	free(r.alias);
	return status;
}
