/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The kernel record: the only binary interface between bpf/ and agent/.
 *
 * A record is a struct wire_header, the fixed part of its kind, then zero or more variable parts, each
 * a struct wire_part followed by its bytes and zero padding up to a multiple of 8:
 *
 *	header | fixed part | part | bytes, padding | part | bytes, padding | ...
 *
 * header.size covers all of it. Everything is in the machine's byte order, and 8-byte aligned.
 *
 * A part too long for one record (argv may be 6 MiB) has WIRE_PART_MORE set and holds its first bytes;
 * the others follow in WIRE_MORE records with the same session, number and pid, in order, the last of them
 * marked WIRE_MORE_LAST. Other tasks' records may come between them, another record of the same task not.
 */
#ifndef SESHAT_WIRE_H
#define SESHAT_WIRE_H

#ifndef __BPF__
#include <linux/types.h>
#endif

#include "wire_calls.h"

enum wire_kind {
	WIRE_NONE,
	WIRE_EXEC,	/* a program was executed, or an attempt failed */
	WIRE_EXIT,	/* the last thread of a process ended */
	WIRE_OPEN,	/* open, openat, openat2, creat, open_by_handle_at */
	WIRE_NETWORK,	/* connect, bind, listen, accept, a datagram sent without connect */
	WIRE_CGROUP,	/* a task left the session's cgroup */
	WIRE_TTY,	/* the session's terminal, once it is known */
	WIRE_PRIVILEGE, /* a task got rights that it did not have */
	WIRE_PTRACE,	/* a task reached into another process */
	WIRE_KERNEL,	/* code was loaded into the kernel, or removed */
	WIRE_FILE,	/* a name or a mount was made, removed or moved */
	/* names the executable behind header.task.image; has no number, makes no audit record */
	WIRE_IMAGE,
	WIRE_MORE, /* further bytes of a part of an earlier record */
	WIRE_KINDS,
};

/* Sizes in bytes. */
enum {
	WIRE_COMM_SIZE = 16,	      /* TASK_COMM_LEN */
	WIRE_PATH_SIZE = 4096,	      /* PATH_MAX; a walked path, without a final NUL */
	WIRE_ARGS_INLINE_SIZE = 4096, /* of WIRE_PART_ARGS in the WIRE_EXEC record itself */
	WIRE_MORE_SIZE = 8192,	      /* of the bytes in one WIRE_MORE record */
	/* all of argv: three quarters of _STK_LIM, whatever the stack's limit, and one argument */
	WIRE_ARGS_SIZE = 6291456 + 131072,
	WIRE_RECORD_SIZE = 25088, /* a whole record: six parts of the longest, and the heads */
};

/* Who did it: pids in the initial pid namespace, ids in the initial user namespace. */
struct wire_task {
	__u32 pid; /* thread group id */
	__u32 tid;
	__u32 ppid;
	__u32 uid;
	__u32 euid;
	__u32 gid;
	__u32 auid;	     /* login uid, 4294967295 when unset */
	__u32 audit_session; /* 4294967295 when unset */
	__u64 cgroup_id;     /* of the default (v2) hierarchy */
	/* dentry and mount of the running executable: opaque, an identity only; 0 when none */
	__u64 image[2];
	char comm[WIRE_COMM_SIZE]; /* NUL-terminated */
};

struct wire_header {
	__u32 size; /* bytes, this header included */
	__u16 kind; /* enum wire_kind */
	__u16 reserved;
	__u64 session; /* the agent's key of the session */
	/* of the session: from 1, one for each record that was due, 0 in WIRE_IMAGE */
	__u64 number;
	__u64 time; /* CLOCK_BOOTTIME, nanoseconds */
	struct wire_task task;
};

enum wire_part_type {
	WIRE_PART_NONE,
	/* the kernel's path of the file, of the unix socket's peer, or of the cgroup moved to */
	WIRE_PART_PATH,
	/* the path as the program gave it, up to PATH_MAX: WIRE_PART_UNREADABLE if the pointer was bad */
	WIRE_PART_REQUEST,
	/* the directory a request is relative to, or the task's root for an absolute one */
	WIRE_PART_BASE,
	WIRE_PART_CWD,	/* the task's working directory */
	WIRE_PART_ARGS, /* argv: strings, each with its final NUL */
	/* a name that is no path: the terminal's, as tty_name() has it ("pts0"), a file system's type, a program's */
	WIRE_PART_NAME,
	/* the second path of a call that has two: where to, or what is mounted; of an exec the dynamic linker */
	WIRE_PART_NEW_PATH,
	WIRE_PART_NEW_REQUEST,
	WIRE_PART_NEW_BASE,
	WIRE_PARTS,
};

