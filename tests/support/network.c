#include "support/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/namespace.h"
#include "support/temp_dir.h"

static bool
refused(const char *what)
{
	print_message("skipped: no network of its own: %s: %s\n", what,
	    strerror(errno));
	return false;
}

static bool
loopback_up(void)
{
	struct ifreq	request = { .ifr_name = "lo" };
	int		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool		good;

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	good = fd != -1 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	return good || refused("loopback");
}

/* Mounts a file of ours over the system's. */
static bool
replace(const char *path, const char *name, const char *text)
{
	struct temp_dir	f;
	bool		good;

	temp_dir_make(&f);
	good = mount(temp_dir_write(&f, name, 0644, text), path, NULL, MS_BIND,
	    NULL) == 0;
	temp_dir_remove(&f);
	return good || refused(path);
}

bool
network_alone(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) == -1 && (errno != EPERM ||
	    !namespace_enter(0, CLONE_NEWNET | CLONE_NEWNS)))
		return refused("unshare");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		return refused("mount");
	return loopback_up() &&
	    replace("/etc/resolv.conf", "resolv", "nameserver 127.0.0.1\n") &&
	    replace("/etc/hosts", "hosts", "") &&
	    replace("/etc/nsswitch.conf", "nss", "hosts: files dns\n");
}

static bool
replace_again(const char *path, const char *name, const char *text)
{
	if (umount2(path, MNT_DETACH) == -1)
		return refused(path);
	return replace(path, name, text);
}

bool
network_set_resolver(const char *text)
{
	return replace_again("/etc/resolv.conf", "resolv", text);
}

bool
network_set_hosts(const char *text)
{
	return replace_again("/etc/hosts", "hosts", text);
}

bool
network_add_ipv4(const char *address)
{
	struct ifreq		 request = { .ifr_name = "lo:1" };
	struct sockaddr_in	*in = (void *)&request.ifr_addr;
	int			 fd = socket(AF_INET,
				    SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool			 good;

	in->sin_family = AF_INET;
	assert_int_equal(inet_pton(AF_INET, address, &in->sin_addr), 1);
	good = fd != -1 && ioctl(fd, SIOCSIFADDR, &request) == 0;
	if (fd != -1)
		close(fd);
	return good || refused(address);
}

bool
network_add_ipv6(const char *address)
{
	struct in6_ifreq	request = {
		.ifr6_prefixlen = 128,
		.ifr6_ifindex = (int)if_nametoindex("lo"),
	};
	int			fd = socket(AF_INET6,
				    SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool			good;

	assert_int_equal(inet_pton(AF_INET6, address, &request.ifr6_addr), 1);
	good = fd != -1 && ioctl(fd, SIOCSIFADDR, &request) == 0;
	if (fd != -1)
		close(fd);
	return good || refused(address);
}

static void
no_network_of_its_own(void **state)
{
	(void)state;
	skip();
}

int
network_skip(void)
{
	const struct CMUnitTest	none[] = {
		cmocka_unit_test(no_network_of_its_own),
	};

	return cmocka_run_group_tests(none, NULL, NULL);
}
