#include "net/sendfile.h"

#ifdef __linux__

#include <sys/sendfile.h>

ssize_t
file_to_socket(int socket, int file, off_t *offset, uint64_t len)
{
	/* The kernel sends 2 GiB less a page at the most. */
	return sendfile(socket, file, offset,
	    len < 0x7ffff000 ? (size_t)len : 0x7ffff000);
}

#else

#include <errno.h>

ssize_t
file_to_socket(int socket, int file, off_t *offset, uint64_t len)
{
	(void)socket, (void)file, (void)offset, (void)len;
	errno = ENOSYS;
	return -1;
}

#endif
