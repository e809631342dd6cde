/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one door into the ring buffer. A record is begun (it takes its session's next number), gets its fixed
 * part and variable parts in a scratch buffer, and is sent; what does not fit is counted, by kind.
 */
#ifndef SESHAT_EMIT_BPF_H
#define SESHAT_EMIT_BPF_H

#include "scope.bpf.h"

enum { RECORD_FIXED = sizeof(struct wire_header) };

enum {
	ERROR_INTERRUPTED = -4, /* -EINTR */
	ERROR_FAULT = -14,	/* -EFAULT */
	RESTART_FIRST = -512,	/* -ERESTARTSYS */
	RESTART_LAST = -516,	/* -ERESTART_RESTARTBLOCK */
};

/*
 * The result of a system call. One that a signal interrupts ends with a number that no program sees: it fails with
 * EINTR, or the kernel begins it again. Which, is decided later, by the signal's handler; the attempt was interrupted
 * in either case, and another one has a record of its own.
 */
static __always_inline long syscall_result(long ret)
{
	return ret <= RESTART_FIRST && ret >= RESTART_LAST ? ERROR_INTERRUPTED : ret;
}

/*
 * As bpf_probe_read_user_str(): how many bytes with the final NUL, or negative. That of an empty string returns 0 on kernels
 * up to 6.12 at least, and the NUL is there all the same.
 */
static __always_inline long user_string(void *to, __u32 size, __u64 string)
{
	long r = bpf_probe_read_user_str(to, size, (const void *)string);

	return r ? r : 1;
}

/* Returns the index of a free scratch buffer, now taken, or -1. */
SHARED int scratch_take(void)
{
	struct scratch *scratch;
	__u32 slot, key;

	for (slot = 0; slot < SCRATCH_SLOTS; slot++) {
		key = slot;
		scratch = bpf_map_lookup_elem(&scratches, &key);
		if (scratch && !__sync_lock_test_and_set(&scratch->busy, 1))
			return (int)slot;
	}
	return -1;
}

static __always_inline void scratch_give(struct scratch *scratch)
{
	scratch->busy = 0;
}

/*
 * Most records wake nobody: a wake-up costs three times as much as the record. The reader says when it goes
 * to sleep, and looks at the ring once more after saying so; the look at reader_sleeps after the record is
 * in the ring therefore misses no sleeper.
 */
static __always_inline long ring_send(void *data, __u64 size)
{
	long r = bpf_ringbuf_output(&ring, data, size, BPF_RB_NO_WAKEUP);

	if (*(volatile __u32 *)&control.reader_sleeps)
		ring_wake();
	return r;
}

static __always_inline void session_lose(struct session_state *session, __u32 kind)
{
	__sync_fetch_and_add(&session->lost[kind], 1);
	__sync_fetch_and_add(&control.lost, 1);
}

/* A record is due that there is nothing to make with: it has a number all the same, and is counted. */
static __always_inline void session_miss(struct session_state *session, __u32 kind)
{
	__sync_fetch_and_add(&session->numbered, 1);
	session_lose(session, kind);
}

static __always_inline void task_fill(struct wire_task *out, struct task_struct *task,
				      const struct task_state *state)
{
	const struct cred *cred = KREAD(task, cred);

	out->pid = task->tgid;
	out->tid = task->pid;
	out->ppid = KREAD(task, real_parent, tgid);
	out->uid = KREAD(cred, uid.val);
	out->euid = KREAD(cred, euid.val);
	out->gid = KREAD(cred, gid.val);
	/* Without CONFIG_AUDIT there is no login uid: unset, as the kernel's own getters say. */
	out->auid = bpf_core_field_exists(task->loginuid) ? task->loginuid.val : (__u32)-1;
	out->audit_session = bpf_core_field_exists(task->sessionid) ? task->sessionid : (__u32)-1;
	out->cgroup_id = KREAD(task, cgroups, dfl_cgrp, kn, id);
	out->image[0] = state->image[0];
	out->image[1] = state->image[1];
	/* A thread of the kernel's in this process is called after its number. */
	if (task_is_worker(task))
		BPF_CORE_READ_INTO(&out->comm, task, group_leader, comm);
	else
		bpf_probe_read_kernel(out->comm, sizeof(out->comm), task->comm);
}

static __always_inline void header_fill(struct wire_header *header, __u16 kind,
					struct task_struct *task, const struct task_state *state)
{
	header->kind = kind;
	header->session = state->session;
	header->time = bpf_ktime_get_boot_ns();
	task_fill(&header->task, task, state);
}

/*
 * Takes a scratch buffer and the next number of a session, for a record whose task the caller tells. NULL: the session is
 * gone, or no scratch buffer was free, which is counted. `fixed` is the size of the kind's fixed part, which the caller
 * fills.
 */
static __always_inline struct scratch *record_take(__u16 kind, __u32 fixed, __u64 key)
{
	struct session_state *session = scope_session(key);
	struct wire_header *header;
	struct scratch *scratch = NULL;
	__u64 number = 0;
	int slot;

	if (!session)
		return NULL;
	if (kind != WIRE_IMAGE)
		number = __sync_fetch_and_add(&session->numbered, 1) + 1;
	slot = scratch_take();
	if (slot >= 0)
		scratch = bpf_map_lookup_elem(&scratches, &slot);
	if (!scratch) {
		if (kind != WIRE_IMAGE && kind < WIRE_KINDS)
			session_lose(session, kind);
		return NULL;
	}
	header = (struct wire_header *)scratch->record;
	header->kind = kind;
	header->session = key;
	header->reserved = 0;
	header->number = number;
	scratch->fill = RECORD_FIXED + fixed;
	return scratch;
}

/* Begins a record of a task that is in a session, as record_take(). */
static __always_inline struct scratch *
record_begin(__u16 kind, __u32 fixed, struct task_struct *task, const struct task_state *state)
{
	struct scratch *scratch = record_take(kind, fixed, state->session);

	if (scratch)
		header_fill((struct wire_header *)scratch->record, kind, task, state);
	return scratch;
}

SHARED int record_lost(struct scratch *scratch)
{
	const struct wire_header *header;
	struct session_state *session;
	__u32 kind;

	if (!scratch)
		return 0;
	header = (const struct wire_header *)scratch->record;
	session = scope_session(header->session);
	kind = header->kind;
	if (session && header->number && kind < WIRE_KINDS)
		session_lose(session, kind);
	return 0;
}

/* Sends what is in the scratch buffer; negative when the ring had no room, which the caller counts. */
SHARED int record_send(struct scratch *scratch)
{
	struct wire_header *header;
	__u32 size;

	if (!scratch)
		return -1;
	header = (struct wire_header *)scratch->record;
	size = scratch->fill;
	barrier_var(size);
	if (size < RECORD_FIXED || size > WIRE_RECORD_SIZE)
		return -1;
	header->size = size;
	return (int)ring_send(scratch->record, size);
}

/* Sends the record and gives the scratch buffer back. Returns 0, or negative when it was lost, and counted. */
SHARED int record_end(struct scratch *scratch)
{
	int r;

	if (!scratch)
		return -1;
	r = record_send(scratch);
	if (r)
		record_lost(scratch);
	scratch_give(scratch);
	return r;
}

#endif
