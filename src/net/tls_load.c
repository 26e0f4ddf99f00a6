#include "net/tls_module.h"

#include <dlfcn.h>
#include <openssl/opensslv.h>
#include <stddef.h>
#include <sysexits.h>

#include "util/installed.h"

/*
 * Calling this again is cheap, because the dynamic loader keeps the module
 * until the process ends.
 */
const struct tls_module *
tls_load(struct failure *why)
{
	const struct tls_module	*module = NULL;
	void			*handle;

	handle = dlopen(installed_tls_module(), RTLD_NOW | RTLD_LOCAL);
	if (handle != NULL)
		module = dlsym(handle, TLS_MODULE_NAME);
	if (module == NULL)
		failed(why, EX_UNAVAILABLE, "cannot load the TLS module %s: "
		    "%s", installed_tls_module(), dlerror());
	return module;
}

const char *
tls_built_with(void)
{
	return OPENSSL_VERSION_TEXT;
}

const char *
tls_module_path(void)
{
	return installed_tls_module();
}
