#include "config/credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "config/command_process.h"
#include "config/token_file.h"
#include "util/memory.h"
#include "util/trusted.h"

static bool
read_secret(struct credentials *c, const struct setting *set,
    enum config_key key, struct command_process *process, struct failure *why)
{
	struct buffer	value = { 0 };
	bool		good = true;
	struct stat	st = { .st_mode = 0 };

	c->by_token = config_is_token(key);
	c->login = key == KEY_TOKEN ? set : NULL;
	snprintf(c->origin, sizeof(c->origin), "%s (%s)", set->origin,
	    config_key_name(key));
	if (key == KEY_PASSWORD)
		buffer_add_text(&value, set->value);
	else if (key == KEY_PASSWORD_FILE)
		good = trusted_read_value(&value, set->value, TRUSTED_SECRET,
		    &st, why);
	else if (key == KEY_TOKEN && token_file_is_unreadable(set->value))
		good = failed(why, EX_NOPERM, "%s: uid %lu has no permission "
		    "to read this login%s", set->value,
		    (unsigned long)geteuid(), set->value[0] == '/' ? "" :
		    ", and has no login of its own with this name");
	else
		good = command_process_run(process, &value,
		    &(struct command_choice){ .key = key,
		    .value = set->value }, why) &&
		    trusted_value(&value, "the output of the command", why);
	c->is_exposed = st.st_mode & S_IROTH;
	/* RFC 6750 section 2.1 allows no other octets in a token. */
	for (size_t i = 0; good && c->by_token && i < value.len; i++)
		if (value.data[i] <= ' ' || value.data[i] >= 127)
			good = failed(why, EX_CONFIG, "the output of the "
			    "command is not an access token, which consists "
			    "of visible ASCII characters without blanks");
	if (!good)
		failure_prefix(why, "%s: %s: ", set->origin,
		    config_key_name(key));
	else if (c->by_token)
		c->token = memory_copy(value.data);
	else
		c->password = memory_copy(value.data);
	buffer_wipe(&value);
	return good;
}

void
credentials_choose(struct credentials_choice *c, const struct config *config,
    const struct config_subject *subject, const char *url_user)
{
	const struct section	*home = config_section(config, subject,
				    KEY_SMARTHOST);

	*c = (struct credentials_choice){ .user = NULL };
	if (home == NULL)
		return;
	c->user = url_user;
	if (url_user == NULL)
		c->user_set = config_credential(config, home, KEY_USER);
	if (c->user_set != NULL)
		c->user = c->user_set->value;
	if (c->user != NULL)
		c->secret = config_secret(config, home, &c->key);
}

bool
credentials_read(struct credentials *c, const struct config *config,
    const struct config_subject *subject, const char *url_user,
    struct command_process *process, struct failure *why)
{
	struct credentials_choice	choice;

	*c = (struct credentials){ .user = NULL };
	credentials_choose(&choice, config, subject, url_user);
	if (choice.user == NULL)
		return true;
	c->user = memory_copy(choice.user);
	if (choice.secret == NULL ||
	    read_secret(c, choice.secret, choice.key, process, why))
		return true;
	credentials_free(c);
	return false;
}

bool
credentials_renew(struct credentials *c, struct command_process *process)
{
	struct buffer	value = { 0 };
	struct failure	ignored;
	bool		good;

	if (c->login == NULL || c->token == NULL)
		return false;
	good = command_process_run(process, &value, &(struct command_choice){
	    .key = KEY_TOKEN, .value = c->login->value, .renew = true },
	    &ignored) && trusted_value(&value, "the token", &ignored) &&
	    strcmp(value.data, c->token) != 0;
	if (good) {
		memory_wipe(&c->token);
		c->token = memory_copy(value.data);
	}
	buffer_wipe(&value);
	return good;
}

static bool
is_unreadable(const struct setting *set, enum config_key key)
{
	if (key == KEY_TOKEN)
		return token_file_is_unreadable(set->value);
	return access(set->value, R_OK) == -1 && errno == EACCES;
}

const struct setting *
credentials_unreadable(const struct config *config)
{
	static const enum config_key	keys[] = { KEY_PASSWORD_FILE,
		KEY_TOKEN, KEY_PROXY_PASSWORD_FILE, KEY_TLS_KEY,
		KEY_TLS_CERTIFICATE, KEY_TLS_CA };

	for (const struct section *s = config->first; s != NULL; s = s->next)
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			if (s->setting[keys[i]] != NULL &&
			    is_unreadable(s->setting[keys[i]], keys[i]))
				return s->setting[keys[i]];
	return NULL;
}

static void
warn_of(const struct setting *set, const struct log *log)
{
	if (set != NULL && trusted_is_exposed(set->value))
		log_line(log, LOG_WARNING, "%s: every user of this system or "
		    "container can read the secret %s, which is on a read-only "
		    "mount; provide it with mode 0400", set->origin,
		    set->value);
}

void
credentials_warn(const struct config *config, const struct log *log)
{
	for (const struct section *s = config->first; s != NULL; s = s->next) {
		warn_of(s->setting[KEY_PASSWORD_FILE], log);
		warn_of(s->setting[KEY_PROXY_PASSWORD_FILE], log);
		warn_of(s->setting[s->setting[KEY_TLS_KEY] != NULL ?
		    KEY_TLS_KEY : KEY_TLS_CERTIFICATE], log);
	}
}

void
credentials_wipe(struct credentials *c)
{
	memory_wipe(&c->password);
	memory_wipe(&c->token);
}

void
credentials_free(struct credentials *c)
{
	free(c->user);
	credentials_wipe(c);
	*c = (struct credentials){ .user = NULL };
}
