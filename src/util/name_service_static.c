/*
 * name_service_static.c - the name service of a static program
 *
 * With glibc, nsswitch.conf names modules, which are shared libraries: a static
 * program that loads a module of another release of glibc can crash.
 * Therefore, only the modules that are part of libc since glibc 2.34 are used:
 * /etc/hosts and the DNS, /etc/passwd and /etc/group.
 */
#include <stdlib.h>		/* defines __GLIBC__, too */

#ifdef __GLIBC__
#include <nss.h>

static __attribute__((constructor)) void
use_files_and_dns(void)
{
	static const char *const databases[] = {
		"passwd", "group", "initgroups",
	};

	__nss_configure_lookup("hosts", "files dns");
	for (unsigned i = 0; i < sizeof(databases) / sizeof(*databases); i++)
		__nss_configure_lookup(databases[i], "files");
}
#endif
