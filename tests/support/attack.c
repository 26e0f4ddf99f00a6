#include "support/attack.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 512 };

enum attack_result
attack_result(bool done)
{
	if (done)
		return ATTACK_DONE;
	if (errno == EPERM || errno == EACCES || errno == EXDEV)
		return ATTACK_DENIED;
	return errno == ENOSYS ? ATTACK_UNKNOWN : ATTACK_FAILED;
}

static const char *
path_in(char path[PATH_SIZE], const char *directory, const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s", directory, name);
	return path;
}

enum attack_result
attack_program(const struct attack_place *p)
{
	char	script[32];

	(void)p;
	snprintf(script, sizeof(script), "exit %d", ATTACK_DONE);
	execl("/bin/sh", "sh", "-c", script, (char *)NULL);
	return attack_result(false);
}

/* The child of a fork or clone, if there is one, ends at once. */
static enum attack_result
split(long pid)
{
	if (pid == 0)
		_exit(0);
	return attack_result(pid != -1 &&
	    waitpid((pid_t)pid, NULL, 0) == pid);
}

enum attack_result
attack_process(const struct attack_place *p)
{
	(void)p;
	return split(fork());
}

enum attack_result
attack_namespace(const struct attack_place *p)
{
	(void)p;
	return split(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL,
	    NULL, NULL));
}

enum attack_result
attack_new_namespace(const struct attack_place *p)
{
	(void)p;
	return attack_result(unshare(CLONE_NEWUSER) == 0);
}

enum attack_result
attack_signal(const struct attack_place *p)
{
	return attack_result(kill(p->victim, SIGURG) == 0);
}

enum attack_result
attack_signal_thread(const struct attack_place *p)
{
	return attack_result(syscall(SYS_tkill, p->victim, SIGURG) == 0);
}

enum attack_result
attack_signal_group_thread(const struct attack_place *p)
{
	return attack_result(syscall(SYS_tgkill, p->victim, p->victim,
	    SIGURG) == 0);
}

enum attack_result
attack_signal_by_io(const struct attack_place *p)
{
	int	fd[2];

	return attack_result(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fd) == 0 && fcntl(fd[0], F_SETOWN, p->victim) == 0);
}

enum attack_result
attack_limit(const struct attack_place *p)
{
	struct rlimit	limit;

	return attack_result(prlimit(p->victim, RLIMIT_NOFILE, NULL,
	    &limit) == 0 && prlimit(p->victim, RLIMIT_NOFILE, &limit,
	    NULL) == 0);
}

enum attack_result
attack_trace(const struct attack_place *p)
{
	return attack_result(ptrace(PTRACE_SEIZE, p->victim, NULL,
	    NULL) == 0);
}

enum attack_result
attack_read_memory(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)p->victim);
	return attack_result(open(path, O_RDONLY | O_CLOEXEC) != -1);
}

/* A crash would start the core dump handler. */
enum attack_result
attack_core(const struct attack_place *p)
{
	(void)p;
	return attack_result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

enum attack_result
attack_create(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(open(path_in(path, p->outside, "new"),
	    O_RDONLY | O_CREAT | O_CLOEXEC, 0600) != -1);
}

enum attack_result
attack_write(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(open(path_in(path, p->outside, "old"),
	    O_WRONLY | O_CLOEXEC) != -1);
}

enum attack_result
attack_remove(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(unlink(path_in(path, p->outside, "old")) == 0);
}

enum attack_result
attack_truncate(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(truncate(path_in(path, p->outside, "old"),
	    0) == 0);
}

enum attack_result
attack_truncate_on_open(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(open(path_in(path, p->outside, "old"),
	    O_RDONLY | O_TRUNC | O_CLOEXEC) != -1);
}

enum attack_result
attack_reopen(const struct attack_place *p)
{
	char	path[PATH_SIZE];
	int	fd = open(path_in(path, p->outside, "old"),
		    O_RDONLY | O_CLOEXEC);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return attack_result(open(path, O_WRONLY | O_CLOEXEC) != -1);
}

enum attack_result
attack_mode(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(chmod(path_in(path, p->outside, "old"),
	    0666) == 0);
}

enum attack_result
attack_owner(const struct attack_place *p)
{
	char	path[PATH_SIZE];
	int	fd = open(path_in(path, p->outside, "old"),
		    O_RDONLY | O_CLOEXEC);

	return attack_result(fchown(fd, geteuid(), getegid()) == 0);
}

enum attack_result
attack_move_out(const struct attack_place *p)
{
	char	from[PATH_SIZE], to[PATH_SIZE];

	return attack_result(rename(path_in(from, p->inside, "old"),
	    path_in(to, p->outside, "moved")) == 0);
}

enum attack_result
attack_link_in(const struct attack_place *p)
{
	char	from[PATH_SIZE], to[PATH_SIZE];

	return attack_result(link(path_in(from, p->outside, "old"),
	    path_in(to, p->inside, "linked")) == 0);
}

/* Root can read the file in the sandbox, too. */
enum attack_result
attack_passwords(const struct attack_place *p)
{
	(void)p;
	if (geteuid() == 0 || access("/etc/shadow", F_OK) == -1)
		return ATTACK_DENIED;
	return attack_result(open("/etc/shadow", O_RDONLY | O_CLOEXEC) != -1);
}

enum attack_result
attack_fifo(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(mkfifo(path_in(path, p->inside, "fifo"),
	    0600) == 0);
}

enum attack_result
attack_device(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(mknod(path_in(path, p->inside, "device"),
	    S_IFCHR | 0600, makedev(1, 3)) == 0);
}

enum attack_result
attack_block_device(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(mknod(path_in(path, p->inside, "block"),
	    S_IFBLK | 0600, makedev(7, 0)) == 0);
}

enum attack_result
attack_directory(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(mkdir(path_in(path, p->inside, "directory"),
	    0700) == 0);
}

enum attack_result
attack_symlink(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(symlink("/etc/passwd",
	    path_in(path, p->inside, "symlink")) == 0);
}

enum attack_result
attack_socket_file(const struct attack_place *p)
{
	struct sockaddr_un	a = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX,
				    SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%.90s/socket", p->inside);
	return attack_result(bind(fd, (struct sockaddr *)&a,
	    sizeof(a)) == 0);
}

enum attack_result
attack_remove_directory(const struct attack_place *p)
{
	char	path[PATH_SIZE];

	return attack_result(rmdir(path_in(path, p->inside, "sub")) == 0);
}

enum attack_result
attack_listen(const struct attack_place *p)
{
	int	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)p;
	return attack_result(listen(fd, 1) == 0);
}

