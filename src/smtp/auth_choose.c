#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "smtp/auth_mechanism.h"
#include "util/visible.h"

#define BLANKS " \t"

/* The reason why a mechanism cannot be used. */
enum obstacle {
	NO_OBSTACLE,
	LACKS_TOKEN,
	LACKS_PASSWORD,
	LACKS_USER,
	LACKS_CERTIFICATE,
	LACKS_BINDING,
	HAS_TOKEN,		/* and a password is then not sent */
	NOT_NAMED,
	NOT_NAMED_IN_CLEAR,	/* it sends the secret, without TLS */
	OBSTACLES
};

/* The remedy for each obstacle; the names of the mechanisms follow. */
static const char *const remedies[OBSTACLES] = {
	[LACKS_TOKEN]		= "set token_command for",
	[LACKS_PASSWORD]	= "set user and password_file for",
	[LACKS_USER]		= "set user for",
	[LACKS_CERTIFICATE]	= "set tls_certificate for",
	[LACKS_BINDING]		= "TLS 1.3 is required for",
	[HAS_TOKEN]		= "set password_file, not token_command, for",
	[NOT_NAMED]		= "auth must name",
	[NOT_NAMED_IN_CLEAR]	= "without TLS, auth must name",
};

struct choice {
	const struct auth_options	*options;
	bool				 encrypted;
	bool				 binding;	/* is available */
	unsigned			 offered;	/* bits, by row */
	const struct auth_mechanism	*order[AUTH_MECHANISMS];
	size_t				 n;
};

/* Moves *at to the next word; returns its length, 0 at the end. */
static size_t
next_word(const char **at)
{
	*at += strspn(*at, BLANKS);
	return strcspn(*at, BLANKS);
}

static const struct auth_mechanism *
mechanism_by_name(const char *name, size_t len)
{
	for (const struct auth_mechanism *m = auth_table; m->name; m++) {
		if (strlen(m->name) == len &&
		    strncasecmp(m->name, name, len) == 0)
			return m;
	}
	return NULL;
}

static unsigned
bit(const struct auth_mechanism *m)
{
	return 1u << (m - auth_table);
}

/* The known mechanisms of a list, each once, in the order of the list. */
static size_t
parse_list(const char *list,
    const struct auth_mechanism *found[AUTH_MECHANISMS])
{
	unsigned	seen = 0;
	size_t		n = 0;

	for (size_t len; (len = next_word(&list)) > 0; list += len) {
		const struct auth_mechanism	*m;

		m = mechanism_by_name(list, len);
		if (m == NULL || (seen & bit(m)))
			continue;
		seen |= bit(m);
		found[n++] = m;
	}
	return n;
}

static void
choice_init(struct choice *c, const struct auth_options *options,
    const char *offered, const struct tls_module *module, struct tls *tls)
{
	const struct auth_mechanism	*found[AUTH_MECHANISMS];
	unsigned char			 binding[TLS_BINDING_SIZE];
	size_t				 n = parse_list(offered, found);

	*c = (struct choice){ .options = options, .encrypted = tls != NULL };
	for (size_t i = 0; i < n; i++) {
		c->offered |= bit(found[i]);
		if (found[i]->needs & AUTH_BINDING)
			c->binding = tls != NULL && module != NULL &&
			    module->channel_binding(tls, binding);
	}
	c->n = parse_list(options->mechanisms != NULL ? options->mechanisms :
	    auth_mechanisms(), c->order);
	explicit_bzero(binding, sizeof(binding));
}

static enum obstacle
obstacle_to_any(const struct choice *c, const struct auth_mechanism *m)
{
	const struct auth_options	*o = c->options;

	if ((m->needs & AUTH_TOKEN) && o->token == NULL)
		return LACKS_TOKEN;
	if ((m->needs & AUTH_PASSWORD) && o->password == NULL)
		return LACKS_PASSWORD;
	if ((m->needs & AUTH_USER) && o->user == NULL)
		return LACKS_USER;
	if ((m->needs & AUTH_BINDING) && !c->binding)
		return LACKS_BINDING;
	return NO_OBSTACLE;
}

/* The mechanism sends the password or the token itself. */
static bool
sends_secret(const struct auth_mechanism *m)
{
	return m->needs & (AUTH_PASSWORD | AUTH_TOKEN) &&
	    !(m->needs & AUTH_DIGEST);
}

