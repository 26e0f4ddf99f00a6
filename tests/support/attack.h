/*
 * attack.h - what an attacker does who has taken over a process
 *
 * Each function makes one attempt, in the calling process, with the means of
 * libc or with system calls of its own.  If it is successful, it may leave
 * anything behind, and attack_program() does not return.
 */
#ifndef SUPPORT_ATTACK_H
#define SUPPORT_ATTACK_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * In both directories are a file "old", not empty, and a directory "sub".
 */
struct attack_place {
	const char	*inside;	/* where the process may write */
	const char	*outside;	/* of the same owner */
	pid_t		 victim;	/* another process of this user */
	const char	*abstract;	/* the name of an abstract Unix socket
					 * on which it listens */
};

/* Also exit statuses. */
enum attack_result {
	ATTACK_DENIED = 10,	/* EPERM, EACCES; EXDEV, which Landlock says
				 * of a link or move */
	ATTACK_UNKNOWN,		/* ENOSYS */
	ATTACK_DONE,
	ATTACK_FAILED,		/* for another reason */
};

typedef enum attack_result attack_fn(const struct attack_place *);

/* By errno, unless it was done. */
enum attack_result attack_result(bool done);

/* Programs and processes. */
attack_fn	attack_program, attack_process, attack_namespace,
		attack_new_namespace, attack_signal, attack_signal_thread,
		attack_signal_group_thread, attack_signal_by_io, attack_limit,
		attack_trace, attack_read_memory, attack_core;

/* Files outside. */
attack_fn	attack_create, attack_write, attack_remove, attack_truncate,
		attack_truncate_on_open, attack_reopen, attack_mode,
		attack_owner, attack_move_out, attack_link_in;

/* Files inside that are not regular. */
attack_fn	attack_fifo, attack_device, attack_block_device,
		attack_directory, attack_symlink, attack_socket_file,
		attack_remove_directory;

/* The network, the terminal, the system. */
attack_fn	attack_listen, attack_raw_socket, attack_packet_socket,
		attack_netlink, attack_type, attack_protocol, attack_pair,
		attack_abstract_socket, attack_terminal, attack_root_directory,
		attack_host_name, attack_user;

/* By the numbers that other ABIs of this machine have for a call. */
attack_fn	attack_x32, attack_i386;

#endif
