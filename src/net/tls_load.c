#include "net/tls_module.h"

#include <dlfcn.h>
#include <openssl/opensslv.h>
#include <stddef.h>
#include <sysexits.h>

#include "util/installed.h"
#include "util/library.h"

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
	if (module == NULL) {
		const char	*error = dlerror();

		/*
		 * While relais is upgraded, a process of the old version finds
		 * the new module, or the other way round.
		 */
		failed(why, handle == NULL && library_is_missing(error) ?
		    EX_UNAVAILABLE : EX_TEMPFAIL, "cannot load the TLS module "
		    "%s: %s", installed_tls_module(), error);
		if (why->status == EX_TEMPFAIL)
			why->cause = TLS_CAUSE_MODULE;
	}
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
