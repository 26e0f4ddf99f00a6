#include "setup/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/connect.h"

#define UNIT	"relais.service"

enum { CONNECT_MS = 5000 };

bool
reload_has_systemd(void)
{
	/* As sd_booted(3). */
	return access("/run/systemd/system", F_OK) == 0;
}

/*
 * Sets the process that listens on the socket, and its user; .pid is 0 if the
 * process is not visible.
 */
static bool
find_listener(const char *path, struct ucred *peer)
{
	const struct connect_options	options = { .timeout_ms = CONNECT_MS };
	struct endpoint			at = { .path = path };
	socklen_t			size = sizeof(*peer);
	struct failure			ignored;
	int				fd = connect_to(&at, &options,
					    &ignored);

	if (fd == -1)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &size) == -1)
		peer->pid = 0;
	close(fd);
	return true;
}

/*
 * The process may have ended, and another one may have its number.  The user
 * who created the socket must not be able to have a signal sent to a process of
 * another user.
 */
static bool
is_ours(const struct ucred *peer)
{
	char		 path[64], line[128];
	unsigned long	 uid;
	bool		 is_service = false, is_same_user = false;
	FILE		*f;

	/* Files in /proc can belong to root even if the process does not. */
	snprintf(path, sizeof(path), "/proc/%ld/status", (long)peer->pid);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL) {
		is_service |= strcmp(line, "Name:\trelais\n") == 0 ||
		    strcmp(line, "Name:\tsendmail\n") == 0;
		is_same_user |= sscanf(line, "Uid:\t%*u\t%lu", &uid) == 1 &&
		    uid == peer->uid;
	}
	fclose(f);
	return is_service && is_same_user;
}

/* The unit may have been stopped: then it is started when it is needed. */
static bool
ask_systemd(void)
{
	char	*argv[] = { "systemctl", "try-reload-or-restart", UNIT, NULL };
	pid_t	 child = fork();
	int	 status;

	if (child == 0) {
		execvp(argv[0], argv);
		_exit(EX_UNAVAILABLE);
	}
	if (child == -1)
		return false;
	while (waitpid(child, &status, 0) == -1)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

enum reload_answer
reload_service(const char *socket, struct failure *what)
{
	struct ucred	peer = { .pid = 0 };
	pid_t		pid;

	if (!find_listener(socket, &peer))
		return RELOAD_NO_SERVICE;
	pid = peer.pid;
	if (pid > 0 && is_ours(&peer)) {
		if (kill(pid, SIGHUP) == -1) {
			failed_errno(what, EX_OSERR, "SIGHUP to process %ld",
			    (long)pid);
			return RELOAD_FAILED;
		}
		failed(what, EX_OK, "SIGHUP to process %ld", (long)pid);
		return RELOAD_DONE;
	}
	if (pid == 1 && reload_has_systemd()) {
		failed(what, EX_OK, "systemctl try-reload-or-restart " UNIT);
		if (ask_systemd())
			return RELOAD_DONE;
		failure_suffix(what, ": failed");
		return RELOAD_FAILED;
	}
	failed(what, EX_UNAVAILABLE, "the process that listens on %s is not "
	    "known", socket);
	return RELOAD_FAILED;
}
