#include "util/privilege.h"

#include <signal.h>
#ifdef __linux__
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"

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

void
privilege_hide_memory(void)
{
#ifdef __linux__
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

bool
privilege_begin(void)
{
	const struct rlimit	none = { 0, 0 };

	file_fill_descriptors();
	if (privilege_is_raised() && !privilege_drop())
		return false;
	setrlimit(RLIMIT_CORE, &none);
	privilege_hide_memory();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(077);
	return true;
}
