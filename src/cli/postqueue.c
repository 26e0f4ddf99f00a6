#include "cli/postqueue.h"

#include <string.h>
#include <sysexits.h>

#include "util/visible.h"

static bool
failed_usage(struct failure *why)
{
	return failed(why, EX_USAGE, "usage: postqueue [-v] -p | -j | -f | "
	    "-i ID");
}

/* At most one option selects what to do. */
static bool
set_mode(struct options *o, enum mode mode, const char *queue,
    struct failure *why)
{
	if (o->mode != MODE_POSTQUEUE)
		return failed_usage(why);
	o->mode = mode;
	o->queue = queue;
	return true;
}

/*
 * Applies an option.  value is its argument, which is the only element of the
 * arguments of -qI, or NULL.
 */
static bool
set_option(struct options *o, char letter, char **value, struct failure *why)
{
	char	shown[8];

	switch (letter) {
	case 'c':	/* another configuration: only relais has -C */
		o->ignored = true;
		return true;
	case 'f':
		return set_mode(o, MODE_FLUSH, "", why);
	case 'i':
		o->arguments = value;
		o->n_arguments = 1;
		return set_mode(o, MODE_FLUSH, "I", why);
	case 'j':
		return set_mode(o, MODE_LIST_JSON, NULL, why);
	case 'p':
		return set_mode(o, MODE_LIST, NULL, why);
	case 's':
		return failed(why, EX_USAGE, "-s: not supported; to send the "
		    "messages for a domain, run: sendmail -qR@domain");
	case 'v':
		o->verbose = true;
		return true;
	}
	return failed(why, EX_USAGE, "unknown option -%s",
	    visible(shown, sizeof(shown), &letter, 1));
}

bool
postqueue_parse(struct options *o, int argc, char **argv, struct failure *why)
{
	int	i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		for (char *c = argv[i] + 1; *c != '\0'; c++) {
			bool	has_value = strchr("cis", *c) != NULL;
			char	letter = *c;

			if (has_value && c[1] != '\0') {
				argv[i] = c + 1;
			} else if (has_value && argv[i + 1] == NULL) {
				return failed(why, EX_USAGE, "option -%c "
				    "requires a value", letter);
			} else if (has_value) {
				i++;
			}
			if (!set_option(o, letter, &argv[i], why))
				return false;
			if (has_value)
				break;
		}
	}
	return (i == argc && o->mode != MODE_POSTQUEUE) || failed_usage(why);
}
