#include "support/conf_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

void
conf_load(struct config *config, struct temp_dir *dir, const char *text)
{
	struct config_source	source = { .file = temp_dir_write(dir,
				    "relais.conf", 0600, text) };
	struct failure		why;

	if (!config_load(config, &source, &why))
		fail_msg("%s", why.text);
}
