#include "cli/smtp_stdio.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/report.h"
#include "config/identity.h"
#include "net/stream.h"
#include "smtpd/smtpd_session.h"
#include "smtpd/smtpd_submit.h"
#include "util/interrupt.h"

int
smtp_stdio_run(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct identity		me;
	struct submit_options	how = {
		.mode = options->delivery == DELIVER_QUEUE ? SUBMIT_QUEUE :
		    SUBMIT_NOW,
		.config = config,
		.me = &me,
		.log = log,
		.uid = (uint32_t)getuid(),
	};
	struct smtpd_submit_options session = { .submit = &how };
	struct interrupt	interrupt;
	struct stream		stream;
	struct failure		why;
	int			status = EX_OK;

	interrupt_hold(&interrupt);
	how.interrupt = &interrupt;
	identity_find(&me, config);
	stream_open_pair(&stream, STDIN_FILENO, STDOUT_FILENO);
	if (!smtpd_submit(&stream, &session, &why) &&
	    !interrupt_came(&interrupt)) {
		failed(&why, EX_IOERR, "lost connection to the SMTP "
		    "client on standard input");
		status = report_failure(log, options->errors, &why);
	}
	stream_close(&stream);
	identity_free(&me);
	interrupt_release(&interrupt);
	return status;
}

void
smtp_stdio_refuse(const struct failure *why)
{
	struct stream	stream;

	stream_open_pair(&stream, STDIN_FILENO, STDOUT_FILENO);
	smtpd_refuse(&stream, getprogname(), why);
	stream_close(&stream);
}
