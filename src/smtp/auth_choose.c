#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "smtp/auth_mechanism.h"
#include "util/text.h"
#include "util/visible.h"

#define BLANKS " \t"

struct choice {
	const struct auth_options	*options;
	const struct auth_offer		*offer;
	bool				 binding;	/* is available */
	unsigned			 offered;	/* bits, by row */
	const struct auth_mechanism	*order[AUTH_MECHANISMS];
	size_t				 n;
};

static const struct auth_mechanism *
find_mechanism(const char *name, size_t len)
{
	for (const struct auth_mechanism *m = auth_table; m->name; m++) {
		if (strlen(m->name) == len &&
		    strncasecmp(m->name, name, len) == 0)
			return m;
	}
	return NULL;
}

static unsigned
mechanism_bit(const struct auth_mechanism *m)
{
	return 1u << (m - auth_table);
}

/* The known mechanisms of a list, each once, in the order of the list. */
static size_t
parse_mechanisms(const char *list,
    const struct auth_mechanism *found[AUTH_MECHANISMS])
{
	const char	*name;
	unsigned	 seen = 0;
	size_t		 n = 0, len;

	while ((name = text_next_word(&list, &len)) != NULL) {
		const struct auth_mechanism	*m = find_mechanism(name, len);

		if (m == NULL || (seen & mechanism_bit(m)))
			continue;
		seen |= mechanism_bit(m);
		found[n++] = m;
	}
	return n;
}

static bool
has_binding(const struct auth_offer *offer)
{
	unsigned char		data[TLS_BINDING_MAX];
	enum tls_binding	type;
	bool			has = auth_bind(offer, &type, data) > 0;

	explicit_bzero(data, sizeof(data));
	return has;
}

static void
choice_init(struct choice *c, const struct auth_options *options,
    const struct auth_offer *offer)
{
	const struct auth_mechanism	*found[AUTH_MECHANISMS];
	size_t				 n;

	*c = (struct choice){ .options = options, .offer = offer };
	n = parse_mechanisms(offer->mechanisms, found);
	for (size_t i = 0; i < n; i++) {
		c->offered |= mechanism_bit(found[i]);
		if ((found[i]->needs & AUTH_BINDING) && !c->binding)
			c->binding = has_binding(offer);
	}
	c->n = parse_mechanisms(options->mechanisms != NULL ?
	    options->mechanisms : auth_mechanisms(), c->order);
}

/* Also if the digest of the mechanism is not supported here. */
static bool
offers_binding(const struct auth_offer *offer)
{
	static const char	suffix[] = "-PLUS";
	const size_t		n = sizeof(suffix) - 1;
	const char		*list = offer->mechanisms, *name;
	size_t			 len;

	while ((name = text_next_word(&list, &len)) != NULL)
		if (len > n && strncasecmp(name + len - n, suffix, n) == 0)
			return true;
	return false;
}

bool
auth_misses_binding(const struct auth_options *options,
    const struct auth_offer *offer)
{
	struct choice	c;

	if (offers_binding(offer) && !offer->plus_refused)
		return false;
	choice_init(&c, options, offer);
	for (size_t i = 0; i < c.n; i++)
		if (c.order[i]->needs & AUTH_BINDING)
			return has_binding(offer);
	return false;
}

static bool
sends_secret(const struct auth_mechanism *m)
{
	return (m->needs & (AUTH_PASSWORD | AUTH_TOKEN)) != 0 &&
	    !(m->needs & AUTH_DIGEST);
}