enum wire_part_flags {
	WIRE_PART_MORE = 1, /* the rest follows in WIRE_MORE records */
	/* the memory could not be read: the bytes stop there, or there are none */
	WIRE_PART_UNREADABLE = 2,
	WIRE_PATH_DELETED = 4, /* the name has been unlinked */
	/*
	 * a file without a place in any tree: memfd, pipe, socket; the bytes are "/" and its name
	 */
	WIRE_PATH_PSEUDO = 8,
	/*
	 * hangs in no tree (open_tree, lazy umount, moved out of what is mounted): "(unreachable)" stands before it
	 */
	WIRE_PATH_DETACHED = 16,
	/* longer than WIRE_PATH_SIZE, or than the walk: the beginning is missing, "..." stands there */
	WIRE_PATH_CUT = 32,
	WIRE_PART_LIMIT = 64, /* there was more, beyond what any exec could take: left out */
};

struct wire_part {
	__u16 type;  /* enum wire_part_type */
	__u16 flags; /* enum wire_part_flags */
	__u32 size;  /* bytes that follow in this record, padding not counted */
	/* of a walked path: the mount namespace (as in /proc/PID/ns/mnt) whose tree it is in, 0 for the host's */
	__u32 mount_ns;
	__u32 reserved;
};

/* Parts: PATH (the executable that runs now), REQUEST, BASE, CWD, NEW_PATH (its dynamic linker), ARGS. */
struct wire_exec {
	__s64 return_code;  /* 0 or -errno */
	__u64 inode;	    /* of PATH; 0 when there is none */
	__u64 loader_inode; /* of NEW_PATH; 0 when there is none */
	__u32 dev;	    /* the kernel's dev_t of PATH: major << 20 | minor */
	__u32 flags;	    /* enum wire_exec_flags */
	/* strings in ARGS, those in WIRE_MORE records included; 0 when not known */
	__u32 argc;
	__u32 reserved;
};

enum wire_exec_flags {
	/* PATH is not the requested file but its interpreter (#!, binfmt_misc) */
	WIRE_EXEC_SCRIPT = 1,
	/* execveat with a descriptor: REQUEST is relative to BASE, or is BASE when empty */
	WIRE_EXEC_AT = 2,
};

struct wire_exit {
	__u32 status; /* as wait(2) has it */
	__u32 reserved;
	__u64 start_time; /* CLOCK_BOOTTIME, nanoseconds, when the process was forked */
	__u64 utime;	  /* nanoseconds, all threads, in the kernel's ticks */
	__u64 stime;
	/* nanoseconds, all threads, exact: the kernel scales utime and stime to it */
	__u64 cpu_time;
};

/* Parts: PATH (on success), REQUEST, BASE (when there is no PATH). */
struct wire_open {
	__s64 return_code; /* descriptor or -errno */
	__u64 inode;
	__u64 flags;   /* O_*, as requested */
	__u64 resolve; /* RESOLVE_*, openat2 only */
	__u32 dev;
	__u32 mode;    /* as requested, before the umask */
	__u16 via;     /* enum wire_via */
	__u16 created; /* 1 when this call created the file */
	__u32 notes;   /* enum wire_open_notes */
};

enum wire_open_notes {
	/* flags, mode and resolve could not be read (openat2 with a bad pointer) */
	WIRE_OPEN_UNKNOWN = 1,
	WIRE_OPEN_NO_RESULT = 2, /* return_code is not known */
};

enum wire_via {
	WIRE_VIA_SYSCALL,
	WIRE_VIA_HANDLE, /* open_by_handle_at */
	WIRE_VIA_IO_URING,
	WIRE_VIA_PIDFD_GETFD, /* another process's descriptor was copied */
	WIRE_VIA_SCM_RIGHTS,  /* a descriptor came over a unix socket */
	WIRE_VIA_OPEN_TREE,
	WIRE_VIA_MQ_OPEN,
	WIRE_VIAS,
};

enum wire_operation {
	WIRE_CONNECT,
	WIRE_SEND,
	WIRE_CONNECTED, /* how a connect that did not wait has ended */
	WIRE_BIND,
	WIRE_LISTEN,
	WIRE_ACCEPT,
	WIRE_RECEIVE, /* a socket came from another process: pidfd_getfd, SCM_RIGHTS */
	WIRE_OPERATIONS,
};

