#include "cli/options.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "mail/dsn.h"
#include "util/memory.h"
#include "util/visible.h"

enum arity {
	UNKNOWN,
	ALONE,
	VALUE,			/* attached, or the next argument */
	ATTACHED,		/* attached or none: never the next argument */
};

/* Takes one option; false with why. */
typedef bool take_option(struct options *, const char *value, bool administrator,
    struct failure *why);

static bool
nothing(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)o, (void)value, (void)administrator, (void)why;
	return true;
}

/* What goes with sendmail's power over files and queues: not taken up. */
static bool
unsafe(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)value, (void)administrator, (void)why;
	o->ignored = true;
	return true;
}

static bool
refuse(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)o, (void)value, (void)administrator;
	return failed(why, EX_USAGE, "this option is not supported");
}

static bool
take_body_type(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)administrator, (void)why;
	/* A hint that is not needed: the octets themselves tell. */
	if (strcasecmp(value, "7BIT") != 0 &&
	    strcasecmp(value, "8BITMIME") != 0 &&
	    strcasecmp(value, "BINARYMIME") != 0)
		o->warning = "unknown body type behind -B ignored";
	return true;
}

static const struct {
	char		letter;
	enum mode	mode;
} modes[] = {
	{ 'm', MODE_DELIVER },
	{ 'a', MODE_DELIVER },
	{ 's', MODE_SMTP },
	{ 'p', MODE_LIST },
	{ 'P', MODE_COUNT },
	{ 'i', MODE_ALIASES },
	{ 'v', MODE_VERIFY },
	{ 'h', MODE_NOTHING },
	{ 'H', MODE_NOTHING },
};

static bool
take_mode(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	char	shown[40];

	(void)administrator;
	if (strcmp(value, "d") == 0 || strcmp(value, "D") == 0)
		return failed(why, EX_USAGE, "mode -b%s is not supported: "
		    "relais serve runs the queue", value);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (value[0] == modes[i].letter && value[1] == '\0') {
			o->mode = modes[i].mode;
			return true;
		}
	return failed(why, EX_USAGE, "mode -b%s is not supported",
	    visible(shown, sizeof(shown), value, strlen(value)));
}

static bool
take_config(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	if (!administrator)
		return unsafe(o, value, administrator, why);
	o->config_file = value;
	return true;
}

static bool
take_debug(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)administrator, (void)why;
	if (strcmp(value, "0.1") == 0)
		o->print_version = true;
	return true;
}

static bool
take_errors(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)administrator, (void)why;
	o->errors = value[0] == 'q' ? ERRORS_QUIET : ERRORS_PRINTED;
	return true;
}

static bool
take_full_name(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)administrator, (void)why;
	o->full_name = value;
	return true;
}

static bool
take_sender(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)administrator, (void)why;
	o->sender = strcmp(value, "<>") == 0 ? "" : value;
	return true;
}

static bool
take_aliases(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)value, (void)administrator, (void)why;
	o->mode = MODE_ALIASES;
	return true;
}

/* Sendmail's booleans: true where nothing else is said. */
static bool
is_true(const char *value)
{
	return value[0] == '\0' || strchr("tTyY1", value[0]) != NULL;
}

static bool
take_dots(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)value, (void)administrator, (void)why;
	o->ignore_dots = true;
	return true;
}

static bool
take_notify(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)administrator, (void)why;
	if (!dsn_parse_notify(&o->notify, value))
		o->warning = "bad list behind -N ignored";
	return true;
}

static bool
take_return(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)administrator, (void)why;
	if (!dsn_parse_return(&o->ret, value))
		o->warning = "bad value behind -R ignored";
	return true;
}

static bool
take_envid(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)administrator, (void)why;
	if (dsn_is_envid(value))
		o->envid = value;
	else
		o->warning = "-V ignored: the envelope identifier must be "
		    "xtext of at most 100 characters";
	return true;
}

static bool
take_queue(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	if (value[0] != '\0' && strchr("GQL", value[0]) != NULL)
		return failed(why, EX_USAGE, "-q%c is not supported",
		    value[0]);
	/* From a web form's parameters, it would run for ever. */
	if (!administrator && value[0] != '\0' &&
	    strchr("0123456789p", value[0]) != NULL)
		return failed(why, EX_USAGE, "an interval is for relais -q; "
		    "as a service, run relais serve");
	o->mode = MODE_FLUSH;
	o->queue = value;
	return true;
}

