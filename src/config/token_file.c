#include "config/token_file.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/buffer.h"
#include "util/file.h"
#include "util/visible.h"

#define STATE_DIRECTORY "/var/lib/relais"

enum { TOKEN_NAME_MAX = 64 };

bool
token_file_is_name(const char *name)
{
	const char	*last = name[0] == '/' ? strrchr(name, '/') + 1 : name;

	return isalnum((unsigned char)last[0]) &&
	    strlen(last) <= TOKEN_NAME_MAX &&
	    last[strspn(last, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

bool
token_file_check_name(const char *name, struct failure *why)
{
	char	shown[128];

	return token_file_is_name(name) || failed(why, EX_CONFIG, "\"%s\" is "
	    "not the name of a login: expected up to %d letters, digits, "
	    "\".\", \"_\" and \"-\", the first a letter or digit",
	    visible(shown, sizeof(shown), name, strlen(name)),
	    TOKEN_NAME_MAX);
}

const char *
token_file_system_directory(void)
{
	return STATE_DIRECTORY "/tokens";
}

static bool
is_system_user(void)
{
	uid_t		uid = geteuid();
	struct stat	st;

	return uid == 0 || (stat(STATE_DIRECTORY, &st) == 0 &&
	    st.st_uid == uid);
}

static const char *
home_directory(void)
{
	const char		*home = getenv("HOME");
	const struct passwd	*pw;

	if (home != NULL && home[0] == '/')
		return home;
	pw = getpwuid(geteuid());
	return pw != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

char *
token_file_path(const char *name, struct failure *why)
{
	struct buffer	 path = { 0 };
	const char	*home;

	if (!token_file_check_name(name, why))
		return NULL;
	if (name[0] == '/') {
		buffer_add_text(&path, name);
	} else if (is_system_user()) {
		buffer_addf(&path, "%s/%s", token_file_system_directory(),
		    name);
	} else if ((home = home_directory()) != NULL) {
		buffer_addf(&path, "%s/.local/state/relais/tokens/%s", home,
		    name);
	} else {
		failed(why, EX_CONFIG, "%s: the user with uid %lu has no home "
		    "directory for the login; set an absolute path instead of "
		    "a name", name, (unsigned long)geteuid());
		return NULL;
	}
	return buffer_take(&path);
}

bool
token_file_is_unreadable(const char *name)
{
	struct failure	 ignored;
	struct buffer	 system = { 0 };
	char		*path = token_file_path(name, &ignored);
	bool		 unreadable;

	unreadable = path != NULL && access(path, R_OK) == -1 &&
	    errno == EACCES;
	if (name[0] != '/' && (path == NULL || access(path, F_OK) == -1)) {
		buffer_addf(&system, "%s/%s", token_file_system_directory(),
		    name);
		unreadable = access(system.data, R_OK) == -1 &&
		    errno == EACCES;
		buffer_free(&system);
	}
	free(path);
	return unreadable;
}

bool
token_file_stat_login(const char *name, struct stat *st)
{
	struct failure	 ignored;
	struct buffer	 lock = { 0 };
	char		*path = token_file_path(name, &ignored);
	char		*directory;
	bool		 good;

	if (path == NULL)
		return false;
	directory = file_directory(path);
	buffer_addf(&lock, "%s/.%s.lock", directory, strrchr(path, '/') + 1);
	good = stat(lock.data, st) == 0;
	buffer_free(&lock);
	free(directory);
	free(path);
	return good;
}
