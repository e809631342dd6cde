/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a process: its last thread has ended. */
#include "image.bpf.h"
#include "worker.bpf.h"

/* How the process ended, as wait(2) will say it (wait_task_zombie() in kernel/exit.c). */
static __always_inline __u32 exit_status(const struct signal_struct *signal,
					 const struct task_struct *leader)
{
	if (KREAD(signal, flags) & SIGNAL_GROUP_EXIT)
		return (__u32)KREAD(signal, group_exit_code);
	return (__u32)KREAD(leader, exit_code);
}

/* Threads that were reaped have left their times in signal; this one and a leader that waits for it have not. */
static __always_inline void exit_times(struct wire_exit *out, const struct task_struct *task,
				       const struct signal_struct *signal,
				       const struct task_struct *leader)
{
	out->utime = KREAD(signal, utime) + task->utime;
	out->stime = KREAD(signal, stime) + task->stime;
	out->cpu_time = KREAD(signal, sum_sched_runtime) + task->se.sum_exec_runtime;
	if (task->pid == task->tgid)
		return;
	out->utime += KREAD(leader, utime);
	out->stime += KREAD(leader, stime);
	out->cpu_time += KREAD(leader, se.sum_exec_runtime);
}

static __always_inline void exit_emit(struct task_struct *task, const struct task_state *state)
{
	struct scratch *scratch = record_begin(WIRE_EXIT, sizeof(struct wire_exit), task, state);
	const struct signal_struct *signal = KREAD(task, signal);
	const struct task_struct *leader = KREAD(task, group_leader);
	struct wire_exit *out;

	if (!scratch)
		return;
	out = (struct wire_exit *)&scratch->record[RECORD_FIXED];
	out->status = exit_status(signal, leader);
	out->reserved = 0;
	out->start_time = KREAD(leader, start_boottime);
	exit_times(out, task, signal, leader);
	record_end(scratch);
}

/*
 * Is this the last thread of its process? Since 6.16 the kernel says so. Before, two threads that end at once both see
 * none alive: then only the first to mark the leader's state is it, or its own where the leader has none.
 */
static __always_inline bool exit_last(__u64 *ctx, struct task_struct *task,
				      struct task_state *state)
{
	struct task_state *leader;

	if (bpf_core_field_exists(struct trace_event_raw_sched_process_exit, group_dead))
		return (__u8)ctx[1];
	if (KREAD(task, signal, live.counter) != 0)
		return false;
	leader = bpf_task_storage_get(&tasks, task->group_leader, 0, 0);
	if (!leader)
		leader = state;
	return __sync_lock_test_and_set(&leader->ended, 1) == 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct task_state *state = worker_find(task);
	struct session_state *session;
	__u64 key, address = (__u64)task;
	bool last;

	if (!state)
		return 0;
	key = state->session;
	last = exit_last(ctx, task, state);
	if (last)
		exit_emit(task, state);
	/* What runs of this task from here on is the kernel's own. */
	state->left = last ? 0 : key;
	state->session = 0;
	bpf_map_delete_elem(&pendings, &address);
	if (control.scope_hints && !bpf_map_delete_elem(&orphans, &address))
		__sync_fetch_and_add(&control.scope_hints, -1);
	if (!last)
		return 0;
	if (control.scope_hints)
		joined_remove(joined_key(task));
	session = scope_session(key);
	if (session)
		session_leave(session);
	return 0;
}
