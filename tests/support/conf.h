/*
 * conf.h - a relais.conf for a test
 */
#ifndef SUPPORT_CONF_H
#define SUPPORT_CONF_H

#include "support/folder.h"
#include "support/smarthost.h"

/*
 * Writes FOLDER/relais.conf (mode 0600) and returns its path, which is good
 * for as long as folder_path() says.  With a smarthost: its URL with this
 * scheme.  So that nothing of this machine counts, the queue, the service's
 * socket and the log are off, aliases is an empty file, and our names are
 * client.example and example.org; a key that stands in more (whole lines, or
 * NULL) is taken from there alone, and is left out if it has no value there.
 */
const char *conf_write(struct folder *, const struct smarthost *,
	    const char *scheme, const char *more);

#endif
