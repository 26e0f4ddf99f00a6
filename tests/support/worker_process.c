#include "support/worker_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/serve_channel.h"
#include "serve/serve_worker.h"
#include "support/conf_load.h"

void
worker_process_open(struct worker_process *p, const struct script *script)
{
	char	conf[200];

	p->host = mock_smtp_start(script);
	temp_dir_make(&p->dir);
	snprintf(conf, sizeof(conf), "smarthost = smtp://127.0.0.1:%u\n"
	    "timeout = 8s\nhelo = client.example\ndomain = example.org\n",
	    p->host->port);
	conf_load(&p->config, &p->dir, conf);
	identity_find(&p->me, &p->config);
	log_open(&p->log, &(struct log_options){ .target = "off",
	    .tag = "test" });
}

void
worker_process_start(struct worker_process *p)
{
	static atomic_bool	 waiting = true;
	struct serve_worker	 w = { .config = &p->config, .me = &p->me,
				    .log = &p->log, .waiting = &waiting,
				    .seats = -1 };
	int			 ends[2];

	assert_true(serve_channel_open(ends));
	p->pid = fork();
	assert_int_not_equal(p->pid, -1);
	if (p->pid == 0) {
		close(ends[0]);
		signal(SIGPIPE, SIG_IGN);
		w.channel = ends[1];
		serve_worker_run(&w);
		_exit(0);
	}
	close(ends[1]);
	p->channel = ends[0];
}

int
worker_process_end(struct worker_process *p)
{
	int	status;

	close(p->channel);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	return status;
}

void
worker_process_close(struct worker_process *p)
{
	log_close(&p->log);
	identity_free(&p->me);
	config_free(&p->config);
	mock_smtp_stop(p->host);
	temp_dir_remove(&p->dir);
}
