#include "support/spool_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/temp_spool.h"
#include "util/buffer.h"

void
spool_place_open(struct spool_place *p, const char *aliases, const char *conf)
{
	struct config_source	source;
	struct buffer		text = { 0 };
	struct failure		why;

	temp_dir_make(&p->dir);
	temp_spool_make(&p->spool, 0);
	buffer_addf(&text, "aliases = %s\n%s",
	    temp_dir_write(&p->dir, "aliases", 0600, aliases), conf);
	source = (struct config_source){ .file = temp_dir_write(&p->dir,
	    "conf", 0600, text.data) };
	buffer_free(&text);
	if (!config_load(&p->config, &source, &why))
		fail_msg("%s", why.text);
	identity_find(&p->me, &p->config);
	log_open(&p->log, &(struct log_options){ .target = "off",
	    .tag = "test" });
}

void
spool_place_close(struct spool_place *p)
{
	log_close(&p->log);
	identity_free(&p->me);
	config_free(&p->config);
	temp_spool_remove(&p->spool);
	temp_dir_remove(&p->dir);
}
