#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/changed.h"
#include "config/check.h"
#include "config/keys.h"
#include "config/parse.h"
#include "config/passed_secret.h"
#include "config/section.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/privilege.h"
#include "util/text.h"
#include "util/trusted.h"

#define SYSTEM_FILE	SYSCONFDIR "/relais.conf"

enum { FILE_LIMIT = 1024 * 1024, FILES_MAX = 256, DEPTH_MAX = 8 };

/* A file that is being read; .outer is the file that includes it. */
struct frame {
	const struct frame	*outer;
	unsigned		 depth;
	struct stat		 st;
};

struct loader {
	struct parse_target	 target;
	const struct frame	*frame;
	unsigned		 files;
	int64_t			*changed_us;
};

extern char **environ;

/*
 * If a service is called relais, Kubernetes sets these variables in all
 * containers.  They are not settings.
 */
static bool
is_service_link(const char *name, size_t len, const char *value)
{
	if (len == 4 && memcmp(name, "PORT", 4) == 0)
		return strstr(value, "://") != NULL;
	return (len > 5 && memcmp(name, "PORT_", 5) == 0) ||
	    (len > 8 && memcmp(name, "SERVICE_", 8) == 0);
}

/*
 * name: the key in lower case.  If "_file" follows, the value is the content of
 * a file, as is usual for containers.
 */
static bool
set_variable(struct section *s, const char *name, const char *value,
    const char *origin, struct failure *why)
{
	static const char	suffix[] = "_file";
	size_t			len = strlen(name);
	size_t			cut = sizeof(suffix) - 1;
	struct buffer		content = { 0 };
	enum config_key		key;
	bool			in_file = false, good;
	struct stat		st;

	if (!key_find(name, len, &key)) {
		in_file = len > cut && strcmp(name + len - cut, suffix) == 0 &&
		    key_find(name, len - cut, &key);
		if (!in_file)
			return key_unknown(name, len, why);
	}
	if (key == KEY_INCLUDE)
		return failed(why, EX_CONFIG, "include is allowed only "
		    "in a configuration file");
	if (s->setting[key] != NULL)
		return failed(why, EX_CONFIG, "%s is also set by %s; remove "
		    "one of them", config_key_name(key),
		    s->setting[key]->origin);
	if (!in_file)
		return section_set(s, key, value, strlen(value), origin, why);
	good = trusted_read_value(&content, value,
	    config_is_secret(key) ? TRUSTED_SECRET : 0, &st, why) &&
	    section_set(s, key, content.data, content.len, origin, why);
	buffer_wipe(&content);
	return good;
}

/*
 * The facts for alarm_command (runner/alarm.h) and for a program as smarthost
 * (relay/delivery_process.h), which can run relais.
 */
static bool
is_fact(const char *name, size_t len)
{
	static const char	facts[][16] = { "ALARM_EVENT",
		"ALARM_SUBJECT", "ALARM_HOST", "ALARM_SINCE", "ALARM_WAITING",
		"ALARM_REASON", "ALARM_SPOOL", "SENDER" };

	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++)
		if (strlen(facts[i]) == len && memcmp(facts[i], name, len) == 0)
			return true;
	return false;
}

/*
 * One newline at the end of the value is removed, as from a file.  An empty
 * variable is ignored, because compose files contain such variables.
 */
static bool
load_variable(struct loader *l, struct section **section,
    const char *variable, struct failure *why)
{
	static const char	prefix[] = "RELAIS_";
	const char		*name = variable + sizeof(prefix) - 1;
	const char		*equals = strchr(variable, '=');
	char			 key[64], origin[128];
	char			*value;
	size_t			 len, value_len;
	bool			 good;

	if (equals == NULL || equals < name)
		return true;
	len = (size_t)(equals - name);
	value_len = trusted_value_length(equals + 1, strlen(equals + 1));
	if (value_len == 0 || is_service_link(name, len, equals + 1) ||
	    is_fact(name, len))
		return true;
	snprintf(origin, sizeof(origin), "environment RELAIS_%.*s", (int)len,
	    name);
	if (len >= sizeof(key)) {
		key_unknown(name, len, why);
		return failure_prefix(why, "%s: ", origin);
	}
	for (size_t i = 0; i <= len; i++)
		key[i] = i < len ? (char)tolower((unsigned char)name[i]) : '\0';
	if (*section == NULL)
		*section = section_insert(l->target.tail, SECTION_ENVIRONMENT);
	value = memory_copy_n(equals + 1, value_len);
	good = set_variable(*section, key, value, origin, why) ||
	    failure_prefix(why, "%s: ", origin);
	freezero(value, value_len);
	return good;
}

