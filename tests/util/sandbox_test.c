/*
 * Operations that the sandbox prevents, and operations that it allows.
 *
 * The sandbox has several layers, and some attacks are prevented by more than
 * one layer.  While one layer is tested, the kernel refuses to set up the
 * others, as an older kernel does, so that a layer cannot hide the failure of
 * another one.  An attack is skipped if it fails without the sandbox as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/attack.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "util/sandbox.h"

enum layer {
	NONE,			/* no sandbox */
	ALL,
	FILTER,
	CAPABILITIES,
	/* The first version of Landlock that prevents the attack. */
	LANDLOCK_2,
	LANDLOCK_3,
	LANDLOCK_4,
	LANDLOCK_6,
};

struct row {
	const char		*sentence;
	attack_fn		*attempt;	/* NULL: system call .number */
	enum layer		 layer;
	enum attack_result	 want;
	int			 number;
};

/* If the test runs as root, fchown() can set this user and group. */
enum { SPOOL_OWNER = 7 };

static struct temp_dir		inside, outside;
static struct attack_place	place;
static char			abstract[32];
static int			allowed_port;

/*
 * Operations that are allowed.
 */

static enum attack_result
make_files(const struct attack_place *p)
{
	int	fd = open(p->inside, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char	name[64], to[128];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	snprintf(to, sizeof(to), "%s/linked", p->inside);
	return attack_result(fd != -1 && ftruncate(fd, 10) == 0 &&
	    linkat(AT_FDCWD, name, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0 &&
	    (fd = open(to, O_WRONLY | O_CLOEXEC)) != -1 &&
	    write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0 &&
	    futimens(fd, NULL) == 0 && unlink(to) == 0);
}

/* As the queue does with an entry that has failed. */
static enum attack_result
move_to_another_directory(const struct attack_place *p)
{
	char	from[128], to[128];

	snprintf(from, sizeof(from), "%s/old", p->inside);
	snprintf(to, sizeof(to), "%s/sub/old", p->inside);
	return attack_result(rename(from, to) == 0);
}

static enum attack_result
give_file(const struct attack_place *p, uid_t owner, gid_t group)
{
	char	path[128];
	int	fd;

	snprintf(path, sizeof(path), "%s/old", p->inside);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return attack_result(fchown(fd, owner, group) == 0);
}

static enum attack_result
give_to_the_owner(const struct attack_place *p)
{
	return give_file(p, SPOOL_OWNER, SPOOL_OWNER);
}

static enum attack_result
give_to_another(const struct attack_place *p)
{
	return give_file(p, SPOOL_OWNER + 1, SPOOL_OWNER);
}

static enum attack_result
give_to_another_group(const struct attack_place *p)
{
	return give_file(p, SPOOL_OWNER, SPOOL_OWNER + 1);
}

static enum attack_result
read_files(const struct attack_place *p)
{
	char	path[128];

	snprintf(path, sizeof(path), "%s/old", p->outside);
	return attack_result(open("/etc/passwd", O_RDONLY | O_CLOEXEC) != -1 &&
	    open(path, O_RDONLY | O_CLOEXEC) != -1);
}

static enum attack_result
look_names_up(const struct attack_place *p)
{
	struct addrinfo	*list;
	char		 name[IF_NAMESIZE];

	(void)p;
	return attack_result(getpwuid(0) != NULL && getaddrinfo("localhost",
	    "25", &(struct addrinfo){ .ai_flags = AI_ADDRCONFIG,
	    .ai_family = AF_INET }, &list) == 0 &&
	    strcmp(if_indextoname(if_nametoindex("lo"), name), "lo") == 0);
}

/* The socket in the outer directory, not the abstract one. */
static enum attack_result
connect_to_a_path(const struct attack_place *p)
{
	struct sockaddr_un	a = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX,
				    SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%.90s/listening",
	    p->outside);
	return attack_result(connect(fd, (struct sockaddr *)&a,
	    sizeof(a)) == 0);
}

static enum attack_result
connect_to_an_allowed_port(const struct attack_place *p)
{
	(void)p;
	return attack_connect(&(struct attack_place){ .port = allowed_port });
}

static void *
end_at_once(void *context)
{
	return context;
}

static enum attack_result
start_a_thread(const struct attack_place *p)
{
	pthread_t	thread;

	(void)p;
	errno = pthread_create(&thread, NULL, end_at_once, NULL);
	return attack_result(errno == 0 && pthread_join(thread, NULL) == 0);
}

static enum attack_result
signal_itself(const struct attack_place *p)
{
	(void)p;
	return attack_result(raise(SIGURG) == 0 && kill(getpid(),
	    SIGURG) == 0 && syscall(SYS_tkill, getpid(), SIGURG) == 0);
}

/* The calls that libc makes before it writes to a terminal. */
static enum attack_result
ask_a_terminal(const struct attack_place *p)
{
	struct winsize	size;
	int		fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int		n;

	(void)p;
	return attack_result(isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 &&
	    ioctl(fd, FIONREAD, &n) == 0 && ioctl(fd, FIONBIO, &n) == 0);
}

/* The call of newer versions of libc. */
static enum attack_result
ask_a_terminal_anew(const struct attack_place *p)
{
	enum { TCGETS_2 = (int)0x802c542a };
	char	settings[64];
	int	fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	(void)p;
	return attack_result(ioctl(fd, (unsigned)TCGETS_2, settings) == 0);
}

/* Sockets of a family that the machine does not support are not denied. */
static enum attack_result
make_sockets(const struct attack_place *p)
{
	static const struct { int domain, type, protocol; } sockets[] = {
		{ AF_UNIX, SOCK_STREAM, 0 },
		{ AF_UNIX, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_STREAM, 0 },
		{ AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP },
		{ AF_INET, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDP },
		{ AF_INET6, SOCK_STREAM, 0 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
		{ AF_NETLINK, SOCK_RAW, 0 },
	};

	(void)p;
	for (size_t i = 0; i < sizeof(sockets) / sizeof(*sockets); i++)
		if (socket(sockets[i].domain, sockets[i].type | SOCK_CLOEXEC,
		    sockets[i].protocol) == -1 && (errno == EPERM ||
		    errno == EACCES))
			return ATTACK_DENIED;
	return ATTACK_DONE;
}

/*
 * Operations that are prevented.  Others are in support/attack.c.
 */

static enum attack_result
gain_a_privilege(const struct attack_place *p)
{
	(void)p;
	errno = EPERM;
	return attack_result(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

static enum attack_result
signal_by_io_of_a_thread(const struct attack_place *p)
{
	struct f_owner_ex	to = { .type = F_OWNER_PID,
				    .pid = p->victim };
	int			fd[2];

	return attack_result(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
	    0, fd) == 0 && fcntl(fd[0], F_SETOWN_EX, &to) == 0);
}

#ifdef __x86_64__
/* These calls return twice, so their number alone is not sufficient. */
static enum attack_result
fork_as_of_old(const struct attack_place *p)
{
	long	pid = syscall(SYS_fork);

	(void)p;
	if (pid == 0)
		_exit(0);
	return attack_result(pid != -1);
}

static enum attack_result
fork_without_memory(const struct attack_place *p)
{
	pid_t	pid = vfork();

	(void)p;
	if (pid == 0)
		_exit(0);
	return attack_result(pid != -1);
}

static enum attack_result
truncate_on_open_as_of_old(const struct attack_place *p)
{
	char	path[128];

	snprintf(path, sizeof(path), "%s/old", p->outside);
	return attack_result(syscall(SYS_open, path, O_RDONLY | O_TRUNC) !=
	    -1);
}
#endif

#define NUMBER(name) \
	{ #name, NULL, FILTER, ATTACK_DENIED, SYS_##name }
#define NEW_NUMBER(name, number) \
	{ name, NULL, FILTER, ATTACK_UNKNOWN, number }

static const struct row	rows[] = {
	{ "files in the directory can be created, changed and removed",
	  make_files, ALL, ATTACK_DONE, 0 },
	{ "files can be moved within the directory", move_to_another_directory,
	  ALL, ATTACK_DONE, 0 },
	{ "files can be given to the owner of the spool", give_to_the_owner,
	  ALL, ATTACK_DONE, 0 },
	{ "files can be read", read_files, ALL, ATTACK_DONE, 0 },
	{ "names can be resolved", look_names_up, ALL, ATTACK_DONE, 0 },
	{ "a Unix socket can be connected", connect_to_a_path, ALL,
	  ATTACK_DONE, 0 },
	{ "an allowed TCP port can be connected to", connect_to_an_allowed_port,
	  ALL, ATTACK_DONE, 0 },
	{ "threads can be created", start_a_thread, ALL, ATTACK_DONE, 0 },
	{ "a process can signal itself", signal_itself, ALL, ATTACK_DONE, 0 },
	{ "the sockets of a client can be created", make_sockets, ALL,
	  ATTACK_DONE, 0 },
	{ "a terminal can be examined", ask_a_terminal, FILTER, ATTACK_DONE, 0
	  },
	{ "a terminal can be examined by newer calls", ask_a_terminal_anew,
	  FILTER, ATTACK_DONE, 0 },
	{ "no privilege can be gained", gain_a_privilege, ALL, ATTACK_DENIED, 0
	  },

	{ "the filter: no program is started", attack_program, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no process is created", attack_process, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no process is created in a namespace", attack_namespace,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no namespace is created", attack_new_namespace, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no signal by kill", attack_signal, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no signal by tkill", attack_signal_thread, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no signal by tgkill", attack_signal_group_thread,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no signal by SIGIO", attack_signal_by_io, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no signal by SIGIO to a thread",
	  signal_by_io_of_a_thread, FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no limit of another process is changed", attack_limit,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no tracing", attack_trace, FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no file is truncated by open", attack_truncate_on_open,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no mode is changed", attack_mode, FILTER, ATTACK_DENIED,
	  0 },
	{ "the filter: no owner is changed", attack_owner, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no file is given to another user", give_to_another,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no file is given to another group",
	  give_to_another_group, FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no FIFO", attack_fifo, FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no listening", attack_listen, FILTER, ATTACK_DENIED, 0
	  },
	{ "the filter: no raw socket", attack_raw_socket, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no packet socket", attack_packet_socket, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no netlink socket except for routes", attack_netlink,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no other type of socket", attack_type, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no other protocol", attack_protocol, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no socket pair except of Unix sockets", attack_pair,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no multipath TCP", attack_multipath, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no connection by TCP Fast Open", attack_fast_open,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: core dumps cannot be enabled", attack_core, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no input is faked on a terminal", attack_terminal,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no x32 system call", attack_x32, FILTER, ATTACK_DENIED,
	  0 },
	{ "the filter: no i386 system call", attack_i386, FILTER,
	  ATTACK_DENIED, 0 },
	NUMBER(execve),
	NUMBER(execveat),
	NUMBER(unshare),
	NUMBER(setns),
	NUMBER(ptrace),
	NUMBER(process_vm_readv),
	NUMBER(process_vm_writev),
	NUMBER(kcmp),
	NUMBER(rt_sigqueueinfo),
	NUMBER(rt_tgsigqueueinfo),
	NUMBER(setpriority),
	NUMBER(ioprio_set),
	NUMBER(sched_setaffinity),
	NUMBER(sched_setattr),
	NUMBER(sched_setparam),
	NUMBER(sched_setscheduler),
	NUMBER(migrate_pages),
	NUMBER(move_pages),
	NUMBER(shmat),
	NUMBER(shmctl),
	NUMBER(semctl),
	NUMBER(msgctl),
	NUMBER(mq_open),
	NUMBER(mq_unlink),
	NUMBER(truncate),
	NUMBER(open_by_handle_at),
	NUMBER(fchmod),
	NUMBER(fchmodat),
	NUMBER(fchownat),
	NUMBER(setxattr),
	NUMBER(lsetxattr),
	NUMBER(fsetxattr),
	NUMBER(removexattr),
	NUMBER(lremovexattr),
	NUMBER(fremovexattr),
	NUMBER(mkdirat),
	NUMBER(mknodat),
	NUMBER(symlinkat),
	NUMBER(listen),
	NUMBER(bpf),
	NUMBER(perf_event_open),
	NUMBER(userfaultfd),
	NUMBER(add_key),
	NUMBER(request_key),
	NUMBER(keyctl),
#ifdef __x86_64__
	{ "fork", fork_as_of_old, FILTER, ATTACK_DENIED, 0 },
	{ "vfork", fork_without_memory, FILTER, ATTACK_DENIED, 0 },
	{ "open with O_TRUNC", truncate_on_open_as_of_old, FILTER,
	  ATTACK_DENIED, 0 },
	NUMBER(creat),
	NUMBER(chmod),
	NUMBER(chown),
	NUMBER(lchown),
	NUMBER(mkdir),
	NUMBER(mknod),
	NUMBER(symlink),
	NUMBER(modify_ldt),
#endif
	NEW_NUMBER("pidfd_send_signal", 424),
	NEW_NUMBER("io_uring_setup", 425),
	NEW_NUMBER("pidfd_open", 434),
	NEW_NUMBER("clone3", 435),
	NEW_NUMBER("openat2", 437),
	NEW_NUMBER("fchmodat2", 452),

	{ "capabilities: no raw socket", attack_raw_socket, CAPABILITIES,
	  ATTACK_DENIED, 0 },
	{ "capabilities: no device", attack_device, CAPABILITIES,
	  ATTACK_DENIED, 0 },
	{ "capabilities: the root directory is not changed",
	  attack_root_directory, CAPABILITIES, ATTACK_DENIED, 0 },
	{ "capabilities: the host name is not changed", attack_host_name,
	  CAPABILITIES, ATTACK_DENIED, 0 },
	{ "capabilities: the user is not changed", attack_user, CAPABILITIES,
	  ATTACK_DENIED, 0 },

	{ "Landlock: no program is started", attack_program, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no memory of another process is read", attack_read_memory,
	  LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no file is created outside", attack_create, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no file is written outside", attack_write, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no file is opened again for writing", attack_reopen,
	  LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no file is removed outside", attack_remove, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no file is moved outside", attack_move_out, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no file is linked from outside", attack_link_in,
	  LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no FIFO", attack_fifo, LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no device", attack_device, LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no block device", attack_block_device, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no directory is created", attack_directory, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no directory is removed", attack_remove_directory,
	  LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no symbolic link", attack_symlink, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no socket file", attack_socket_file, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no file is truncated outside", attack_truncate,
	  LANDLOCK_3, ATTACK_DENIED, 0 },
	{ "Landlock: no file outside is truncated by open",
	  attack_truncate_on_open, LANDLOCK_3, ATTACK_DENIED, 0 },
	{ "Landlock: no other TCP port can be connected to", attack_connect,
	  LANDLOCK_4, ATTACK_DENIED, 0 },
	{ "Landlock: no signal", attack_signal, LANDLOCK_6, ATTACK_DENIED, 0 },
	{ "Landlock: no abstract socket is connected", attack_abstract_socket,
	  LANDLOCK_6, ATTACK_DENIED, 0 },
};

/*
 * The layers.
 */

#define FAIL_CALL(name, error) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (name), 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

/* The number of no system call: the layer can be set up. */
enum { NO_CALL = 0x3fffffff };

static void
leave_only(enum layer layer)
{
	struct sock_filter	filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		FAIL_CALL(layer == FILTER ? NO_CALL : SYS_seccomp, ENOSYS),
		FAIL_CALL(layer == CAPABILITIES ? NO_CALL : SYS_capset, EPERM),
		FAIL_CALL(layer >= LANDLOCK_2 ? NO_CALL :
		    SYS_landlock_create_ruleset, ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog	program = {
		.len = sizeof(filter) / sizeof(*filter), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		_exit(ATTACK_FAILED);
}

#if defined(__x86_64__) || defined(__aarch64__) || \
    (defined(__riscv) && __riscv_xlen == 64)
enum { HAS_FILTER = true };
#else
enum { HAS_FILTER = false };
#endif

/*
 * Skips the test if the kernel or the sandbox lacks the layer; does not use
 * sandbox.c.
 */
static void
require_layer(enum layer layer)
{
	static const uint32_t	error = SECCOMP_RET_ERRNO;
	long			landlock = syscall(SYS_landlock_create_ruleset,
				    NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &error) != 0)
		skip_because("the kernel has no seccomp filters");
	if (layer == FILTER && !HAS_FILTER)
		skip_because("the sandbox has no filter on this architecture");
	if (layer == CAPABILITIES && geteuid() != 0)
		skip_because("only root has capabilities to drop");
	if ((layer == LANDLOCK_2 && landlock < 2) ||
	    (layer == LANDLOCK_3 && landlock < 3) ||
	    (layer == LANDLOCK_4 && landlock < 4) ||
	    (layer == LANDLOCK_6 && landlock < 6))
		skip_because("the kernel lacks this version of Landlock");
}

static void
enter_layer(enum layer layer)
{
	uid_t	owner = geteuid() == 0 ? SPOOL_OWNER : (uid_t)-1;

	if (layer == NONE)
		return;
	if (layer != ALL)
		leave_only(layer);
	sandbox_enter(&(struct sandbox){
	    .directory = open(inside.path, O_RDONLY | O_CLOEXEC),
	    .owner = owner, .group = owner,
	    .port = { (uint16_t)allowed_port }, .n_ports = 1 });
}

/*
 * One attempt.
 */

/* Makes a system call with invalid arguments. */
static enum attack_result
call(int number)
{
	return attack_result(syscall(number, -1, -1, -1, -1, -1, -1) != -1);
}

/* A kernel without i386 system calls kills a process that makes one. */
enum { KILLED = -1 };

static int
attempt(const struct row *r, enum layer layer)
{
	pid_t	pid;
	int	status;

	fflush(NULL);
	if ((pid = fork()) == 0) {
		signal(SIGSEGV, SIG_DFL);	/* cmocka handles it */
		enter_layer(layer);
		_exit((int)(r->attempt != NULL ? r->attempt(&place) :
		    call(r->number)));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

static void
make_directories(void)
{
	temp_dir_make(&inside);
	temp_dir_make(&outside);
	temp_dir_write(&inside, "old", 0600, "text");
	temp_dir_write(&outside, "old", 0600, "text");
	assert_int_equal(mkdir(temp_dir_path(&inside, "sub"), 0700), 0);
	place.inside = inside.path;
	place.outside = outside.path;
}

static void
remove_directories(void)
{
	temp_dir_remove(&inside);
	temp_dir_remove(&outside);
}

static int
listen_at(const struct sockaddr_un *a)
{
	int	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)a, sizeof(*a)), 0);
	assert_int_equal(listen(fd, 9), 0);
	return fd;
}

static int
attempt_in_new_directories(const struct row *r, enum layer layer)
{
	struct sockaddr_un	a = { .sun_family = AF_UNIX };
	int			fd, result;

	make_directories();
	snprintf(a.sun_path, sizeof(a.sun_path), "%.90s/listening",
	    outside.path);
	fd = listen_at(&a);
	result = attempt(r, layer);
	close(fd);
	remove_directories();
	return result;
}

static void
has_the_result(void **state)
{
	const struct row	*r = *state;
	int			 without;

	require_layer(r->layer);
	without = attempt_in_new_directories(r, NONE);
	if (without == KILLED || (r->want == ATTACK_DONE) !=
	    (without == (int)r->want))
		skip_because("the result is the same without the sandbox");
	assert_int_equal(attempt_in_new_directories(r, r->layer), (int)r->want);
}

/* Listens at a free TCP port, and returns it. */
static int
listen_at_a_port(void)
{
	struct sockaddr_in	a = { .sin_family = AF_INET,
				    .sin_addr.s_addr =
				    htonl(INADDR_LOOPBACK) };
	socklen_t		len = sizeof(a);
	int			fd = socket(AF_INET,
				    SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 9), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	return ntohs(a.sin_port);
}

/* Starts another process, and listens on an abstract socket and by TCP. */
static int
start_victim(void **state)
{
	struct sockaddr_un	a = { .sun_family = AF_UNIX };

	(void)state;
	snprintf(abstract, sizeof(abstract), "relais-test-%d", (int)getpid());
	snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%s", abstract);
	listen_at(&a);
	place.abstract = abstract;
	place.port = listen_at_a_port();
	allowed_port = listen_at_a_port();
	place.victim = fork();
	if (place.victim == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return place.victim > 0 ? 0 : -1;
}

static int
stop_victim(void **state)
{
	(void)state;
	kill(place.victim, SIGKILL);
	waitpid(place.victim, NULL, 0);
	return 0;
}

int
main(void)
{
	enum { N = sizeof(rows) / sizeof(*rows) };
	struct CMUnitTest	tests[N];

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].sentence,
		    .test_func = has_the_result,
		    .initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, start_victim, stop_victim);
}
