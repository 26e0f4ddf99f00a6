/*
 * What the sandbox prevents, and what it does not.
 *
 * It has several layers, and some attacks are prevented by more than one of
 * them.  So that none hides that another has failed, the kernel refuses to
 * set up the others while one is tested, as an older kernel would.  Each
 * attack must have another result without the sandbox, or it proves nothing.
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
	NONE,			/* no sandbox at all */
	ALL,
	FILTER,
	CAPABILITIES,
	/* The least version of Landlock that prevents it. */
	LANDLOCK_2,
	LANDLOCK_3,
	LANDLOCK_6,
};

struct row {
	const char		*sentence;
	attack_fn		*attempt;	/* NULL: call the number */
	enum layer		 layer;
	enum attack_result	 want;
	int			 number;
};

/* Of user and group 7, where root gives a file away. */
enum { SPOOL_OWNER = 7 };

static struct temp_dir		inside, outside;
static struct attack_place	place;
static char			abstract[32];

/*
 * What goes on.
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

/* As an entry that is given up. */
static enum attack_result
move_to_another_directory(const struct attack_place *p)
{
	char	from[128], to[128];

	snprintf(from, sizeof(from), "%s/old", p->inside);
	snprintf(to, sizeof(to), "%s/sub/old", p->inside);
	return attack_result(rename(from, to) == 0);
}

static enum attack_result
give(const struct attack_place *p, uid_t owner, gid_t group)
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
	return give(p, SPOOL_OWNER, SPOOL_OWNER);
}

static enum attack_result
give_to_another(const struct attack_place *p)
{
	return give(p, SPOOL_OWNER + 1, SPOOL_OWNER);
}

