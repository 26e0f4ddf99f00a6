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

/*
 * Also sets the saved IDs.  The group is first, since changing it may require
 * the privileges of the user.
 */
bool
privilege_drop(void)
{
	gid_t	gid = getgid();
	uid_t	uid = getuid();

	return setregid(gid, gid) == 0 && setreuid(uid, uid) == 0 &&
	    getegid() == gid && geteuid() == uid;
}
