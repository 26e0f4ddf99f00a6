#include "support/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/conf.h"

void
place_open(struct place *p, const struct script *script, const char *scheme,
    const char *more)
{
	folder_make(&p->folder);
	p->host = smarthost_start(script);
	p->conf = conf_write(&p->folder, p->host, scheme, more);
}

const struct heard_message *
place_arrival(struct place *p, size_t n)
{
	assert_true(smarthost_wait_messages(p->host, n + 1));
	return smarthost_message(p->host, n);
}

void
place_close(struct place *p)
{
	smarthost_stop(p->host);
	folder_remove(&p->folder);
}
