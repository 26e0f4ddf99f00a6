#include <sys/stat.h>
#include <sys/vfs.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/local.h"
#include "serve/serve_user.h"
#include "submit/service.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/log.h"

#define JOURNAL	"/run/systemd/journal/socket"
#define SYSLOG	"/dev/log"

static void report(struct check *, enum config_key, const char *remedy,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
report(struct check *c, enum config_key key, const char *remedy,
    const char *fmt, ...)
{
	const struct setting	*set = config_find(c->config, NULL, key);
	struct buffer		 text = { 0 };
	va_list			 ap;

	va_start(ap, fmt);
	buffer_vaddf(&text, fmt, ap);
	va_end(ap);
	check_report(c, &(struct check_finding){ .stage = CHECK_CONFIG,
	    .verdict = CHECK_WARNING, .object = config_key_name(key),
	    .origin = set->origin, .remedy = remedy }, "%s", text.data);
	buffer_free(&text);
}

/* The destination of lines that neither the file nor the journal accepts. */
static const char *
instead(void)
{
	return access(SYSLOG, F_OK) == 0 ? "the log goes to syslog" :
	    "nothing is logged";
}

/* A server that does not respond delays each line. */
static bool
is_on_network(const char *path)
{
	/* NFS, SMB, 9P and Ceph. */
	static const unsigned	types[] = { 0x6969, 0xff534d42, 0xfe534d42,
				    0x517b, 0x01021997, 0x00c36400 };
	struct statfs		fs;

	if (statfs(path, &fs) == -1)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if ((unsigned)fs.f_type == types[i])
			return true;
	return false;
}

/* Whether the user who writes the log can do so. */
static bool
may_write(const struct serve_user *u, const char *path)
{
	struct stat	st;

	if (!u->change)
		return access(path, W_OK) == 0;
	if (stat(path, &st) == -1)
		return false;
	return st.st_mode & (st.st_uid == u->uid ? S_IWUSR :
	    st.st_gid == u->gid ? S_IWGRP : S_IWOTH);
}

static void
check_permission(struct check *c, const char *path, const char *directory)
{
	struct serve_user	 u;
	struct failure		 ignored;
	const char		*service = service_path(c->config, &ignored);
	struct buffer		 remedy = { 0 }, who = { 0 };
	const bool		 exists = access(path, F_OK) == 0;

	/* The service writes the log, which other users cannot. */
	if (geteuid() != 0 && service != NULL && access(service, F_OK) == 0)
		return;
	if (!serve_user_find(&u, &ignored) ||
	    may_write(&u, exists ? path : directory))
		return;
	if (u.change)
		buffer_addf(&who, "the user of the service, %s,", u.name);
	else
		buffer_addf(&who, "the user %s", c->me->user);
	if (exists && u.change)
		buffer_addf(&remedy, "run: chown %s %s", u.name, path);
	else if (u.change)
		buffer_addf(&remedy, "run: install -d -o %s -g %s -m 0750 "
		    "/var/log/relais, and set log = "
		    "/var/log/relais/relais.log", u.name, u.name);
	else
		buffer_addf(&remedy, "start the service, which writes the log "
		    "for all users, or set log to a file of this user");
	report(c, KEY_LOG, remedy.data, "%s cannot %s %s, so %s", who.data,
	    exists ? "write to" : "create", path, instead());
	buffer_free(&who);
	buffer_free(&remedy);
}

static void
check_file(struct check *c, const char *path)
{
	char			*directory = file_directory(path);
	struct buffer		 remedy = { 0 };
	struct serve_user	 u;
	struct failure		 ignored;
	struct stat		 st;

	if (stat(directory, &st) == -1 && errno == ENOENT) {
		if (serve_user_find(&u, &ignored) && u.change)
			buffer_addf(&remedy, "run: install -d -o %s -g %s "
			    "-m 0750 %s", u.name, u.name, directory);
		else
			buffer_addf(&remedy, "run: mkdir -m 0750 %s",
			    directory);
		report(c, KEY_LOG, remedy.data, "the directory %s does not "
		    "exist, so %s", directory, instead());
	} else if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		report(c, KEY_LOG, "set log to a file that does not exist or "
		    "is a regular file", "%s is %s, so %s", path,
		    S_ISLNK(st.st_mode) ? "a symbolic link" :
		    "not a regular file", instead());
	} else {
		check_permission(c, path, directory);
	}
	if (is_on_network(directory))
		report(c, KEY_LOG, "set log to a file on a local file system, "
		    "or to syslog", "%s is on a network file system: if its "
		    "server does not respond, programs that send mail wait",
		    path);
	buffer_free(&remedy);
	free(directory);
}

void
check_log(struct check *c)
{
	const char	*log = config_text(c->config, NULL, KEY_LOG);
	const char	*addresses = config_text(c->config, NULL,
			    KEY_LOG_ADDRESSES);

	if (log != NULL && log_target_of(log) == LOG_TO_FILE)
		check_file(c, log);
	if (log != NULL && log_target_of(log) == LOG_TO_JOURNAL &&
	    access(JOURNAL, F_OK) == -1)
		report(c, KEY_LOG, access(SYSLOG, F_OK) == 0 ?
		    "set log = syslog" : "set log to a file",
		    "the socket of the journal, " JOURNAL ", does not exist, "
		    "so %s", instead());
	if (log != NULL && log_target_of(log) == LOG_TO_SYSLOG &&
	    access(SYSLOG, F_OK) == -1)
		report(c, KEY_LOG, "start a syslog daemon, or set log to a "
		    "file", "nothing is logged, because " SYSLOG " does not "
		    "exist");
	if (strcmp(addresses, "hash") == 0 &&
	    strcmp(config_text(c->config, NULL, KEY_QUEUE), "off") == 0)
		report(c, KEY_LOG_ADDRESSES, "set log_addresses = domain, or "
		    "remove queue = off", "has the effect of domain, because "
		    "the key is kept in the queue directory");
}
