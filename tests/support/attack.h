/*
 * attack.h - attacks by a process that has been taken over
 *
 * Each function makes one attempt in the calling process, through libc or with
 * its own system calls.  A successful attempt is not undone, and a successful
 * attack_program() does not return.
 */
#ifndef SUPPORT_ATTACK_H
#define SUPPORT_ATTACK_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Both directories contain a file "old", which is not empty, and a directory
 * "sub".
 */
struct attack_place {
	const char	*inside;	/* directory that it may write to */
	const char	*outside;	/* another one, of the same owner */
	pid_t		 victim;	/* another process of this user */
	const char	*abstract;	/* name of an abstract Unix socket on
					 * which the victim listens */
	int		 port;		/* TCP port of 127.0.0.1 on which it
					 * listens */
};

/* Also exit statuses. */
enum attack_result {
	ATTACK_DENIED = 10,	/* EPERM or EACCES, or EXDEV from Landlock
				 * for a link or move */
	ATTACK_UNKNOWN,		/* ENOSYS */
	ATTACK_DONE,
	ATTACK_FAILED,		/* with another error */
};

typedef enum attack_result attack_fn(const struct attack_place *);

/* The result that matches errno, or ATTACK_DONE. */
enum attack_result attack_result(bool done);

/* Programs and processes. */
attack_fn	attack_program, attack_process, attack_namespace,
		attack_new_namespace, attack_signal, attack_signal_thread,
		attack_signal_group_thread, attack_signal_by_io, attack_limit,
		attack_trace, attack_read_memory, attack_core;

/* Files outside. */
attack_fn	attack_create, attack_write, attack_remove, attack_truncate,
		attack_truncate_on_open, attack_reopen, attack_mode,
		attack_owner, attack_move_out, attack_link_in,
		attack_passwords;

/* Files inside, of other types than regular. */
attack_fn	attack_fifo, attack_device, attack_block_device,
		attack_directory, attack_symlink, attack_socket_file,
		attack_remove_directory;

/* The network, the terminal, the system. */
attack_fn	attack_listen, attack_raw_socket, attack_packet_socket,
		attack_netlink, attack_type, attack_protocol, attack_pair,
		attack_multipath, attack_connect, attack_fast_open,
		attack_abstract_socket, attack_terminal, attack_root_directory,
		attack_host_name, attack_user;

/* With the system call numbers of other ABIs. */
attack_fn	attack_x32, attack_i386;

#endif