static enum attack_result
give_to_another_group(const struct attack_place *p)
{
	return give(p, SPOOL_OWNER, SPOOL_OWNER + 1);
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

/* The name that the test listens at is abstract; its path is a file's. */
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

/* By libc, and what it asks of a terminal before it writes to one. */
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

/* As newer versions of libc do. */
static enum attack_result
ask_a_terminal_anew(const struct attack_place *p)
{
	enum { TCGETS_2 = (int)0x802c542a };
	char	settings[64];
	int	fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	(void)p;
	return attack_result(ioctl(fd, (unsigned)TCGETS_2, settings) == 0);
}

/* One that this machine does not have is not denied, either. */
static enum attack_result
make_sockets(const struct attack_place *p)
{
	static const struct { int domain, type, protocol; } sockets[] = {
		{ AF_UNIX, SOCK_STREAM, 0 },
		{ AF_UNIX, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_STREAM, 0 },
		{ AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP },
		{ AF_INET, SOCK_STREAM, IPPROTO_MPTCP },
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
 * What does not.
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
/* These are not made by number alone, since they return twice. */
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
	{ "files may be made, changed and removed inside", make_files, ALL,
	  ATTACK_DONE, 0 },
	{ "files may be moved inside", move_to_another_directory, ALL,
	  ATTACK_DONE, 0 },
	{ "files may be given to the owner of the spool", give_to_the_owner,
	  ALL, ATTACK_DONE, 0 },
	{ "anything may be read", read_files, ALL, ATTACK_DONE, 0 },
	{ "names are looked up", look_names_up, ALL, ATTACK_DONE, 0 },
	{ "a Unix socket may be connected to", connect_to_a_path, ALL,
	  ATTACK_DONE, 0 },
	{ "threads may start", start_a_thread, ALL, ATTACK_DONE, 0 },
	{ "a process may signal itself", signal_itself, ALL, ATTACK_DONE, 0 },
	{ "sockets may be made that a client needs", make_sockets, ALL,
	  ATTACK_DONE, 0 },
	{ "a terminal may be looked at", ask_a_terminal, FILTER, ATTACK_DONE,
	  0 },
	{ "a terminal may be looked at by newer calls", ask_a_terminal_anew,
	  FILTER, ATTACK_DONE, 0 },
	{ "no new privilege", gain_a_privilege, ALL, ATTACK_DENIED, 0 },

	{ "the filter: no program starts", attack_program, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no process starts", attack_process, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no process in a namespace starts", attack_namespace,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no namespace is made", attack_new_namespace, FILTER,
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
	{ "the filter: no limit of another process", attack_limit, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no tracing", attack_trace, FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no truncating by open", attack_truncate_on_open,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no mode is changed", attack_mode, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no owner is changed", attack_owner, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no file goes to another user", give_to_another, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no file goes to another group", give_to_another_group,
	  FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no FIFO", attack_fifo, FILTER, ATTACK_DENIED, 0 },
	{ "the filter: no listening", attack_listen, FILTER, ATTACK_DENIED,
	  0 },
	{ "the filter: no raw socket", attack_raw_socket, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no packet socket", attack_packet_socket, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no netlink but for routes", attack_netlink, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no other type of socket", attack_type, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no other protocol", attack_protocol, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no pair of other sockets", attack_pair, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no core", attack_core, FILTER, ATTACK_DENIED, 0 },
	{ "the filter: nothing is typed", attack_terminal, FILTER,
	  ATTACK_DENIED, 0 },
	{ "the filter: no call of x32", attack_x32, FILTER, ATTACK_DENIED,
	  0 },
	{ "the filter: no call of i386", attack_i386, FILTER, ATTACK_DENIED,
	  0 },
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
	{ "capabilities: no other root directory", attack_root_directory,
	  CAPABILITIES, ATTACK_DENIED, 0 },
	{ "capabilities: no other host name", attack_host_name, CAPABILITIES,
	  ATTACK_DENIED, 0 },
	{ "capabilities: no other user", attack_user, CAPABILITIES,
	  ATTACK_DENIED, 0 },

	{ "Landlock: no program starts", attack_program, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no memory of another process", attack_read_memory,
	  LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no file is made outside", attack_create, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no file is written to outside", attack_write, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no file is opened again to be written to", attack_reopen,
	  LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no file is removed outside", attack_remove, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no file is moved to outside", attack_move_out,
	  LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no file is linked from outside", attack_link_in,
	  LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no FIFO", attack_fifo, LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no device", attack_device, LANDLOCK_2, ATTACK_DENIED,
	  0 },
	{ "Landlock: no block device", attack_block_device, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no directory is made", attack_directory, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no directory is removed", attack_remove_directory,
	  LANDLOCK_2, ATTACK_DENIED, 0 },
	{ "Landlock: no symbolic link", attack_symlink, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no socket file", attack_socket_file, LANDLOCK_2,
	  ATTACK_DENIED, 0 },
	{ "Landlock: no file is truncated outside", attack_truncate,
	  LANDLOCK_3, ATTACK_DENIED, 0 },
	{ "Landlock: no file is truncated by open outside",
	  attack_truncate_on_open, LANDLOCK_3, ATTACK_DENIED, 0 },
	{ "Landlock: no signal", attack_signal, LANDLOCK_6, ATTACK_DENIED,
	  0 },
	{ "Landlock: no abstract socket", attack_abstract_socket, LANDLOCK_6,
	  ATTACK_DENIED, 0 },
};

/*
 * The layers.
 */

#define FAIL_CALL(name, error) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (name), 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

/* A number that no call has, for what is not to fail. */
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

/* Without the sandbox's own help: it may be what is broken. */
static void
need(enum layer layer)
{
	static const uint32_t	error = SECCOMP_RET_ERRNO;
	long			landlock = syscall(SYS_landlock_create_ruleset,
				    NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &error) != 0)
		skip_because("the kernel has no seccomp filters");
	if (layer == CAPABILITIES && geteuid() != 0)
		skip_because("only root has capabilities to give up");
	if ((layer == LANDLOCK_2 && landlock < 2) ||
	    (layer == LANDLOCK_3 && landlock < 3) ||
	    (layer == LANDLOCK_6 && landlock < 6))
		skip_because("the kernel has no Landlock, or an older one");
}

static void
enter(enum layer layer)
{
	uid_t	owner = geteuid() == 0 ? SPOOL_OWNER : (uid_t)-1;

	if (layer == NONE)
		return;
	if (layer != ALL)
		leave_only(layer);
	sandbox_enter(&(struct sandbox){
	    .directory = open(inside.path, O_RDONLY | O_CLOEXEC),
	    .owner = owner, .group = owner });
}

/*
 * One attempt.
 */

/* With arguments that no call takes. */
static enum attack_result
call(int number)
{
	return attack_result(syscall(number, -1, -1, -1, -1, -1, -1) != -1);
}

/* A kernel without the calls of i386 kills who makes one. */
enum { KILLED = -1 };

static int
attempt(const struct row *r, enum layer layer)
{
	pid_t	pid;
	int	status;

	fflush(NULL);
	if ((pid = fork()) == 0) {
		signal(SIGSEGV, SIG_DFL);	/* cmocka's would go on */
		enter(layer);
		_exit((int)(r->attempt != NULL ? r->attempt(&place) :
		    call(r->number)));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

static void
fill_folders(void)
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
remove_folders(void)
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
attempt_afresh(const struct row *r, enum layer layer)
{
	struct sockaddr_un	a = { .sun_family = AF_UNIX };
	int			fd, result;

	fill_folders();
	snprintf(a.sun_path, sizeof(a.sun_path), "%.90s/listening",
	    outside.path);
	fd = listen_at(&a);
	result = attempt(r, layer);
	close(fd);
	remove_folders();
	return result;
}

static void
keeps_to_it(void **state)
{
	const struct row	*r = *state;
	int			 without;

	need(r->layer);
	without = attempt_afresh(r, NONE);
	if (without == KILLED || (r->want == ATTACK_DONE) !=
	    (without == (int)r->want))
		skip_because("this machine does not allow it anyway");
	assert_int_equal(attempt_afresh(r, r->layer), (int)r->want);
}

/* Another process, and one at whose name something listens. */
static int
begin(void **state)
{
	struct sockaddr_un	a = { .sun_family = AF_UNIX };

	(void)state;
	snprintf(abstract, sizeof(abstract), "relais-test-%d", (int)getpid());
	snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%s", abstract);
	listen_at(&a);
	place.abstract = abstract;
	place.victim = fork();
	if (place.victim == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return place.victim > 0 ? 0 : -1;
}

static int
end(void **state)
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
		    .test_func = keeps_to_it,
		    .initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, begin, end);
}