static bool
take_recipients(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)value, (void)administrator, (void)why;
	o->from_header = true;
	return true;
}

static bool
take_verbose(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	(void)value, (void)administrator, (void)why;
	o->verbose = true;
	return true;
}

static void
add_override(struct options *o, const char *value)
{
	size_t	n = 0;

	while (o->overrides != NULL && o->overrides[n] != NULL)
		n++;
	o->overrides = memory_resize(o->overrides, n + 2,
	    sizeof(*o->overrides));
	o->overrides[n] = value;
	o->overrides[n + 1] = NULL;
}

static void
take_delivery(struct options *o, const char *value)
{
	if (value[0] == 'b')
		o->delivery = DELIVER_BACKGROUND;
	else if (value[0] == 'q' || value[0] == 'd')
		o->delivery = DELIVER_QUEUE;
	else
		o->delivery = DELIVER_NOW;
}

/* A promise that we can't keep; one that is not asked for is none. */
static bool
take_requiretls(const char *value, struct failure *why)
{
	return !is_true(value) || failed(why, EX_UNAVAILABLE, "REQUIRETLS (RFC "
	    "8689) is not supported, so the message is refused");
}

/* "Name=value" or "Name": the value of that name, "" without one, or NULL. */
static const char *
value_of(const char *setting, const char *name)
{
	size_t	n = strlen(name);

	if (strncasecmp(setting, name, n) != 0)
		return NULL;
	return setting[n] == '=' ? setting + n + 1 :
	    setting[n] == '\0' ? setting + n : NULL;
}

/* -oX: a letter and its value; relais' own -o key=value besides. */
static bool
take_short(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	const char	*promise = value_of(value, "RequireTLS");

	if (promise != NULL)
		return take_requiretls(promise, why);
	if (administrator && strchr(value, '=') != NULL) {
		add_override(o, value);
		return true;
	}
	switch (value[0]) {
	case 'i':
		o->ignore_dots = is_true(value + 1);
		return true;
	case 'd':
		take_delivery(o, value + 1);
		return true;
	case 'e':
		return take_errors(o, value + 1, administrator, why);
	case 'Q':
	case 'A':
	case 'M':
		return unsafe(o, value, administrator, why);
	}
	return true;
}

/* -OName=value: those that mean something here. */
static bool
take_long(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	const char	*x;

	if ((x = value_of(value, "IgnoreDots")) != NULL)
		o->ignore_dots = is_true(x);
	else if ((x = value_of(value, "DeliveryMode")) != NULL)
		take_delivery(o, x);
	else if ((x = value_of(value, "ErrorMode")) != NULL)
		return take_errors(o, x, administrator, why);
	else if ((x = value_of(value, "RequireTLS")) != NULL)
		return take_requiretls(x, why);
	else
		return unsafe(o, value, administrator, why);
	return true;
}

/* In the order of the manual page. */
static const struct {
	char		 letter;
	enum arity	 arity;
	take_option	*take;
} table[] = {
	{ 'A', VALUE,	 nothing },
	{ 'B', VALUE,	 take_body_type },
	{ 'b', VALUE,	 take_mode },
	{ 'C', VALUE,	 take_config },
	{ 'c', ALONE,	 nothing },
	{ 'D', VALUE,	 unsafe },
	{ 'd', ATTACHED, take_debug },
	{ 'E', ATTACHED, nothing },
	{ 'e', VALUE,	 take_errors },
	{ 'F', VALUE,	 take_full_name },
	{ 'f', VALUE,	 take_sender },
	{ 'G', ALONE,	 nothing },
	{ 'h', VALUE,	 nothing },
	{ 'I', ALONE,	 take_aliases },
	{ 'i', ALONE,	 take_dots },
	{ 'J', ATTACHED, nothing },
	{ 'L', VALUE,	 nothing },
	{ 'l', ALONE,	 refuse },
	{ 'M', VALUE,	 nothing },
	{ 'm', ALONE,	 nothing },
	{ 'N', VALUE,	 take_notify },
	{ 'n', ALONE,	 nothing },
	{ 'O', VALUE,	 take_long },
	{ 'o', VALUE,	 take_short },
	{ 'p', VALUE,	 nothing },
	{ 'Q', ATTACHED, refuse },
	{ 'q', ATTACHED, take_queue },
	{ 'R', VALUE,	 take_return },
	{ 'r', VALUE,	 take_sender },
	{ 'S', VALUE,	 refuse },
	{ 's', ALONE,	 nothing },
	{ 'T', ATTACHED, nothing },
	{ 't', ALONE,	 take_recipients },
	{ 'U', ALONE,	 nothing },
	{ 'V', VALUE,	 take_envid },
	{ 'v', ALONE,	 take_verbose },
	{ 'X', VALUE,	 unsafe },
	{ 'x', ALONE,	 nothing },
};

