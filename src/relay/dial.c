#include "relay/dial.h"

#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/socks.h"
#include "util/trusted.h"

static const struct setting *
find(const struct connection *c, enum config_key key)
{
	const struct setting	*set = config_find(c->config, &c->subject, key);

	return config_is_on(set) ? set : NULL;
}

struct dial
dial_choose(const struct connection *c)
{
	const struct setting	*proxy = find(c, KEY_PROXY);
	const struct setting	*command = find(c, KEY_CONNECT_COMMAND);

	if (c->smarthost->host == NULL || (proxy == NULL && command == NULL))
		return (struct dial){ .way = DIAL_DIRECT };
	if (command != NULL)
		return (struct dial){ .way = DIAL_COMMAND, .by = command };
	return (struct dial){ .way = DIAL_PROXY, .by = proxy };
}

bool
dial_check(const struct connection *c, struct failure *why)
{
	const struct setting	*proxy = find(c, KEY_PROXY);
	const struct setting	*command = find(c, KEY_CONNECT_COMMAND);

	return c->smarthost->host == NULL || proxy == NULL || command == NULL ||
	    failed(why, EX_CONFIG, "%s: proxy conflicts with connect_command "
	    "(%s); set one of them to off in the section of the other",
	    proxy->origin, command->origin);
}

void
dial_write(struct buffer *to, const struct dial *d)
{
	struct proxy_url	url;
	struct failure		ignored;

	switch (d->way) {
	case DIAL_DIRECT:
		break;
	case DIAL_PROXY:
		if (!proxy_parse(&url, d->by->value, &ignored))
			break;
		buffer_add_text(to, "proxy ");
		proxy_write(to, &url);
		proxy_free(&url);
		break;
	case DIAL_COMMAND:
		buffer_add_text(to, "command ");
		buffer_add(to, d->by->value, strcspn(d->by->value, " \t"));
		break;
	}
}

/* Reads the password for the proxy of this subject. */
static bool
read_password(struct connection *c, struct buffer *password,
    struct failure *why)
{
	const struct section	*home = config_section(c->config, &c->subject,
				    KEY_PROXY);
	const struct setting	*set = config_credential(c->config, home,
				    KEY_PROXY_PASSWORD_FILE);
	struct stat		 st;

	if (set == NULL)
		return failed(why, EX_CONFIG, "%s: proxy requires "
		    "proxy_password_file in the same section",
		    home->setting[KEY_PROXY]->origin);
	if (trusted_read_value(password, set->value, TRUSTED_SECRET, &st,
	    why)) {
		c->is_exposed |= st.st_mode & S_IROTH;
		if (password->len <= SOCKS_NAME_MAX)
			return true;
		failed(why, EX_CONFIG, "%s: the password has more than %d "
		    "octets, which SOCKS5 does not allow", set->value,
		    SOCKS_NAME_MAX);
	}
	return failure_prefix(why, "%s: proxy_password_file: ", set->origin);
}

static int
dial_proxy(struct connection *c, const struct setting *set,
    const struct connect_options *options, struct failure *why)
{
	struct proxy_url	url;
	struct buffer		password = { 0 };
	int			fd = -1;

	if (!proxy_parse(&url, set->value, why)) {
		failure_prefix(why, "%s: ", set->origin);
		return -1;
	}
	if (url.user == NULL || read_password(c, &password, why))
		fd = socks_connect(&(struct socks_proxy){
		    .at = { .host = url.host, .port = url.port },
		    .user = url.user, .password = password.data }, &c->at,
		    options, why);
	buffer_wipe(&password);
	proxy_free(&url);
	return fd;
}

static int
dial_command(struct connection *c, const struct setting *set,
    const struct connect_options *options, struct failure *why)
{
	int	fd;

	dial_end(c);
	fd = connect_process_run(c->connector, &(struct connect_request){
	    .command = set->value, .host = c->at.host, .port = c->at.port },
	    &c->control, why);
	if (fd == -1)
		why->cause = DIAL_CAUSE_COMMAND;
	else if (options->meanwhile != NULL)
		options->meanwhile(options->context);
	return fd;
}

int
dial(struct connection *c, const struct connect_options *options,
    struct failure *why)
{
	struct dial	d = dial_choose(c);
	struct buffer	way = { 0 };
	int		fd = -1;

	if (!dial_check(c, why))
		return -1;
	switch (d.way) {
	case DIAL_DIRECT:
		return connect_to(&c->at, options, why);
	case DIAL_PROXY:
		fd = dial_proxy(c, d.by, options, why);
		break;
	case DIAL_COMMAND:
		fd = dial_command(c, d.by, options, why);
		break;
	}
	if (fd == -1 && !interrupt_is_known(options->interrupt)) {
		dial_write(&way, &d);
		failure_prefix(why, "%s: ", way.data);
		buffer_free(&way);
	}
	return fd;
}

void
dial_explain(struct connection *c, struct failure *why)
{
	struct failure	told;

	if (c->control == -1 || why->status != EX_TEMPFAIL ||
	    interrupt_is_known(c->interrupt))
		return;
	switch (connect_program_explain(c->control, &told)) {
	case PROGRAM_NOT_STARTED:
		*why = told;
		failure_prefix(why, "%sconnect_command: ", c->options.prefix);
		why->cause = DIAL_CAUSE_COMMAND;
		break;
	case PROGRAM_ENDED:
		why->cause = DIAL_CAUSE_COMMAND;
		failure_suffix(why, "; connect_command: %s", told.text);
		break;
	case PROGRAM_STOPPED:
		failure_suffix(why, "; connect_command: %s", told.text);
		break;
	case PROGRAM_SILENT:
		break;
	}
}

void
dial_end(struct connection *c)
{
	if (c->control != -1)
		close(c->control);
	c->control = -1;
}
