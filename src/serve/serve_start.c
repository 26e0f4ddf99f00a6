#include "serve/serve_start.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "config/credentials.h"
#include "serve/serve_user.h"
#include "submit/spool_config.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/memory.h"

bool
serve_start_user(const struct serve_options *options, const char *socket_path,
    struct failure *why)
{
	struct serve_user	 user;
	struct config		 config = { 0 };
	const char		*queue = config_text(options->config,
				    NULL, KEY_QUEUE);
	const char		*log_path = config_text(options->config,
				    NULL, KEY_LOG);
	char			*directory = NULL;
	struct failure		 ignored;
	bool			 good = true;

	if (!serve_user_find(&user, why))
		return false;
	if (user.name == NULL)
		log_line(options->log, LOG_WARNING, "the user relais does "
		    "not exist, so the service runs as root; create it with "
		    "useradd --system relais");
	if (socket_path != NULL) {
		directory = file_directory(socket_path);
		good = serve_user_directory(&user, directory, 0755, why);
		free(directory);
	}
	if (log_path != NULL && log_path[0] == '/') {
		directory = file_directory(log_path);
		serve_user_directory(&user, directory, 0750, &ignored);
		free(directory);
	}
	if (!good || !user.change)
		return good;
	if (strcmp(queue, "off") != 0)
		good = serve_user_directory(&user, queue, 0700, why);
	good = good && serve_user_become(&user, why) &&
	    options->load(options->context, &config, why);
	config_free(&config);
	return good;
}

bool
serve_start_check_secrets(const struct config *config, struct failure *why)
{
	const struct setting	*set = credentials_unreadable(config);

	return set == NULL || failed(why, EX_NOPERM, "%s: %s: the user of the "
	    "service (uid %lu) has no permission to read it", set->origin,
	    set->value, (unsigned long)geteuid());
}

/* Root may have used the queue before the service, which is another user. */
static void
advise_owner(const char *spool, struct failure *why)
{
	static const char *const	names[] = { "", "/queue", "/failed",
		"/tmp" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct buffer	path = { 0 };
		struct stat	st;
		bool		foreign;

		buffer_addf(&path, "%s%s", spool, names[i]);
		foreign = stat(path.data, &st) == 0 && st.st_uid != geteuid();
		buffer_free(&path);
		if (foreign) {
			failure_suffix(why, "; it must belong to the user of "
			    "the service: run chown -R %lu %s",
			    (unsigned long)geteuid(), spool);
			return;
		}
	}
}

bool
serve_start_queue(struct spool *spool, const struct config *config,
    bool listens, struct failure *why)
{
	switch (spool_config_open(spool, config, why)) {
	case SPOOL_CONFIG_OPEN:
		return true;
	case SPOOL_CONFIG_OFF:
	case SPOOL_CONFIG_NONE:
		return listens;
	case SPOOL_CONFIG_BROKEN:
		advise_owner(config_text(config, NULL, KEY_QUEUE), why);
		break;
	}
	return false;
}
