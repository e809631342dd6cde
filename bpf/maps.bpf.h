/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps and globals that the probes share. Weak: every object file has them, the linker makes them one. */
#ifndef SESHAT_MAPS_BPF_H
#define SESHAT_MAPS_BPF_H

#include "kernel_types.h"
#include "arch.bpf.h"
#include "state.h"
#include "wire.h"

enum {
	SESSIONS = 16384, /* at once; the room for the table's heads is taken when it is made */
	SCRATCH_SLOTS = 4, /* a task preempted in a probe keeps its slot; the next one takes another */
	WALK_SIZE = WIRE_PATH_SIZE + 256, /* a name of up to 255 bytes, put where it might begin, stays inside */
};

/* Where a record is put together: too large for the stack of 512 bytes. */
struct scratch {
	__u32 busy;
	__u32 fill; /* bytes of record in use */
	__u8 record[WIRE_RECORD_SIZE];
	__u8 walk[WALK_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024); /* the loader sets the size asked for */
} ring __weak SEC(".maps");

/* Whose session a task is of. The storage goes with the task, so no look-up can find a stale one. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SESSIONS);
	__type(key, __u64);
	__type(value, struct session_state);
} sessions __weak SEC(".maps");

/* Id of a session's cgroup to the session's key. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SESSIONS);
	__type(key, __u64);
	__type(value, __u64);
} cgroup_sessions __weak SEC(".maps");

/*
 * Tasks whose storage could not be made when they were forked, by tid: the kernel refuses it while another
 * task on this processor was preempted inside a storage look-up, which a user can bring about. Preallocated,
 * so that it does not fail in the same moment.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, struct task_state);
} orphans __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches __weak SEC(".maps");

/* The probes behind sys_exit, by enum syscall_slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SLOTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} syscall_probes __weak SEC(".maps");

/* The only global: the loader maps it into its own memory. */
struct control control __weak;

#endif