/*
 * src_* is this end, dst_* the other end, in every operation. Of AF_VSOCK they hold the context id and the port, four bytes
 * each. Parts, for AF_UNIX: PATH (the peer's of connect and send, else this end's), REQUEST (sun_path), BASE, NEW_PATH (the
 * peer's of accept and receive). Abstract names begin with a NUL.
 */
struct wire_network {
	__s64 return_code;
	__u16 operation;     /* enum wire_operation */
	__u16 family;	     /* of the address: AF_*; AF_UNSPEC is a disconnect */
	__u16 socket_family; /* of the socket, 0 when the descriptor is none */
	__u16 type;	     /* SOCK_*, 0 when not known */
	__u16 protocol;	     /* IPPROTO_* */
	__u16 src_port;	     /* host byte order */
	__u16 dst_port;
	__u16 flags;	   /* enum wire_network_flags */
	__u8 src_addr[16]; /* network byte order; IPv4 in the first four */
	__u8 dst_addr[16];
	__u64 inode; /* of the socket, as in "socket:[4711]"; 0 when not known */
	__u32 net_ns; /* network namespace (as in /proc/PID/ns/net) of the socket, 0 for the host's */
	__u32 scope_id; /* IPv6 link-local, else 0 */
	__u16 via;	/* enum wire_via */
	__u16 reserved[3];
};

enum wire_network_flags {
	WIRE_NET_SRC = 1, /* src_addr and src_port are set */
	WIRE_NET_DST = 2, /* dst_addr and dst_port are set, by the kernel's copy */
	/* dst_addr and dst_port are set, as the caller's memory had them after the call */
	WIRE_NET_DST_REQUEST = 4,
	/* the caller's address could not be read, family is the socket's */
	WIRE_NET_UNREADABLE = 8,
	WIRE_NET_NO_RESULT = 16, /* return_code is not known */
	WIRE_NET_ABSTRACT = 32,	 /* unix: an abstract name; its bytes follow the leading NUL */
	/* src_addr and src_port are set, as the caller's memory had them after the call */
	WIRE_NET_SRC_REQUEST = 64,
};

/* Parts: PATH (moved to). header.task is the task that was moved. */
struct wire_cgroup {
	__u64 from; /* cgroup ids */
	__u64 to;
	__u32 mover; /* pid of the process that moved it */
	__u32 reserved;
};

/* Parts: NAME. */
struct wire_tty {
	__u64 reserved;
};

/* What a task may do. */
struct wire_rights {
	__u32 uid, euid, suid, fsuid;
	__u32 gid, egid, sgid, fsgid;
	__u64 permitted; /* capabilities, a bit each (capabilities(7)) */
	__u64 effective;
	__u32 user_ns; /* as in /proc/PID/ns/user; 0: none of this is known */
	__u32 reserved;
};

enum wire_privilege_operation {
	WIRE_PRIVILEGE_EXEC, /* a set-user-ID or set-group-ID program, or one with file capabilities */
	WIRE_PRIVILEGE_SETID, /* setuid, setresgid, ... */
	WIRE_PRIVILEGE_CAPSET,
	WIRE_PRIVILEGE_USER_NAMESPACE, /* unshare, setns, clone: all capabilities, in there */
	WIRE_PRIVILEGE_OPERATIONS,
};

struct wire_privilege {
	__u32 operation; /* enum wire_privilege_operation */
	__u32 call;	 /* enum wire_call; WIRE_CALL_NONE for an exec */
	struct wire_rights before;
	struct wire_rights after;
};

enum wire_ptrace_operation {
	WIRE_PTRACE_ATTACH,
	WIRE_PTRACE_SEIZE,
	WIRE_PTRACE_TRACEME, /* the target is the caller; its parent may reach into it */
	WIRE_PTRACE_READ,    /* process_vm_readv */
	WIRE_PTRACE_WRITE,   /* process_vm_writev */
	WIRE_PTRACE_OPERATIONS,
};

struct wire_ptrace {
	__s64 return_code;
	__u32 operation; /* enum wire_ptrace_operation */
	__u32 requested; /* the number that the caller gave, in its own pid namespace */
	/* what was reached into, in the initial namespaces; 0 where it is not known */
	__u32 target_pid;
	__u32 target_tid;
	__u32 target_uid;
	__u32 notes;	      /* enum wire_ptrace_notes */
	__u64 target_session; /* key of its session, 0 for none */
	char target_comm[WIRE_COMM_SIZE];
};