static bool
bad_letter(char letter, struct failure *why)
{
	char	shown[8];

	return failed(why, EX_USAGE, "unknown option -%s",
	    visible(shown, sizeof(shown), &letter, 1));
}

/*
 * One argument that begins with a dash: letters up to one that has a value.
 * *used counts the arguments it took.
 */
static bool
take_cluster(struct options *o, char **argv, int left, bool administrator,
    int *used, struct failure *why)
{
	*used = 1;
	for (const char *c = argv[0] + 1; *c != '\0'; c++) {
		enum arity	 arity = UNKNOWN;
		take_option	*take = NULL;
		const char	*value = "";

		for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
			if (table[i].letter == *c) {
				arity = table[i].arity;
				take = table[i].take;
			}
		if (arity == UNKNOWN)
			return bad_letter(*c, why);
		if (arity == ATTACHED || (arity == VALUE && c[1] != '\0'))
			value = c + 1;
		else if (arity == VALUE && left < 2)
			return failed(why, EX_USAGE,
			    "option -%c needs a value", *c);
		else if (arity == VALUE)
			value = argv[1], *used = 2;
		if (!take(o, value, administrator, why))
			return failure_prefix(why, "-%c: ", *c);
		if (arity != ALONE)
			return true;
	}
	return true;
}

static bool
take_word(struct options *o, const char *word, struct failure *why)
{
	char	shown[80];

	if (strcmp(word, "--version") == 0)
		o->mode = MODE_VERSION;
	else if (strcmp(word, "--help") == 0)
		o->mode = MODE_HELP;
	else
		return failed(why, EX_USAGE, "unknown option %s",
		    visible(shown, sizeof(shown), word, strlen(word)));
	return true;
}

/*
 * The commands of relais.  A command's name is never taken as a recipient;
 * its own arguments follow it in o->arguments.
 */
static const struct {
	const char	*name;
	enum mode	 mode;
} commands[] = {
	{ "config",	MODE_CONFIG },
	{ "queue",	MODE_QUEUE },
	{ "serve",	MODE_SERVE },
};

/* The first argument may be a command; -d0.1 prints the version. */
static void
select_mode(struct options *o, bool administrator)
{
	if (o->mode != MODE_DELIVER || o->from_header)
		return;
	if (o->n_arguments == 0) {
		if (o->print_version)
			o->mode = MODE_VERSION;
		return;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (administrator &&
		    strcmp(o->arguments[0], commands[i].name) == 0)
			o->mode = commands[i].mode;
}

bool
options_parse(struct options *o, int argc, char **argv, bool administrator,
    struct failure *why)
{
	int	i = 1;

	while (i < argc && argv[i][0] == '-') {
		int	used = 1;

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (argv[i][1] == '\0')
			return failed(why, EX_USAGE,
			    "a lone - is neither an option nor a recipient");
		if (!(argv[i][1] == '-' ? take_word(o, argv[i], why) :
		    take_cluster(o, argv + i, argc - i, administrator, &used,
		    why)))
			return false;
		i += used;
	}
	o->arguments = argv + i;
	o->n_arguments = argc - i;
	for (; i < argc; i++)
		if (argv[i][0] == '\0')
			return failed(why, EX_USAGE,
			    "an empty argument is no recipient");
	select_mode(o, administrator);
	return true;
}

void
options_free(struct options *o)
{
	free(o->overrides);
	o->overrides = NULL;
}
