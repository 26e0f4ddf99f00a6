/*
 * relais check: the queue directory and the messages in it.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "check/local.h"
#include "config/section.h"
#include "queue/id.h"
#include "support/cases.h"
#include "support/findings.h"
#include "support/namespace.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "support/temp_spool.h"
#include "util/buffer.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

struct spool_case {
	const char	*sentence;
	const char	*queue;		/* or NULL: the spool of the test */
	mode_t		 mode;		/* of the directory; 0: 0700 */
	unsigned	 messages;	/* in the queue */
	int64_t		 age;		/* of them, and since when they are */
	int64_t		 due;		/* due, in seconds; 0: now */
	bool		 lost;		/* they were given up */
	const char	*state;		/* of the entries, of five letters;
					 * NULL: ready */
	const char	*limit;		/* queue_size_limit, or NULL */
	const char	*fs;		/* options of a small file system, or
					 * NULL */
	bool		 has_service;	/* there is a user relais */
	const char	*removed;	/* subdirectories, or NULL */
	const char	*want[2];	/* parts of the findings */
	const char	*not;		/* not a part, or NULL */
	int		 status;
};

#define FREE_SPACE	" MiB are free\n"

static const struct spool_case spools[] = {
	{ "an empty spool is good", .want = {
	    "spool ok 0 waiting, none given up\n", FREE_SPACE },
	    .not = "warning" },
	{ "a waiting message is counted", .messages = 1, .want = {
	    "spool ok 1 waiting, none given up\n", "spool ok the oldest "
	    "message, ID, has waited 0 minutes: it has not been tried\n" },
	    .not = "warning" },
	{ "messages that were given up are a warning", .messages = 1,
	    .lost = true, .want = { "spool warning 0 waiting, 1 given up; "
	    "the newest of them, ID: ",
	    " => run: relais queue list --failed\n" } },
	{ "an old message is a warning", .messages = 1, .age = 3 * DAY,
	    .want = { "spool warning the oldest message, ID, has waited 3 "
	    "days: it has not been tried => run: relais queue show ID\n" } },
	{ "a message that is held can be old", .messages = 1,
	    .age = 3 * DAY, .due = 3 * DAY, .state = "held ", .want = {
	    "spool ok 1 waiting, none given up\n" }, .not = "warning" },
	{ "a message that is collected can be old", .messages = 1,
	    .age = 3 * DAY, .due = MINUTE, .state = "storm", .want = {
	    "spool ok 1 waiting, none given up\n" }, .not = "oldest" },
	{ "a collected message whose digest is late is a warning",
	    .messages = 1, .age = 3 * HOUR, .due = 2 * HOUR,
	    .state = "storm", .want = { "spool warning the next attempt for "
	    "ID has been due for 2 hours: nothing runs the queue => " } },
	{ "a message that is long due means that nothing runs the queue",
	    .messages = 1, .age = 5 * HOUR, .due = 3 * HOUR, .want = {
	    "spool warning the next attempt for ID has been due for 3 hours: "
	    "nothing runs the queue => " } },
	{ "a message that is due since the last queue run is good",
	    .messages = 1, .age = 30 * MINUTE, .due = MINUTE, .want = {
	    "spool ok the oldest message, ID, has waited 30 minutes: " },
	    .not = "warning" },
	{ "a queue that is almost full is a warning", .messages = 9,
	    .limit = "1K", .want = { " of queue_size_limit = 1K are used; "
	    "when the limit is reached, messages that must wait are refused "
	    "=> raise queue_size_limit, or release or delete messages" } },

	{ "a file system that is almost full is a warning",
	    .fs = "size=20m", .want = { "spool warning only ", " MiB are "
	    "free: soon, no message can be queued => remove files" } },
	{ "less space is needed for a smaller queue", .fs = "size=20m",
	    .limit = "10M", .want = { FREE_SPACE }, .not = "warning" },
	{ "a file system without inodes is a warning",
	    .fs = "size=200m,nr_inodes=100", .want = { "spool warning only ",
	    " inodes are free: soon, no message can be queued => " } },
	{ "a read-only file system fails", .fs = "ro", .want = {
	    "spool fail the file system is read-only: waiting messages are "
	    "not sent, and none can be queued => remount" },
	    .status = EX_CANTCREAT },

	{ "a spool of root cannot be used by the service", .has_service = true,
	    .want = { "spool warning belongs to root, so the service, "
	    "which runs as the user relais, cannot use it => run: chown -R "
	    "relais:relais /" } },
	{ "a spool that others can write to is a warning", .mode = 0777,
	    .want = { "spool warning it is writable by other users => run: "
	    "chmod 700 /" }, .not = "(" },
	{ "a directory that does not exist yet is good",
	    "/nonexistent-relais/", .want = { "spool ok no message has been "
	    "queued yet\n" }, .not = "warning" },
	{ "an empty directory is good", .removed = "queue failed tmp",
	    .want = { "spool ok no message has been queued yet\n" },
	    .not = "warning" },
	{ "a directory that cannot be created is a warning",
	    "/nonexistent/relais", .want = { "spool warning it cannot be "
	    "created: /nonexistent: No such file or directory => create the "
	    "missing directory, or correct the path in queue\n" } },
	{ "a missing subdirectory is a warning", .messages = 1,
	    .removed = "failed", .want = { "spool warning its subdirectory "
	    "failed is missing: it is created when the service starts, or when "
	    "a message is queued without the service => " } },
	{ "a missing queue/ is a warning", .removed = "queue", .want = {
	    "spool warning its subdirectory queue is missing: " } },
	{ "a disabled queue is a warning", "off", .want = {
	    "spool warning the queue is disabled" } },
};

