#include "runner/idle_login.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>

#include "config/token_file.h"
#include "config/token_program.h"
#include "util/buffer.h"

enum { IDLE_DAYS = 7, TIMEOUT_MS = 30 * 1000 };

/* A login that this user cannot find belongs to another user. */
static bool
is_due(const struct setting *set, int64_t now)
{
	struct failure	 ignored;
	struct stat	 st;
	char		*path;
	bool		 due;

	if (set == NULL || (path = token_file_path(set->value, &ignored)) ==
	    NULL)
		return false;
	due = stat(path, &st) == 0 &&
	    now - (int64_t)st.st_mtime >= IDLE_DAYS * 24 * 60 * 60;
	free(path);
	return due;
}

bool
idle_login_is_due(const struct config *config, int64_t now)
{
	for (const struct section *s = config->first; s != NULL; s = s->next)
		if (is_due(s->setting[KEY_TOKEN], now))
			return true;
	return false;
}

void
idle_login_renew(const struct config *config, const struct log *log,
    int64_t now)
{
	for (const struct section *s = config->first; s != NULL; s = s->next) {
		struct token_request	request = { .command = "token",
					    .renew = true };
		struct buffer		token = { 0 };
		struct failure		why;

		if (!is_due(s->setting[KEY_TOKEN], now))
			continue;
		request.name = s->setting[KEY_TOKEN]->value;
		token_program_configure(&request, config, s);
		if (token_program_run(&token, &request, TIMEOUT_MS, -1, &why))
			log_line(log, LOG_INFO, "login %s: renewed, because it "
			    "was not used for %d days", request.name,
			    IDLE_DAYS);
		else
			log_line(log, LOG_ERR, "%s: token: %s",
			    s->setting[KEY_TOKEN]->origin, why.text);
		buffer_wipe(&token);
	}
}
