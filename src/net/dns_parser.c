#include "net/dns_parser.h"

#include <dlfcn.h>
#include <stddef.h>
#include <sysexits.h>

#include "util/library.h"

bool
dns_parser_load(struct dns_parser *p, struct failure *why)
{
	void	*library = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);
	bool	 lasts = library != NULL || library_is_missing(dlerror());

	if (library == NULL)
		library = RTLD_DEFAULT;
	/* POSIX guarantees this conversion; ISO C does not. */
	*(void **)&p->init = dlsym(library, "ns_initparse");
	*(void **)&p->record = dlsym(library, "ns_parserr");
	return (p->init != NULL && p->record != NULL) ||
	    failed(why, lasts ? EX_UNAVAILABLE : EX_TEMPFAIL, "cannot load "
	    "libresolv, which parses the replies of name servers");
}
