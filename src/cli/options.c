#include "cli/options.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "cli/commands.h"
#include "cli/postqueue.h"
#include "mail/dsn.h"
#include "util/memory.h"
#include "util/visible.h"

/*
 * The options in the notation of getopt(3): ":" requires a value, "::" accepts
 * one only in the same argument.  getopt() itself is not used because it
 * treats "-" and long options differently on different systems.
 */
static const char	option_letters[] = "A:B:b:C:cD:d::E::e:F:f:Gh:IiJ::L:l"
	"M:mN:nO:o:p:Q::q::R:r:S:sT::tUV:vX:x";

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
	{ 'd', MODE_SERVE },
	{ 'D', MODE_SERVE },
};

/* -b */
static bool
set_mode(struct options *o, const char *value, struct failure *why)
{
	char	shown[40];

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (value[0] == modes[i].letter && value[1] == '\0') {
			o->mode = modes[i].mode;
			return true;
		}
	return failed(why, EX_USAGE, "mode %s is not supported",
	    visible(shown, sizeof(shown), value, strlen(value)));
}

/* -q; with -bd, the interval of the service's queue runs. */
static bool
set_queue(struct options *o, const char *value, struct failure *why)
{
	if (value[0] != '\0' && strchr("GQL", value[0]) != NULL)
		return failed(why, EX_USAGE, "value %c is not supported; "
		    "relais has no queue groups and no quarantine",
		    value[0]);
	if (o->mode != MODE_SERVE)
		o->mode = MODE_FLUSH;
	o->queue = value;
	return true;
}

/*
 * An interval without -bd would run forever, and a web form could pass it to
 * sendmail.
 */
static bool
select_timer(struct options *o, bool administrator, struct failure *why)
{
	if (o->mode != MODE_FLUSH || o->queue[0] == '\0' ||
	    strchr("0123456789p", o->queue[0]) == NULL)
		return true;
	o->mode = MODE_TIMER;
	return administrator || failed(why, EX_USAGE, "-q: only relais accepts an "
	    "interval; to run the queue regularly, use relais serve");
}

static void
set_errors(struct options *o, const char *value)
{
	o->errors = value[0] == 'q' ? ERRORS_QUIET : ERRORS_PRINTED;
}

static void
set_delivery(struct options *o, const char *value)
{
	if (value[0] == 'b')
		o->delivery = DELIVER_BACKGROUND;
	else if (value[0] == 'q' || value[0] == 'd')
		o->delivery = DELIVER_QUEUE;
	else
		o->delivery = DELIVER_NOW;
}

/* A boolean as Sendmail writes it; true without a value. */
static bool
is_true(const char *value)
{
	return value[0] == '\0' || strchr("tTyY1", value[0]) != NULL;
}

/*
 * A request for a guarantee must not be ignored (RFC 8689), so a value that is
 * not understood is refused.
 */
static bool
set_requiretls(struct options *o, const char *value, struct failure *why)
{
	char	shown[40];

	o->requiretls = is_true(value);
	return o->requiretls || strchr("fFnN0", value[0]) != NULL ||
	    failed(why, EX_USAGE, "RequireTLS: invalid value \"%s\"; expected "
	    "yes or no", visible(shown, sizeof(shown), value, strlen(value)));
}

/* The other modes have no message, or its parameters are in SMTP. */
static bool
check_requiretls(const struct options *o, struct failure *why)
{
	if (!o->requiretls || o->mode == MODE_DELIVER ||
	    o->mode == MODE_VERIFY)
		return true;
	return failed(why, EX_USAGE, o->mode == MODE_SMTP ? "-O RequireTLS "
	    "cannot be combined with -bs: use the parameter REQUIRETLS of "
	    "MAIL" : "-O RequireTLS can only be used to send a message");
}

/*
 * Returns the value of "Name=value"; "" for "Name"; NULL if the name is
 * another one.
 */