static enum obstacle
obstacle_to_auto(const struct choice *c, const struct auth_mechanism *m)
{
	const struct auth_options	*o = c->options;

	if ((m->needs & AUTH_PASSWORD) && o->token != NULL)
		return HAS_TOKEN;
	if ((m->needs & AUTH_CERTIFICATE) && !o->certificate)
		return LACKS_CERTIFICATE;
	if ((m->needs & AUTH_CERTIFICATE) &&
	    (o->password != NULL || o->token != NULL))
		return NOT_NAMED;
	if (m->needs & AUTH_NAMING)
		return NOT_NAMED;
	if (!c->encrypted && sends_secret(m))
		return NOT_NAMED_IN_CLEAR;
	return NO_OBSTACLE;
}

static enum obstacle
obstacle_to_named(const struct choice *c, const struct auth_mechanism *m)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->order[i] == m)
			return NO_OBSTACLE;
	}
	return NOT_NAMED;
}

static enum obstacle
obstacle(const struct choice *c, const struct auth_mechanism *m)
{
	enum obstacle	o;

	if (c->options->mechanisms != NULL)
		o = obstacle_to_named(c, m);
	else
		o = obstacle_to_auto(c, m);
	/* Credentials come first: without them, auth need not be set. */
	if (o == NO_OBSTACLE || o == NOT_NAMED || o == NOT_NAMED_IN_CLEAR) {
		enum obstacle	any = obstacle_to_any(c, m);

		if (any != NO_OBSTACLE)
			return any;
	}
	return o;
}

static const char *
first_usable(const struct choice *c, const struct auth_mechanism *refused)
{
	bool	on = refused == NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct auth_mechanism	*m = c->order[i];

		if (on && (c->offered & bit(m)) &&
		    obstacle(c, m) == NO_OBSTACLE)
			return m->name;
		on = on || m == refused;
	}
	return NULL;
}

static void
add_remedy(const struct choice *c, enum obstacle what, struct failure *why)
{
	bool	first = true;

	for (const struct auth_mechanism *m = auth_table; m->name; m++) {
		if (!(c->offered & bit(m)) || obstacle(c, m) != what)
			continue;
		if (first)
			failure_suffix(why, "; %s", remedies[what]);
		failure_suffix(why, "%s %s", first ? "" : ",", m->name);
		first = false;
	}
}

/* Fills in *why if no mechanism is usable. */
static void
no_mechanism(const struct choice *c, const char *offered, bool clear,
    struct failure *why)
{
	char	text[300];
	size_t	len;

	offered += strspn(offered, BLANKS);
	if (*offered == '\0' && clear) {
		failed(why, EX_NOPERM, "the server does not offer AUTH "
		    "without TLS");
		why->cause = AUTH_CAUSE_NOT_IN_CLEAR;
		return;
	}
	if (*offered == '\0') {
		failed(why, EX_NOPERM, "the server does not offer AUTH on "
		    "this port");
		why->cause = AUTH_CAUSE_NOT_OFFERED;
		return;
	}
	len = strlen(offered);
	while (len > 0 && strchr(BLANKS, offered[len - 1]) != NULL)
		len--;
	visible(text, sizeof(text), offered, len);
	failed(why, EX_NOPERM, "the server offers only %s", text);
	if (c->options->mechanisms != NULL) {
		visible(text, sizeof(text), c->options->mechanisms,
		    strlen(c->options->mechanisms));
		failure_suffix(why, "; auth allows only %s", text);
	}
	if (c->offered == 0)
		failure_suffix(why, "; relais supports %s", auth_mechanisms());
	for (int what = NO_OBSTACLE + 1; what < OBSTACLES; what++)
		add_remedy(c, (enum obstacle)what, why);
}

const char *
auth_choose(const struct auth_options *options, const char *offered,
    const struct tls_module *module, struct tls *tls, struct failure *why)
{
	struct choice	 c;
	const char	*name;

	if (tls == NULL && !options->in_clear) {
		failed(why, EX_NOPERM,
		    "credentials are not sent in clear text");
		why->cause = AUTH_CAUSE_IN_CLEAR;
		return NULL;
	}
	choice_init(&c, options, offered, module, tls);
	name = first_usable(&c, NULL);
	if (name == NULL)
		no_mechanism(&c, offered, tls == NULL, why);
	return name;
}

const char *
auth_choose_after(const struct auth_options *options, const char *offered,
    const char *refused, const struct tls_module *module, struct tls *tls)
{
	const struct auth_mechanism	*last;
	struct choice			 c;

	last = mechanism_by_name(refused, strlen(refused));
	if (last == NULL || (tls == NULL && !options->in_clear))
		return NULL;
	choice_init(&c, options, offered, module, tls);
	return first_usable(&c, last);
}
