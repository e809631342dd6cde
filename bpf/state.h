/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Map values that the probes share with the agent: whose session a task is of, and each session's accounts. */
#ifndef SESHAT_STATE_H
#define SESHAT_STATE_H

#include "wire.h"

enum {
	STATE_UNIX_SIZE = 108, /* sun_path */
	/* after so many others an executable is told again: the reader remembers 256 of the longest paths */
	IMAGES_FRESH = 128,
};

/* Which probe looks at the exit of a system call: the index in syscall_probes; 0 is none. */
enum syscall_slot {
	SLOT_NONE,
	SLOT_OPEN,
	SLOT_EXEC,
	SLOT_NETWORK, /* connect and the sends, and all of socketcall(2) */
	SLOT_SOCKET,  /* bind, listen, accept */
	SLOT_RECEIVE, /* messages that may bring descriptors */
	SLOT_PRIVILEGE,
	SLOT_PTRACE,
	SLOT_KERNEL,
	SLOT_FILE,
	SLOTS,
};

/* control.trampolines: 32-bit calls are seen as a whole, not each at its function. */
#define TRAMPOLINES_NARROW (1u << 31)

/* The kernel's copy of an address, from the sock_addr hook until the end of the system call; of one task. */
struct pending_address {
	__u64 cookie;	 /* of the socket */
	__u64 sock;	 /* its address in the kernel */
	__u16 operation; /* enum wire_operation + 1, 0 for none */
	__u16 family;
	__u16 port; /* host byte order */
	__u16 src_port;
	__u16 type;
	__u16 protocol;
	__u16 size; /* of path */
	__u16 reserved;
	__u32 reserved3;
	__u32 messages; /* hooks called in this system call: sendmmsg */
	__u8 addr[16];
	__u8 src_addr[16];
	char path[STATE_UNIX_SIZE];
	__u32 reserved2;
};

struct task_state {
	__u64 session; /* key in sessions, 0 for none */
	/* the last cgroup that this task is known to have been in, 0 for not yet known */
	__u64 cgroup;
	__u64 image[2]; /* the executable that user space has been told of */
	__u64 told;	/* control.images when it was */
	/* 1 when the process's exit has been reported (kept in the group leader's state) */
	__u32 ended;
	__u32 emulated;	  /* a debugger answers the system call that this task is in */
	__u64 connecting; /* key in outcomes: the socket that this system call has begun to connect */
	__u64 left; /* of a process's first thread that has ended: the session that the others are in */
	struct wire_rights rights; /* as this task is known to have had them last */
};

/* A process that joined a session with several threads: which of them does something first is not known. */
struct joined_state {
	__u64 session;
	__u64 cgroup;
};

struct session_state {
	__u64 numbered; /* the last number given */
	__u64 lost[WIRE_KINDS];
	__s64 processes; /* alive; the agent begins with 1 for a leader that it marks itself */
	__u64 cgroup;	 /* id of the session's cgroup */
	__u32 tty_told;
	__u32 reserved;
};

/* Shared memory between the probes and their reader. */
struct control {
	/* set by the reader before it sleeps; the first record after that clears it and wakes it */
	__u32 reader_sleeps;
	/*
	 * not 0 once a task may be found by other means than its own storage: until then a miss is
	 * final
	 */
	__u32 scope_hints;
	__u32 slots_off; /* a bit for each enum syscall_slot that is not wanted */
	__u32 images; /* executables told so far; goes on where a reader begins that knows none */
	__u32 uring_requests; /* of io_uring: submitted, not yet completed */
	/* a bit for each enum syscall_slot that is served where the call itself ends, not at sys_exit */
	__u32 trampolines;
	/* not told of a path or socket: the first process's namespaces, and the agent's own */
	__u32 mount_ns[2];
	__u32 net_ns[2];
	__u64 lost;  /* records that found no room, of all sessions */
	__u64 ended; /* how often a session's last process has ended */
};

_Static_assert(sizeof(struct pending_address) == 184, "pending_address has padding");
_Static_assert(sizeof(struct task_state) == 64 + sizeof(struct wire_rights),
	       "task_state has padding");
_Static_assert(sizeof(struct session_state) == 8 * WIRE_KINDS + 32, "session_state has padding");

#endif
