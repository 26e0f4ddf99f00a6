#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "check/local.h"
#include "config/credentials.h"
#include "net/stream.h"
#include "setup/reload.h"
#include "smtp/reply.h"
#include "submit/service.h"
#include "util/buffer.h"

enum { REPLY_MS = 30 * 1000 };

/* The service, and the users for whom it makes the difference. */
struct service {
	struct check		*check;
	struct check_finding	 found;		/* what all findings share */
	const char		*path;		/* of the socket; NULL: not
						 * used */
	const char		*unreadable;	/* a file that this user cannot
						 * read, so that only the
						 * service can send the mail;
						 * or NULL */
	const char		*private;	/* a file that other users
						 * cannot read, or NULL */
};

static bool
is_private(const char *path)
{
	struct stat	st;

	return stat(path, &st) == 0 && !(st.st_mode & S_IROTH);
}

static void
find_private(struct service *s)
{
	static const enum config_key	 keys[] = { KEY_PASSWORD_FILE,
					    KEY_TLS_KEY, KEY_TLS_CERTIFICATE,
					    KEY_PROXY_PASSWORD_FILE };
	const struct config		*config = s->check->config;
	const struct setting		*set = credentials_unreadable(config);
	const char			*aliases = config_text(config, NULL,
					    KEY_ALIASES);

	if (config->unreadable != NULL)
		s->unreadable = config->path;
	else if (set != NULL)
		s->unreadable = set->value;
	else if (access(aliases, R_OK) == -1 && errno == EACCES)
		s->unreadable = aliases;
	if (config->path != NULL && is_private(config->path)) {
		s->private = config->path;
		return;
	}
	for (const struct section *at = config->first; at != NULL;
	    at = at->next)
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (at->setting[keys[i]] != NULL &&
			    is_private(at->setting[keys[i]]->value))
				s->private = at->setting[keys[i]]->value;
}

const char *
check_start_command(bool again)
{
	if (reload_has_systemd())
		return again ? "run: systemctl restart relais.socket "
		    "relais.service; if that fails, the reason is in the log: "
		    "journalctl -u relais.service" :
		    "run: systemctl enable --now relais.socket relais.service";
	if (access("/etc/init.d/relais", X_OK) == 0)
		return again ? "run: rc-service relais restart" :
		    "run: rc-update add relais && rc-service relais start";
	return "start \"relais serve\" as the user relais";
}

/* The service cannot be used. */
static void
report_unusable(struct service *s, const char *text, int status)
{
	struct check_finding	found = s->found;

	if (s->unreadable != NULL) {
		found.verdict = CHECK_FAIL;
		found.status = status;
		check_report(s->check, &found, "%s; this user depends on the "
		    "service, because %s is not readable", text,
		    s->unreadable);
	} else {
		check_report(s->check, &found, "%s", text);
	}
}

static void
report_unused(struct service *s, const struct failure *why)
{
	const struct setting	*set = config_find(s->check->config, NULL,
				    KEY_SOCKET);
	struct buffer		 text = { 0 };

	s->found.origin = set != NULL ? set->origin : NULL;
	s->found.object = NULL;
	if (why->text[0] != '\0') {
		buffer_addf(&text, "the service is not used, because %s",
		    why->text);
		s->found.remedy = s->unreadable == NULL ? NULL :
		    "use the configuration of the system, or set socket to "
		    "the socket of a service";
	} else {
		buffer_addf(&text, "the service is not used: socket = off");
		s->found.remedy = s->unreadable == NULL ? NULL :
		    "remove socket = off, and start the service";
	}
	report_unusable(s, text.data, EX_NOPERM);
	buffer_free(&text);
}

/* Nothing listens on the socket.  The exit statuses are those of sendmail. */
static void
report_absent(struct service *s)
{
	struct buffer	text = { 0 };

	buffer_addf(&text, "the service is not running");
	if (s->unreadable != NULL) {
		s->found.remedy = check_start_command(false);
	} else if (geteuid() == 0 && s->private != NULL) {
		s->found.verdict = CHECK_WARNING;
		s->found.remedy = check_start_command(false);
		buffer_addf(&text, ": users who cannot read %s cannot send "
		    "mail", s->private);
	} else {
		buffer_addf(&text, ": this user does not need it");
	}
	report_unusable(s, text.data, EX_NOPERM);
	buffer_free(&text);
}

static void
report_down(struct service *s, enum service_answer answer,
    const struct failure *why)
{
	size_t		len = strlen(s->path);
	const char	*text = why->text;

	if (strncmp(text, s->path, len) == 0 && text[len] == ':')
		text += len + 2;
	s->found.verdict = CHECK_WARNING;
	s->found.remedy = answer == SERVICE_BUSY ?
	    "if this persists, set clients to a larger number" :
	    access(s->path, W_OK) == -1 && geteuid() != 0 ?
	    "as root, correct the permissions: the socket must have mode "
	    "0666, and its directory 0755" : check_start_command(true);
	report_unusable(s, text, EX_TEMPFAIL);
}