static bool
load_environment(struct loader *l, struct failure *why)
{
	struct section	*section = NULL;

	if (environ == NULL || privilege_is_raised())
		return true;
	for (char **v = environ; *v != NULL; v++) {
		if (strncmp(*v, "RELAIS_", 7) == 0 &&
		    !load_variable(l, &section, *v, why))
			return false;
	}
	return true;
}

static bool
load_override(struct section *s, const char *override, struct failure *why)
{
	const char	*equals = strchr(override, '=');
	size_t		 len = equals != NULL ? (size_t)(equals - override) : 0;
	char		 origin[64];
	enum config_key	 key;

	if (equals == NULL)
		return failed(why, EX_USAGE, "the argument has no equals "
		    "sign; expected key=value");
	if (!key_find(override, len, &key)) {
		key_unknown(override, len, why);
		why->status = EX_USAGE;
		return false;
	}
	if (key == KEY_INCLUDE)
		return failed(why, EX_USAGE, "include is allowed only in "
		    "a configuration file");
	if (config_is_secret(key))
		return failed(why, EX_USAGE, "%s is not allowed on the "
		    "command line, which all users can see; use password_file",
		    config_key_name(key));
	snprintf(origin, sizeof(origin), "-o %s", config_key_name(key));
	if (section_set(s, key, equals + 1, strlen(equals + 1), origin, why))
		return true;
	why->status = EX_USAGE;
	return false;
}

static bool
load_overrides(struct loader *l, const char *const *override,
    struct failure *why)
{
	struct section	*s;

	if (override == NULL || *override == NULL)
		return true;
	s = section_insert(l->target.tail, SECTION_OVERRIDE);
	l->target.tail = &s->next;
	for (; *override != NULL; override++) {
		if (!load_override(s, *override, why))
			return failure_prefix(why, "-o: ");
	}
	return true;
}

static bool
parse_frame(struct loader *l, const struct config_text_file *file,
    struct frame *frame, struct failure *why)
{
	bool	good;

	for (const struct frame *f = l->frame; f != NULL; f = f->outer)
		if (f->st.st_dev == frame->st.st_dev &&
		    f->st.st_ino == frame->st.st_ino)
			return failed(why, EX_CONFIG, "%s includes itself",
			    file->path);
	if (frame->depth > DEPTH_MAX || ++l->files > FILES_MAX)
		return failed(why, EX_CONFIG, "%s: too many included files (at "
		    "most %d, nested at most %d deep)", file->path, FILES_MAX,
		    DEPTH_MAX);
	l->frame = frame;
	good = parse_text(&l->target, file, why);
	l->frame = frame->outer;
	return good;
}

static enum trusted_answer
load_file(struct loader *l, const char *path, struct failure *why)
{
	struct buffer		text = { 0 };
	struct frame		frame = {
		.outer = l->frame,
		.depth = l->frame != NULL ? l->frame->depth + 1 : 0,
	};
	struct config_text_file	file = { .path = path };
	enum trusted_answer	answer;

	answer = trusted_read(&text, path, FILE_LIMIT, 0, &frame.st, why);
	if (answer == TRUSTED_READ) {
		if (config_file_changed_us(&frame.st) > *l->changed_us)
			*l->changed_us = config_file_changed_us(&frame.st);
		file.text = text.data;
		file.len = text.len;
		file.shared = frame.st.st_mode & (S_IROTH | S_IWOTH);
		if (!parse_frame(l, &file, &frame, why))
			answer = TRUSTED_REFUSED;
	}
	buffer_wipe(&text);
	return answer;
}

