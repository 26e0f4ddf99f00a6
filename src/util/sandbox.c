#include "util/sandbox.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE	AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE	AUDIT_ARCH_RISCV64
#endif

enum {
	/*
	 * Since it knows REFER (Linux 5.19).  Before, a file could not change
	 * its folder at all, which is how the queue commits.
	 */
	LANDLOCK_ABI = 2,
};

#define CHANGES \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
	LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
	LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
	LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | \
	LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_EXECUTE)

static void
allow(int rules, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr	beneath = {
		.allowed_access = access,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};

	if (beneath.parent_fd == -1)
		return;
	syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
	    &beneath, 0);
	close(beneath.parent_fd);
}

static void
keep_files(const char *const *writable)
{
	/* Only the first field: older headers and kernels know no other. */
	struct { uint64_t handled_access_fs; } all = { CHANGES };
	long	rules;

	if (syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION) < LANDLOCK_ABI)
		return;
	rules = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (rules == -1)
		return;
	for (; *writable != NULL; writable++)
		allow((int)rules, *writable,
		    CHANGES & ~LANDLOCK_ACCESS_FS_EXECUTE);
	allow((int)rules, "/dev/null", LANDLOCK_ACCESS_FS_WRITE_FILE);
	syscall(SYS_landlock_restrict_self, (int)rules, 0);
	close((int)rules);
}

#ifdef NATIVE

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define DENY \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define DENY_CALL(name) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), DENY

static const struct sock_filter filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0),
	DENY,
	LOAD(nr),
#ifdef __x86_64__
	/* The same calls have other numbers in x32. */
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, __X32_SYSCALL_BIT, 0, 1), DENY,
#endif
	DENY_CALL(execve),
	DENY_CALL(execveat),
	DENY_CALL(ptrace),
	DENY_CALL(process_vm_readv),
	DENY_CALL(process_vm_writev),
	DENY_CALL(listen),
	DENY_CALL(mount),
	DENY_CALL(umount2),
	DENY_CALL(pivot_root),
	DENY_CALL(chroot),
	DENY_CALL(unshare),
	DENY_CALL(setns),
	DENY_CALL(open_by_handle_at),
	DENY_CALL(init_module),
	DENY_CALL(finit_module),
	DENY_CALL(delete_module),
	DENY_CALL(kexec_load),
	DENY_CALL(reboot),
	DENY_CALL(bpf),
	DENY_CALL(perf_event_open),
	DENY_CALL(userfaultfd),
	DENY_CALL(add_key),
	DENY_CALL(request_key),
	DENY_CALL(keyctl),
#ifdef SYS_io_uring_setup
	DENY_CALL(io_uring_setup),
#endif
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void
keep_calls(void)
{
	struct sock_fprog	program = {
		.len = sizeof(filter) / sizeof(*filter),
		.filter = (struct sock_filter *)(uintptr_t)filter,
	};

	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

#else

static void
keep_calls(void)
{
}

#endif

void
sandbox_enter(const char *const *writable)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return;
	keep_files(writable);
	keep_calls();
}

#else

void
sandbox_enter(const char *const *writable)
{
	(void)writable;
}

#endif