/*
 * A service that accepts connections.
 */

/* An upgrade replaces the file of the program, not the process. */
static void
check_age(struct service *s, int fd)
{
	struct check_finding	found = s->found;
	struct ucred		peer = { .pid = 0 };
	socklen_t		size = sizeof(peer);
	char			path[64], program[PATH_MAX];
	ssize_t			n;

	/* If systemd listens, it is the peer, and process 1. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1 ||
	    peer.pid <= 1)
		return;
	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)peer.pid);
	n = readlink(path, program, sizeof(program) - 1);
	program[n > 0 ? n : 0] = '\0';
	if (strstr(program, " (deleted)") == NULL)
		return;
	found.verdict = CHECK_WARNING;
	found.remedy = check_start_command(true);
	check_report(s->check, &found, "process %ld still runs the previous "
	    "version of the program", (long)peer.pid);
}

static bool
ask(struct stream *stream, const char *command, struct reply *reply,
    struct failure *why)
{
	return stream_printf(stream, why, "%s\r\n", command) &&
	    stream_flush(stream, why) && reply_read(reply, stream, NULL, why);
}

/*
 * Whether the service runs this version and has this configuration.  An older
 * service does not know the command.
 */
static void
check_about(struct service *s, const struct reply *reply, int fd)
{
	const struct config	*config = s->check->config;
	struct check_finding	 found = s->found;
	struct service_about	 about;
	struct failure		 ignored;

	found.verdict = CHECK_WARNING;
	found.remedy = check_start_command(true);
	if (!reply_is_positive(reply) ||
	    !service_about_parse(&about, reply->text, &ignored)) {
		check_report(s->check, &found, "the service runs an earlier "
		    "version of the program than this one, %s", VERSION);
		return;
	}
	if (strcmp(about.version, VERSION) != 0)
		check_report(s->check, &found, "the service runs version %s of "
		    "the program, and this is version %s", about.version,
		    VERSION);
	else
		check_age(s, fd);
	if (config->changed_us == 0 || about.changed_us == config->changed_us)
		return;
	found.remedy = reload_has_systemd() ?
	    "run: systemctl try-reload-or-restart relais.service" :
	    "send SIGHUP to the process \"relais serve\"";
	check_report(s->check, &found, "the service has not read the latest "
	    "changes to %s", config->path);
}

/*
 * Names root as the recipient of a message from this user, and sends none.
 * Returns false if the connection failed.
 */
static bool
check_dialogue(struct service *s, struct stream *stream, struct failure *why)
{
	struct check_finding	found = s->found;
	struct reply		about, mail, rcpt = { .code = 0 }, ignored;
	char			line[800];

	if (!ask(stream, "XRELAIS ABOUT", &about, why) ||
	    !ask(stream, "LHLO localhost", &ignored, why) ||
	    !ask(stream, "MAIL FROM:<>", &mail, why) ||
	    (reply_is_positive(&mail) &&
	    !ask(stream, "RCPT TO:<root>", &rcpt, why)) ||
	    !ask(stream, "RSET", &ignored, why))
		return false;
	check_about(s, &about, stream->fd);
	if (!reply_is_positive(&mail)) {
		found.verdict = CHECK_FAIL;
		found.status = reply_is_transient(&mail) ? EX_TEMPFAIL :
		    EX_UNAVAILABLE;
		check_report(s->check, &found, "the service does not accept "
		    "mail from %s: %s", s->check->me->user,
		    reply_line(&mail, line, sizeof(line)));
	} else if (!reply_is_positive(&rcpt)) {
		found.verdict = CHECK_WARNING;
		check_report(s->check, &found, "the service does not accept "
		    "mail to root: %s", reply_line(&rcpt, line, sizeof(line)));
	} else {
		check_report(s->check, &found, "the service accepts mail from "
		    "%s to root", s->check->me->user);
	}
	return true;
}

static void
check_running(struct service *s, int fd)
{
	struct stream	stream;
	struct failure	why;

	stream_open(&stream, fd);
	stream_set_timeout(&stream, REPLY_MS);
	stream_set_interrupt(&stream, s->check->interrupt);
	if (!check_dialogue(s, &stream, &why))
		report_down(s, SERVICE_DOWN, &why);
	stream_close(&stream);
}

void
check_service(struct check *c)
{
	const struct service_options	 options = { .default_sender = true };
	struct service			 s = { .check = c };
	struct buffer			 greeting = { 0 };
	struct failure			 why;
	enum service_answer		 answer;
	int				 fd;

	find_private(&s);
	s.path = service_path(c->config, &why);
	s.found = (struct check_finding){ .stage = CHECK_SERVICE,
	    .object = s.path };
	if (s.path == NULL) {
		report_unused(&s, &why);
		return;
	}
	answer = service_connect(s.path, &options, &fd, &greeting, &why);
	if (answer == SERVICE_ACCEPTED)
		check_running(&s, fd);
	else if (answer == SERVICE_ABSENT)
		report_absent(&s);
	else
		report_down(&s, answer, &why);
	buffer_free(&greeting);
}
