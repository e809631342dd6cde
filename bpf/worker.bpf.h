/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that the kernel makes in a process for io_uring, of which no tracepoint of a fork tells. */
#ifndef SESHAT_WORKER_BPF_H
#define SESHAT_WORKER_BPF_H

#include "arch.bpf.h"
#include "emit.bpf.h"

/* Gives such a thread the state of its process's first one, which may have ended already. */
static __always_inline struct task_state *worker_enter(struct task_struct *task)
{
	struct task_state *from = bpf_task_storage_get(&tasks, task->group_leader, 0, 0), *state;
	__u64 key;

	if (!from)
		return NULL;
	key = from->session ? from->session : from->left;
	if (!key || !scope_session(key))
		return NULL;
	state = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state)
		return NULL;
	state_inherit(state, from);
	state->session = key;
	return state;
}

/*
 * Does the current task work for io_uring? Then what the hooks see is no system call's. (Work that is left over from one is
 * done at the end of the next, whatever that is.)
 */
static __always_inline bool worker_is_at_work(struct task_struct *task)
{
	struct pt_regs *regs;

	if (task_is_worker(task))
		return true;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return arch_syscall(regs, arch_compat(task)) == BOTH_IO_URING_ENTER;
}

/* As scope_find(), of a task that may be such a thread. */
static __always_inline struct task_state *worker_find(struct task_struct *task)
{
	struct task_state *state = scope_find(task);

	return state || !task_is_worker(task) ? state : worker_enter(task);
}

#endif