static int
stop_unless_missing(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

static bool
include_pattern(struct loader *l, const char *pattern, struct failure *why)
{
	glob_t	found = { .gl_pathc = 0 };
	bool	good = true;

	if (!text_has_any(pattern, "*?["))
		return load_file(l, pattern, why) == TRUSTED_READ;
	switch (glob(pattern, 0, stop_unless_missing, &found)) {
	case 0:
		for (size_t i = 0; good && i < found.gl_pathc; i++)
			good = load_file(l, found.gl_pathv[i], why) ==
			    TRUSTED_READ;
		break;
	case GLOB_NOMATCH:
		break;
	default:
		good = failed_errno(why, errno == EACCES ? EX_NOPERM :
		    EX_CONFIG, "include: %s", pattern);
		break;
	}
	globfree(&found);
	return good;
}

/* A relative pattern is relative to the directory of the file. */
static bool
include_files(struct parse_target *target, const struct config_text_file *from,
    const char *pattern, struct failure *why)
{
	const char	*slash = strrchr(from->path, '/');
	struct buffer	 whole = { 0 };
	bool		 good;

	if (pattern[0] != '/' && slash != NULL)
		buffer_add(&whole, from->path,
		    (size_t)(slash - from->path) + 1);
	buffer_add_text(&whole, pattern);
	good = include_pattern(target->context, whole.data, why);
	buffer_free(&whole);
	return good;
}

char *
config_user_file(void)
{
	const char	*directory = getenv("XDG_CONFIG_HOME");
	const char	*between = "";
	struct buffer	 path = { 0 };

	if (directory == NULL || directory[0] != '/') {
		directory = getenv("HOME");
		between = "/.config";
	}
	if (directory == NULL || directory[0] != '/')
		return NULL;
	buffer_add_text(&path, directory);
	buffer_add_text(&path, between);
	buffer_add_text(&path, "/relais.conf");
	return buffer_take(&path);
}

/*
 * A file in a directory to which the user has no access is treated as missing:
 * HOME may be that of another user.
 */
static bool
load_user_file(struct loader *l, struct config *config, struct failure *why)
{
	enum trusted_answer	answer;

	if (geteuid() == 0 || privilege_is_raised() ||
	    (config->path = config_user_file()) == NULL)
		return true;
	answer = load_file(l, config->path, why);
	if (answer == TRUSTED_REFUSED && (why->status != EX_NOPERM ||
	    access(config->path, F_OK) == 0))
		return false;
	if (answer != TRUSTED_READ) {
		free(config->path);
		config->path = NULL;
	}
	return true;
}

static bool
load_files(struct loader *l, struct config *config, const char *path,
    struct failure *why)
{
	bool	given = path != NULL;

	if (!given)
		path = SYSTEM_FILE;
	switch (load_file(l, path, why)) {
	case TRUSTED_READ:
		config->path = memory_copy(path);
		return true;
	case TRUSTED_REFUSED:
		if (why->status == EX_NOPERM) {
			config->path = memory_copy(path);
			config->unreadable = memory_copy(why->text);
		}
		return false;
	case TRUSTED_MISSING:
		break;
	}
	return !given && load_user_file(l, config, why);
}

const char *
config_system_file(void)
{
	return SYSTEM_FILE;
}

/*
 * Sections are in order of precedence: the sections of the file are inserted
 * before those of the environment and of the top of the file.
 */
bool
config_load(struct config *config, const struct config_source *source,
    struct failure *why)
{
	struct loader	l = {
		.target = { .tail = &config->first, .include = include_files },
	};

	*config = (struct config){ .first = NULL };
	l.target.context = &l;
	l.changed_us = &config->changed_us;
	l.target.top = section_insert(&config->first, SECTION_TOP);
	return load_overrides(&l, source->overrides, why) &&
	    load_environment(&l, why) &&
	    load_files(&l, config, source->file, why) &&
	    passed_secret_add(config, why) && config_check(config, why);
}
