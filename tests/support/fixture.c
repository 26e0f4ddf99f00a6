#include "support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/conf.h"

void
fixture_open(struct fixture *p, const struct script *script, const char *scheme,
    const char *more)
{
	temp_dir_make(&p->dir);
	p->host = mock_smtp_start(script);
	p->conf = conf_write(&p->dir, p->host, scheme, more);
}

const struct heard_message *
fixture_message(struct fixture *p, size_t n)
{
	assert_true(mock_smtp_wait_messages(p->host, n + 1));
	return mock_smtp_message(p->host, n);
}

void
fixture_close(struct fixture *p)
{
	mock_smtp_stop(p->host);
	temp_dir_remove(&p->dir);
}
