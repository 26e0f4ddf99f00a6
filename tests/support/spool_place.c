#include "support/spool_place.h"

#include "support/conf_load.h"
#include "support/temp_spool.h"
#include "util/buffer.h"

void
spool_place_open(struct spool_place *p, const char *aliases, const char *conf)
{
	struct buffer	text = { 0 };

	temp_dir_make(&p->dir);
	temp_spool_make(&p->spool, 0);
	buffer_addf(&text, "aliases = %s\n%s",
	    temp_dir_write(&p->dir, "aliases", 0600, aliases), conf);
	conf_load(&p->config, &p->dir, text.data);
	buffer_free(&text);
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
