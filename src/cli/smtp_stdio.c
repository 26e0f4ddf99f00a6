#include "cli/smtp_stdio.h"

#include <stdint.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/pass_through.h"
#include "cli/report.h"
#include "config/identity.h"
#include "net/stream.h"
#include "smtpd/smtpd_session.h"
#include "smtpd/smtpd_submit.h"
#include "submit/service.h"
#include "util/file.h"
#include "util/interrupt.h"

/* A session of this process. */
static int
run_session(const struct options *options, const struct config *config,
    const struct log *log, const struct submit_no_service *no_service)
{
	struct identity		me;
	struct submit_options	how = {
		.mode = options->delivery == DELIVER_QUEUE ? SUBMIT_QUEUE :
		    SUBMIT_NOW,
		.config = config,
		.me = &me,
		.log = log,
		.uid = (uint32_t)getuid(),
		.no_service = no_service,
	};
	struct submit		submit;
	struct smtpd_submit_options session = { .submit = &submit };
	struct interrupt	interrupt;
	struct stream		stream;
	struct failure		why;
	int			status = EX_OK;

	interrupt_hold(&interrupt);
	how.interrupt = &interrupt;
	identity_find(&me, config);
	smtpd_submit_open(&submit, &how);
	stream_open_pair(&stream, STDIN_FILENO, STDOUT_FILENO);
	if (!smtpd_submit(&stream, &session, &why) &&
	    !interrupt_came(&interrupt)) {
		failed(&why, EX_IOERR, "SMTP session on standard input and "
		    "output: %s", why.text);
		status = report_failure(log, options->errors, &why);
	}
	stream_close(&stream);
	submit_close(&submit);
	identity_free(&me);
	interrupt_release(&interrupt);
	return status;
}

/*
 * Connects to the service, whose sessions are the same as those of this
 * process, and reads its greeting.
 */
static enum service_answer
connect_to_service(const struct options *options, const struct config *config,
    int *fd, struct buffer *greeting, struct failure *why)
{
	const char		*path = service_path(config, why);
	struct service_options	session = {
		.queue = options->delivery == DELIVER_QUEUE,
		.plain = true,
		.full_name = (char *)(uintptr_t)service_own_name(),
	};

	return path == NULL ? SERVICE_OFF :
	    service_connect(path, &session, fd, greeting, why);
}

int
smtp_stdio_run(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct buffer		greeting = { 0 };
	struct submit_no_service no_service;
	const struct failure	*reason = &no_service.why;
	struct failure		why;
	enum service_answer	answer;
	int			fd;
	bool			good;

	answer = connect_to_service(options, config, &fd, &greeting,
	    &no_service.why);
	if (answer == SERVICE_ACCEPTED) {
		good = (file_write(STDOUT_FILENO, greeting.data,
		    greeting.len) || failed_errno(&why, EX_IOERR, "lost "
		    "connection to the SMTP client on standard output")) &&
		    pass_through(STDIN_FILENO, STDOUT_FILENO, fd, &why);
		buffer_free(&greeting);
		close(fd);
		return good ? EX_OK : report_failure(log, options->errors,
		    &why);
	}
	buffer_free(&greeting);
	if (answer == SERVICE_BUSY) {
		why = *reason;
	} else if (config->unreadable == NULL) {
		no_service.absent = answer == SERVICE_ABSENT;
		no_service.down = answer == SERVICE_DOWN;
		return run_session(options, config, log, &no_service);
	} else {
		failed(&why, answer == SERVICE_DOWN ? EX_TEMPFAIL : EX_NOPERM,
		    "%s", config->unreadable);
		service_advise(answer, reason, "let this user read the file",
		    &why);
	}
	smtp_stdio_refuse(&why);
	return report_failure(log, options->errors, &why);
}

void
smtp_stdio_refuse(const struct failure *why)
{
	struct stream	stream;

	stream_open_pair(&stream, STDIN_FILENO, STDOUT_FILENO);
	smtpd_refuse(&stream, getprogname(), why);
	stream_close(&stream);
}
