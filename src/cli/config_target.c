#include "cli/config_target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/config.h"
#include "serve/serve_user.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/memory.h"

char *
config_target(const struct options *options)
{
	char	*own = NULL;

	/* password_file must be an absolute path. */
	if (options->config_file != NULL)
		return file_absolute(options->config_file);
	if (geteuid() != 0)
		own = config_user_file();
	return own != NULL ? own : memory_copy(config_system_file());
}

char *
config_target_new_directory(const struct options *options, const char *target)
{
	char	*directory;

	if (options->config_file != NULL || geteuid() == 0)
		return NULL;
	directory = file_directory(target);
	if (access(directory, F_OK) == 0 || errno != ENOENT) {
		free(directory);
		return NULL;
	}
	return directory;
}

bool
config_target_make_directory(const struct options *options,
    const char *target, struct failure *why)
{
	char	*directory = config_target_new_directory(options, target);
	bool	 good = directory == NULL || mkdir(directory, 0700) == 0 ||
		    errno == EEXIST || failed_errno(why, EX_CANTCREAT,
		    "cannot create the directory %s", directory);

	free(directory);
	return good;
}

bool
config_target_group(gid_t *group, struct failure *why)
{
	struct serve_user	user;

	*group = (gid_t)-1;
	if (geteuid() != 0)
		return true;
	if (!serve_user_find(&user, why))
		return false;
	if (user.name != NULL)
		*group = user.gid;
	return true;
}

char *
config_target_secret(const char *target)
{
	size_t		len = strlen(target);
	struct buffer	path = { 0 };

	if (len > 5 && strcmp(target + len - 5, ".conf") == 0)
		len -= 5;
	buffer_add(&path, target, len);
	buffer_add_text(&path, ".password");
	return buffer_take(&path);
}