static const char *
value_of(const char *setting, const char *name)
{
	size_t	n = strlen(name);

	if (strncasecmp(setting, name, n) != 0)
		return NULL;
	return setting[n] == '=' ? setting + n + 1 :
	    setting[n] == '\0' ? setting + n : NULL;
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

/* -oX, a letter with its value; for relais, also -o key=value. */
static bool
set_short(struct options *o, const char *value, bool administrator,
    struct failure *why)
{
	const char	*requiretls = value_of(value, "RequireTLS");
	bool		 is_key = administrator &&
			    strncmp(value, "requiretls=", 11) == 0;

	if (requiretls != NULL && !is_key)
		return set_requiretls(o, requiretls, why);
	if (administrator && strchr(value, '=') != NULL)
		add_override(o, value);
	else if (value[0] == 'i')
		o->ignore_dots = is_true(value + 1);
	else if (value[0] == 'd')
		set_delivery(o, value + 1);
	else if (value[0] == 'e')
		set_errors(o, value + 1);
	else if (value[0] != '\0' && strchr("QAM", value[0]) != NULL)
		o->ignored = true;
	return true;
}

/* -OName=value */
static bool
set_long(struct options *o, const char *value, struct failure *why)
{
	const char	*x;

	if ((x = value_of(value, "IgnoreDots")) != NULL)
		o->ignore_dots = is_true(x);
	else if ((x = value_of(value, "DeliveryMode")) != NULL)
		set_delivery(o, x);
	else if ((x = value_of(value, "ErrorMode")) != NULL)
		set_errors(o, x);
	else if ((x = value_of(value, "RequireTLS")) != NULL)
		return set_requiretls(o, x, why);
	else
		o->ignored = true;
	return true;
}

/*
 * Applies one option.  Returns false, with why, if it is refused.  Letters
 * without a case are accepted and have no effect.
 */
static bool
set_option(struct options *o, char letter, const char *value,
    bool administrator, struct failure *why)
{
	switch (letter) {
	case 'B':	/* 7BIT and 8BITMIME: the message is examined */
		o->binary = strcasecmp(value, "BINARYMIME") == 0;
		if (!o->binary && strcasecmp(value, "7BIT") != 0 &&
		    strcasecmp(value, "8BITMIME") != 0)
			o->warning = "-B: ignored an unknown body type; valid "
			    "types are 7BIT, 8BITMIME and BINARYMIME";
		break;
	case 'b':
		return set_mode(o, value, why);
	case 'C':
		if (administrator)
			o->config_file = value;
		else
			o->ignored = true;
		break;
	case 'D':
	case 'X':
		o->ignored = true;	/* would write to a file */
		break;
	case 'd':
		if (strcmp(value, "0.1") == 0)
			o->print_version = true;
		break;
	case 'e':
		set_errors(o, value);
		break;
	case 'F':
		o->full_name = value;
		break;
	case 'f':
	case 'r':
		o->sender = strcmp(value, "<>") == 0 ? "" : value;
		break;
	case 'I':
		o->mode = MODE_ALIASES;
		break;
	case 'i':
		o->ignore_dots = true;
		break;
	case 'l':
	case 'Q':
	case 'S':
		return failed(why, EX_USAGE, "option is not supported");
	case 'N':
		if (!dsn_parse_notify(&o->notify, value))
			o->warning = "-N: ignored an invalid list; valid "
			    "values are never, or success, failure and delay "
			    "separated by commas";
		break;
	case 'O':
		return set_long(o, value, why);
	case 'o':
		return set_short(o, value, administrator, why);
	case 'q':
		return set_queue(o, value, why);
	case 'R':
		if (!dsn_parse_return(&o->ret, value))
			o->warning = "-R: ignored an invalid value; valid "
			    "values are full and hdrs";
		break;
	case 't':
		o->from_header = true;
		break;
	case 'V':
		if (dsn_is_envid(value))
			o->envid = value;
		else
			o->warning = "-V: ignored an invalid envelope ID: it "
			    "must be xtext (RFC 3461) of at most 100 "
			    "characters";
		break;
	case 'v':
		o->verbose = true;
		break;
	}
	return true;
}

/*
 * Applies the letters of argv[0] up to the first one that has a value, which
 * may be argv[1].  Returns the number of arguments used, or 0 with why.
 */
static int
set_letters(struct options *o, char **argv, bool administrator,
    struct failure *why)
{
	int	used = 1;

	for (const char *c = argv[0] + 1; *c != '\0'; c++) {
		const char	*letter = *c == ':' ? NULL :
				    strchr(option_letters, *c);
		const char	*value = "";
		bool		 has_value;
		char		 shown[8];

		if (letter == NULL) {
			failed(why, EX_USAGE, "unknown option -%s",
			    visible(shown, sizeof(shown), c, 1));
			return 0;
		}
		has_value = letter[1] == ':';
		if (has_value)
			value = c + 1;
		if (has_value && letter[2] != ':' && *value == '\0') {
			if (argv[1] == NULL) {
				failed(why, EX_USAGE,
				    "option -%c requires a value", *c);
				return 0;
			}
			value = argv[1];
			used = 2;
		}
		if (*c != 'C' && (*c != 'o' || strchr(value, '=') == NULL))
			o->for_message = true;
		if (!set_option(o, *c, value, administrator, why)) {
			failure_prefix(why, "-%c: ", *c);
			return 0;
		}
		if (has_value)
			break;
	}
	return used;
}

/*
 * After -q, the name of a command is not a text of -qR and the like.  relais
 * -q1h serve is relais -bd -q1h.
 */
static bool
select_flush(struct options *o, struct failure *why)
{
	const struct command	*command = o->n_arguments > 0 &&
				    (o->queue[0] == '\0' ||
				    strchr("IRS", o->queue[0]) == NULL) ?
				    command_find(o->arguments[0]) : NULL;

	if (command == NULL)
		return true;
	if (command->mode != MODE_SERVE || o->queue[0] == '\0')
		return failed(why, EX_USAGE, "-q%s: the command %s cannot "
		    "follow this option", o->queue, command->name);
	o->mode = MODE_SERVE;
	return true;
}

/*
 * Selects the mode of a command or, without arguments, of -d0.1.  For relais,
 * the name of a command is never a recipient; and a word without @ is a
 * misspelt command unless an option shows that a message follows.
 */
static bool
select_mode(struct options *o, bool administrator, struct failure *why)
{
	const struct command	*command = NULL;

	if (o->mode == MODE_FLUSH && administrator)
		return select_flush(o, why);
	if (o->mode != MODE_DELIVER && o->mode != MODE_VERIFY)
		return true;
	for (int i = 0; administrator && i < o->n_arguments; i++) {
		command = command_find(o->arguments[i]);
		if (command == NULL)
			continue;
		if (i == 0 && o->mode == MODE_DELIVER && !o->from_header)
			break;
		return failed(why, EX_USAGE, "%s is a command, which must be "
		    "the first argument; to send mail to a user of that name, "
		    "write %s@localhost", command->name, command->name);
	}
	if (command != NULL)
		o->mode = command->mode;
	else if (administrator && !o->for_message && (o->n_arguments == 0 ||
	    strchr(o->arguments[0], '@') == NULL))
		o->mode = MODE_COMMANDS;
	else if (o->n_arguments == 0 && o->print_version && !o->from_header)
		o->mode = MODE_VERSION;
	return true;
}

bool
options_parse(struct options *o, int argc, char **argv, bool administrator,
    struct failure *why)
{
	char	shown[80];
	int	i = 1;

	if (o->mode == MODE_POSTQUEUE)
		return postqueue_parse(o, argc, argv, why);
	while (i < argc && argv[i][0] == '-') {
		const char	*arg = argv[i];
		int		 used = 1;

		if (strcmp(arg, "--") == 0) {
			i++;
			break;
		}
		if (arg[1] == '\0')
			return failed(why, EX_USAGE,
			    "\"-\" is neither an option nor a recipient");
		if (arg[1] != '-') {
			used = set_letters(o, argv + i, administrator, why);
			if (used == 0)
				return false;
		} else if (strcmp(arg, "--version") == 0) {
			o->mode = MODE_VERSION;
		} else if (strcmp(arg, "--help") == 0) {
			o->mode = MODE_HELP;
		} else {
			return failed(why, EX_USAGE, "unknown option %s",
			    visible(shown, sizeof(shown), arg, strlen(arg)));
		}
		i += used;
	}
	o->arguments = argv + i;
	o->n_arguments = argc - i;
	for (; i < argc; i++)
		if (argv[i][0] == '\0')
			return failed(why, EX_USAGE,
			    "empty recipient address");
	return select_mode(o, administrator, why) &&
	    select_timer(o, administrator, why) && check_requiretls(o, why);
}

void
options_free(struct options *o)
{
	free(o->overrides);
	o->overrides = NULL;
}