enum wire_ptrace_notes {
	WIRE_PTRACE_TARGET = 1,	 /* target_uid and target_comm are known */
	WIRE_PTRACE_SESSION = 2, /* target_session is known */
};

enum wire_kernel_operation {
	WIRE_KERNEL_MODULE_LOAD,
	WIRE_KERNEL_MODULE_UNLOAD,
	WIRE_KERNEL_KEXEC,
	WIRE_KERNEL_BPF_LOAD,
	WIRE_KERNEL_OPERATIONS,
};

/* Parts: PATH (the module's or kernel's file), NAME (of the module to remove, of the BPF program). */
struct wire_kernel {
	__s64 return_code;
	__u32 operation; /* enum wire_kernel_operation */
	__u32 flags;	 /* as the caller gave them */
	__u32 type;	 /* BPF: enum bpf_prog_type */
	__u32 id;	 /* BPF: of the program, 0 when there is none */
	__u64 inode;	 /* of PATH */
	__u32 dev;
	__u32 reserved;
};

enum wire_file_operation {
	WIRE_FILE_UNLINK,
	WIRE_FILE_RMDIR,
	WIRE_FILE_RENAME,
	WIRE_FILE_LINK,
	WIRE_FILE_SYMLINK,
	WIRE_FILE_TRUNCATE,
	WIRE_FILE_MOUNT,
	WIRE_FILE_UMOUNT,
	WIRE_FILE_MOVE_MOUNT,
	WIRE_FILE_PIVOT_ROOT,
	WIRE_FILE_CHROOT,
	WIRE_FILE_OPERATIONS,
};

/*
 * Parts: PATH (of a new root), REQUEST, BASE; NEW_REQUEST and NEW_BASE of what has two paths, of a mount its source, which has
 * a base where it is a path; NAME: a mount's type, a symbolic link's text.
 */
struct wire_file {
	__s64 return_code;
	__u64 flags;	 /* as the caller gave them */
	__u32 operation; /* enum wire_file_operation */
	__u16 via;	 /* enum wire_via */
	__u16 notes;	 /* enum wire_open_notes */
};

/* Parts: PATH. */
struct wire_image {
	__u64 inode;
	__u32 dev;
	__u32 reserved;
};

/* The bytes follow: size - sizeof(header) - sizeof(wire_more), padding not counted in `bytes`. */
struct wire_more {
	__u16 type;  /* enum wire_part_type: the part that it continues */
	__u16 flags; /* enum wire_more_flags */
	__u32 index; /* from 1 */
	__u32 bytes;
	__u32 reserved;
};

enum wire_more_flags {
	WIRE_MORE_LAST = 1,
	WIRE_MORE_UNREADABLE = 2, /* the memory could not be read: the part ends here, cut short */
	WIRE_MORE_LIMIT = 4,	  /* there was more, beyond what any exec could take: left out */
};

/* A hidden padding byte would carry kernel memory to user space, or a field that nobody checks. */
_Static_assert(sizeof(struct wire_task) == 72, "wire_task has padding");
_Static_assert(sizeof(struct wire_header) == 104, "wire_header has padding");
_Static_assert(sizeof(struct wire_part) == 16, "wire_part has padding");
_Static_assert(sizeof(struct wire_exec) == 40, "wire_exec has padding");
_Static_assert(sizeof(struct wire_exit) == 40, "wire_exit has padding");
_Static_assert(sizeof(struct wire_open) == 48, "wire_open has padding");
_Static_assert(sizeof(struct wire_network) == 80, "wire_network has padding");
_Static_assert(sizeof(struct wire_cgroup) == 24, "wire_cgroup has padding");
_Static_assert(sizeof(struct wire_tty) == 8, "wire_tty has padding");
_Static_assert(sizeof(struct wire_rights) == 56, "wire_rights has padding");
_Static_assert(sizeof(struct wire_privilege) == 120, "wire_privilege has padding");
_Static_assert(sizeof(struct wire_ptrace) == 56, "wire_ptrace has padding");
_Static_assert(sizeof(struct wire_kernel) == 40, "wire_kernel has padding");
_Static_assert(sizeof(struct wire_file) == 24, "wire_file has padding");
_Static_assert(sizeof(struct wire_image) == 16, "wire_image has padding");
_Static_assert(sizeof(struct wire_more) == 16, "wire_more has padding");

#endif
