/*
 * conf.h - write a relais.conf for a test
 */
#ifndef SUPPORT_CONF_H
#define SUPPORT_CONF_H

#include "support/mock_smtp.h"
#include "support/temp_dir.h"

/*
 * Writes relais.conf (mode 0600) and returns temp_dir_path().  The smarthost,
 * if it is not NULL, is configured as a URL with this scheme.  To be
 * independent of this machine, the queue and the log are off, aliases is an
 * empty file, and our names are client.example and example.org.  more has
 * further lines: a key in them replaces the default, or removes it if its
 * value is empty.
 */
const char *conf_write(struct temp_dir *, const struct mock_smtp *,
	    const char *scheme, const char *more);

#endif
