/*
 * sendfile.h - octets from a file to a socket, inside the kernel
 */
#ifndef NET_SENDFILE_H
#define NET_SENDFILE_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Sends up to len octets from *offset and moves it on.  Returns how many, 0
 * at the end of the file, -1 with errno; ENOSYS where the system can't, and
 * the caller copies then.
 */
ssize_t	file_to_socket(int socket, int file, off_t *offset, uint64_t len);

#endif
