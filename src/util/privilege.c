#include "util/privilege.h"

#ifdef __linux__
#include <sys/auxv.h>
#endif
#include <unistd.h>

bool
privilege_is_raised(void)
{
#ifdef __linux__
	return getauxval(AT_SECURE) != 0;
#else
	return issetugid();
#endif
}

/* The saved IDs follow the real ones.  The group first: it needs the user's. */
bool
privilege_drop(void)
{
	gid_t	gid = getgid();
	uid_t	uid = getuid();

	return setregid(gid, gid) == 0 && setreuid(uid, uid) == 0 &&
	    getegid() == gid && geteuid() == uid;
}