static enum attack_result
make_socket(int domain, int type, int protocol)
{
	return attack_result(socket(domain, type | SOCK_CLOEXEC,
	    protocol) != -1);
}

enum attack_result
attack_raw_socket(const struct attack_place *p)
{
	(void)p;
	return make_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

enum attack_result
attack_packet_socket(const struct attack_place *p)
{
	(void)p;
	return make_socket(AF_PACKET, SOCK_DGRAM, 0);
}

/* A protocol other than NETLINK_ROUTE. */
enum attack_result
attack_netlink(const struct attack_place *p)
{
	enum { GENERIC = 16 };

	(void)p;
	return make_socket(AF_NETLINK, SOCK_RAW, GENERIC);
}

enum attack_result
attack_type(const struct attack_place *p)
{
	(void)p;
	return make_socket(AF_UNIX, SOCK_SEQPACKET, 0);
}

/* The number of ICMP; Unix sockets accept this number as well. */
enum attack_result
attack_protocol(const struct attack_place *p)
{
	(void)p;
	return make_socket(AF_UNIX, SOCK_STREAM, 1);
}

/* TCP that Landlock does not restrict. */
enum attack_result
attack_multipath(const struct attack_place *p)
{
	(void)p;
	return make_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}

static struct sockaddr_in
address_of(const struct attack_place *p)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)p->port) };
}

/* With its own system call, because attacker.c replaces the function. */
enum attack_result
attack_connect(const struct attack_place *p)
{
	struct sockaddr_in	a = address_of(p);
	int			fd = socket(AF_INET,
				    SOCK_STREAM | SOCK_CLOEXEC, 0);

	return attack_result(syscall(SYS_connect, fd, &a, sizeof(a)) == 0);
}

/* Connects without connect(). */
enum attack_result
attack_fast_open(const struct attack_place *p)
{
	struct sockaddr_in	a = address_of(p);
	int			fd = socket(AF_INET,
				    SOCK_STREAM | SOCK_CLOEXEC, 0);

	return attack_result(sendto(fd, "x", 1, MSG_FASTOPEN,
	    (struct sockaddr *)&a, sizeof(a)) == 1);
}

/* The family supports no pairs, but its code would run. */
enum attack_result
attack_pair(const struct attack_place *p)
{
	int	fd[2];

	(void)p;
	return attack_result(socketpair(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fd) == 0);
}

enum attack_result
attack_abstract_socket(const struct attack_place *p)
{
	struct sockaddr_un	a = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX,
				    SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%s", p->abstract);
	return attack_result(connect(fd, (struct sockaddr *)&a,
	    sizeof(a)) == 0);
}

/* Inserts a character that the shell will read. */
enum attack_result
attack_terminal(const struct attack_place *p)
{
	(void)p;
	return attack_result(ioctl(STDERR_FILENO, TIOCSTI, "#") == 0);
}

enum attack_result
attack_root_directory(const struct attack_place *p)
{
	(void)p;
	return attack_result(chroot("/") == 0);
}

enum attack_result
attack_host_name(const struct attack_place *p)
{
	char	name[65];

	(void)p;
	return attack_result(gethostname(name, sizeof(name)) == 0 &&
	    sethostname(name, strlen(name)) == 0);
}

enum attack_result
attack_user(const struct attack_place *p)
{
	enum { ANOTHER = 12345 };

	(void)p;
	return attack_result(setuid(ANOTHER) == 0);
}

/* getpid(), which is never denied by itself. */
enum attack_result
attack_x32(const struct attack_place *p)
{
	(void)p;
#ifdef __x86_64__
	return attack_result(syscall(0x40000000 + SYS_getpid) != -1);
#else
	errno = ENOSYS;
	return attack_result(false);
#endif
}

/* getpid() again.  A kernel without this ABI kills us. */
enum attack_result
attack_i386(const struct attack_place *p)
{
	(void)p;
#ifdef __x86_64__
	enum { I386_GETPID = 20 };
	long	result;

	__asm__ volatile ("int $0x80" : "=a" (result) : "a" (I386_GETPID) :
	    "r8", "r9", "r10", "r11", "memory", "cc");
	errno = -(int)result;
	return attack_result((int)result > 0);
#else
	errno = ENOSYS;
	return attack_result(false);
#endif
}