static enum auth_obstacle
obstacle_to(const struct choice *c, const struct auth_mechanism *m)
{
	const struct auth_options	*o = c->options;
	bool				 automatic = o->mechanisms == NULL;

	if (automatic && (m->needs & AUTH_PASSWORD) && o->token != NULL)
		return AUTH_OBSTACLE_TOKEN;
	if (automatic && (m->needs & AUTH_CERTIFICATE) && !o->certificate)
		return AUTH_OBSTACLE_NO_CERTIFICATE;
	if ((m->needs & AUTH_TOKEN) && o->token == NULL)
		return AUTH_OBSTACLE_NO_TOKEN;
	if ((m->needs & AUTH_PASSWORD) && o->password == NULL)
		return AUTH_OBSTACLE_NO_PASSWORD;
	if ((m->needs & AUTH_USER) && o->user == NULL)
		return AUTH_OBSTACLE_NO_USER;
	if ((m->needs & AUTH_BINDING) && !c->binding)
		return AUTH_OBSTACLE_NO_BINDING;
	if (!automatic) {
		for (size_t i = 0; i < c->n; i++)
			if (c->order[i] == m)
				return AUTH_OBSTACLE_NONE;
		return AUTH_OBSTACLE_NOT_NAMED;
	}
	if ((m->needs & AUTH_NAMING) || ((m->needs & AUTH_CERTIFICATE) &&
	    (o->password != NULL || o->token != NULL)))
		return AUTH_OBSTACLE_NOT_NAMED;
	if (!sends_secret(m))
		return AUTH_OBSTACLE_NONE;
	if (c->offer->tls == NULL)
		return AUTH_OBSTACLE_IN_CLEAR;
	return c->offer->plus_refused ? AUTH_OBSTACLE_NOT_NAMED :
	    AUTH_OBSTACLE_NONE;
}

bool
auth_sends_secret(const struct auth *a)
{
	return sends_secret(a->mechanism);
}

/* The first usable mechanism, or the first one after 'refused'. */
static const char *
first_usable(const struct choice *c, const struct auth_mechanism *refused)
{
	bool	on = refused == NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct auth_mechanism	*m = c->order[i];

		if (on && (c->offered & mechanism_bit(m)) &&
		    obstacle_to(c, m) == AUTH_OBSTACLE_NONE &&
		    !(c->offer->secret_refused && sends_secret(m)))
			return m->name;
		on = on || m == refused;
	}
	return NULL;
}

const char *
auth_choose(const struct auth_options *options, const struct auth_offer *offer,
    struct failure *why)
{
	struct choice	 c;
	const char	*name, *offered = offer->mechanisms;
	char		 shown[300];
	size_t		 len;

	if (offer->tls == NULL && !options->in_clear) {
		failed(why, EX_NOPERM,
		    "credentials are not sent in clear text");
		why->cause = AUTH_CAUSE_IN_CLEAR;
		return NULL;
	}
	choice_init(&c, options, offer);
	name = first_usable(&c, NULL);
	if (name != NULL)
		return name;
	offered += strspn(offered, BLANKS);
	if (*offered == '\0' && offer->tls == NULL) {
		failed(why, EX_NOPERM, "the server does not offer AUTH "
		    "without TLS");
		why->cause = AUTH_CAUSE_NOT_IN_CLEAR;
		return NULL;
	}
	if (*offered == '\0') {
		failed(why, EX_NOPERM, "the server does not offer AUTH on "
		    "this port");
		why->cause = AUTH_CAUSE_NOT_OFFERED;
		return NULL;
	}
	len = strlen(offered);
	while (len > 0 && strchr(BLANKS, offered[len - 1]) != NULL)
		len--;
	failed(why, EX_NOPERM, "the server offers only %s",
	    visible(shown, sizeof(shown), offered, len));
	if (c.offered == 0)
		failure_suffix(why, "; relais supports %s", auth_mechanisms());
	why->cause = AUTH_CAUSE_NO_MECHANISM;
	return NULL;
}

const char *
auth_choose_after(const struct auth_options *options,
    const struct auth_offer *offer, const char *refused)
{
	const struct auth_mechanism	*last;
	struct choice			 c;

	last = find_mechanism(refused, strlen(refused));
	if (last == NULL || (offer->tls == NULL && !options->in_clear))
		return NULL;
	choice_init(&c, options, offer);
	return first_usable(&c, last);
}

void
auth_list_obstructed(const struct auth_options *options,
    const struct auth_offer *offer, enum auth_obstacle obstacle,
    struct buffer *names)
{
	struct choice	 c;
	const char	*separator = "";

	choice_init(&c, options, offer);
	for (const struct auth_mechanism *m = auth_table; m->name; m++) {
		if (!(c.offered & mechanism_bit(m)) ||
		    obstacle_to(&c, m) != obstacle)
			continue;
		buffer_addf(names, "%s%s", separator, m->name);
		separator = ", ";
	}
}