static void
enter_namespace(void)
{
	if ((unshare(CLONE_NEWNS) == -1 &&
	    !namespace_enter(0, CLONE_NEWNS)) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		skip_because("no mount namespace can be created");
}

/* Adds the user relais. */
static void
add_user(struct temp_dir *dir)
{
	temp_dir_make(dir);
	enter_namespace();
	if (mount(temp_dir_write(dir, "passwd", 0644, "root:x:0:0::/:/bin/sh\n"
	    "relais:x:4242:4242::/:/bin/false\n"), "/etc/passwd", NULL,
	    MS_BIND, NULL) == -1)
		skip_because("/etc/passwd cannot be replaced");
}

/* Makes the spool on its own file system. */
static void
make_small_spool(struct spool *spool, struct temp_dir *dir,
    const char *options)
{
	bool	read_only = strcmp(options, "ro") == 0;

	temp_dir_make(dir);
	enter_namespace();
	if (mount("tmpfs", dir->path, "tmpfs", 0,
	    read_only ? "size=200m" : options) == -1)
		skip_because("no file system can be mounted");
	temp_spool_make_in(spool, dir->path, 0);
	if (read_only)
		assert_int_equal(mount(NULL, dir->path, NULL,
		    MS_REMOUNT | MS_RDONLY, NULL), 0);
}

/* Puts a message of this age into the spool, and sets its ID. */
static void
put_message(struct spool *spool, const struct spool_case *c, uint32_t number,
    char id[ID_SIZE])
{
	int64_t			now = (int64_t)time(NULL);
	const struct timespec	times[2] = { { 0, UTIME_OMIT },
				    { now - c->due, 0 } };
	int			to = spool->dir[c->lost ? SPOOL_FAILED :
				    SPOOL_QUEUE];
	char			name[64];
	struct buffer		text = { 0 };
	char			path[200];
	int			fd;

	temp_spool_put(spool, name, (const char *const[]){ "a@example.org",
	    "" });
	id_make(id, (now - c->age) * 1000000, number);
	assert_int_equal(renameat(spool->dir[SPOOL_QUEUE], name, to, id), 0);
	if (c->state != NULL) {
		snprintf(path, sizeof(path), "%s/queue/%s", spool->directory,
		    id);
		file_read(&text, path);
		fd = open(path, O_WRONLY);
		assert_int_equal(pwrite(fd, c->state, 5,
		    strstr(text.data, "\nstate ") + 7 - text.data), 5);
		close(fd);
		buffer_free(&text);
	}
	assert_int_equal(utimensat(to, id, times, 0), 0);
}

static void
hide(char *text, const char *id)
{
	while ((text = strstr(text, id)) != NULL) {
		memcpy(text, "ID", 2);
		memmove(text + 2, text + ID_SIZE - 1,
		    strlen(text + ID_SIZE - 1) + 1);
	}
}

static void
spool_is_reported(void **state)
{
	const struct spool_case	*c = *state;
	struct setting		 set = { .origin = (char []){ "here:1" } };
	struct setting		 limit = set, socket = set;
	struct section		 top = { 0 };
	struct config		 config = { .first = &top };
	struct buffer		 out = { 0 };
	struct check		 check = { .config = &config,
				    .report = findings_note, .context = &out };
	struct temp_dir		 dir;
	struct spool		 spool;
	char			 id[ID_SIZE] = "";

	if (c->fs != NULL)
		make_small_spool(&spool, &dir, c->fs);
	else
		temp_spool_make(&spool, 0);
	if (c->has_service)
		add_user(&dir);
	for (uint32_t i = 0; i < c->messages; i++)
		put_message(&spool, c, i, id);
	for (int i = 0; c->removed != NULL && i < SPOOL_DIRS; i++)
		if (strstr(c->removed, spool_dir_name((enum spool_dir)i)))
			assert_int_equal(unlinkat(spool.fd, spool_dir_name(
			    (enum spool_dir)i), AT_REMOVEDIR), 0);
	if (c->mode != 0)
		assert_int_equal(fchmod(spool.fd, c->mode), 0);
	set.value = (char *)(uintptr_t)(c->queue != NULL ? c->queue :
	    spool.directory);
	limit.value = (char *)(uintptr_t)c->limit;
	socket.value = (char *)(uintptr_t)(c->has_service ? "/run/x" : "off");
	top.setting[KEY_SOCKET] = &socket;
	top.setting[KEY_QUEUE] = &set;
	if (c->limit != NULL)
		top.setting[KEY_QUEUE_SIZE_LIMIT] = &limit;
	check_spool(&check);
	fchmod(spool.fd, 0700);
	if (c->fs != NULL && strcmp(c->fs, "ro") == 0)
		mount(NULL, dir.path, NULL, MS_REMOUNT, NULL);
	temp_spool_remove(&spool);
	if (c->fs != NULL)
		umount(dir.path);
	else if (c->has_service)
		umount("/etc/passwd");
	if (c->fs != NULL || c->has_service)
		temp_dir_remove(&dir);
	if (c->messages > 0)
		hide(out.data, id);
	for (size_t i = 0; i < 2 && c->want[i] != NULL; i++)
		if (strstr(out.data, c->want[i]) == NULL)
			fail_msg("no \"%s\" in: %s", c->want[i], out.data);
	if (c->not != NULL && strstr(out.data, c->not) != NULL)
		fail_msg("\"%s\" in: %s", c->not, out.data);
	assert_int_equal(check.status, c->status);
	buffer_free(&out);
}

int
main(void)
{
	return CASES_RUN("the spool", spool_is_reported, spools);
}
