/*
 * spool_place.h - a temporary spool with the configuration of its queue runs
 */
#ifndef SUPPORT_SPOOL_PLACE_H
#define SUPPORT_SPOOL_PLACE_H

#include "config/config.h"
#include "config/identity.h"
#include "queue/spool.h"
#include "support/temp_dir.h"
#include "util/log.h"

struct spool_place {
	struct temp_dir		 dir;
	struct spool		 spool;
	struct config		 config;
	struct identity		 me;
	struct log		 log;		/* off */
};

/*
 * conf: relais.conf, in which the key aliases is set to a file with the text
 * aliases.  Any error ends the test.
 */
void	spool_place_open(struct spool_place *, const char *aliases,
	    const char *conf);
void	spool_place_close(struct spool_place *);

#endif
