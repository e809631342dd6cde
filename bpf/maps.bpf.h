/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps and the global that the probes share. */
#ifndef SESHAT_MAPS_BPF_H
#define SESHAT_MAPS_BPF_H

#include "kernel_types.h"
#include "arch.bpf.h"
#include "state.h"
#include "wire.h"

enum {
	/* at once; the loader sets what the machine can hold. The room for the table's heads is taken then */
	SESSIONS = 16384,
	/* a task preempted in a probe keeps its slot; the next one takes another */
	JOINED = 65536,
	PENDINGS =
		65536, /* tasks that have used an address; of one more the record has the request's */
	SCRATCH_SLOTS = 4,
	/* a name of up to 255 bytes, put where it might begin, stays inside */
	WALK_SIZE = WIRE_PATH_SIZE + 256,
};

/* A walk from a file to the top of its mount tree. Kept in a map, where the addresses are plain numbers. */
struct path_walk {
	__u64 dentry;
	__u64 mount;	/* struct mount */
	__u64 root;	/* of the mount */
	__u32 position; /* in scratch->walk: the path grows downwards from WIRE_PATH_SIZE */
	__u32 flags;	/* enum wire_part_flags */
	__u32 nameless; /* the top that the walk has come to has no name of its own */
	__u32 reserved;
};

/* Where a record is put together: too large for the stack of 512 bytes. */
struct scratch {
	__u32 busy;
	__u32 fill; /* bytes of record in use */
	struct path_walk path;
	__u8 record[WIRE_RECORD_SIZE];
	__u8 walk[WALK_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024); /* the loader sets the size asked for */
} ring SEC(".maps");

/* Whose session a task is of. The storage goes with the task, so no look-up can find a stale one. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SESSIONS);
	__type(key, __u64);
	__type(value, struct session_state);
} sessions SEC(".maps");

/* Id of a session's cgroup to the session's key. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SESSIONS);
	__type(key, __u64);
	__type(value, __u64);
} cgroup_sessions SEC(".maps");

/*
 * Tasks whose storage could not be made when they were forked, by their address, which no exec changes, until they
 * exit: the kernel refuses it while another
 * task on this processor was preempted inside a storage look-up, which a user can bring about. Preallocated,
 * so that it does not fail in the same moment.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct task_state);
} orphans SEC(".maps");

/* The state of a task of which nothing is known: too large for the stack. Nothing is ever written to it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_state);
} blank SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/*
 * Processes that joined a session with several threads, by the address of their struct signal_struct, which all threads
 * share, however they execute and end; gone with the last of them. Each thread gets its storage when it does something.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, JOINED);
	__type(key, __u64);
	__type(value, struct joined_state);
} joined SEC(".maps");

/*
 * What the sock_addr hooks have seen, by the task's address; gone with the task. Not in its storage, which these hooks may not
 * look up before 6.18.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PENDINGS);
	__type(key, __u64);
	__type(value, struct pending_address);
} pendings SEC(".maps");

/*
 * Processes that belong to another session from the moment in which they enter its cgroup: pid to the session's key. The
 * agent puts one in, moves the process, and takes it out again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} moves SEC(".maps");

/* The probes behind sys_exit, by enum syscall_slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SLOTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} syscall_probes SEC(".maps");

/* The only global: the loader maps it into its own memory. */
struct control control;

#endif
