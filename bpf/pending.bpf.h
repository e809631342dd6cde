/* SPDX-License-Identifier: GPL-2.0-only */
/* What a hook has seen of a system call's address. */
#ifndef SESHAT_PENDING_BPF_H
#define SESHAT_PENDING_BPF_H

#include "maps.bpf.h"

/* Of a task; NULL where no hook has ever seen an address of its. */
static __always_inline struct pending_address *pending_find(const struct task_struct *task)
{
	__u64 key = (__u64)task;

	return bpf_map_lookup_elem(&pendings, &key);
}

/* Whatever a hook has seen belongs to no system call to come. */
static __always_inline void pending_forget(const struct task_struct *task)
{
	struct pending_address *pending = pending_find(task);

	if (pending)
		pending->operation = 0;
}

/* Does it belong to a call of this operation? */
static __always_inline bool pending_is(const struct pending_address *pending, __u16 operation)
{
	return pending && pending->operation == operation + 1;
}

/* Not inline: the stack is short. */
static __noinline struct pending_address *pending_make(__u64 key)
{
	struct pending_address empty = {};

	bpf_map_update_elem(&pendings, &key, &empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(&pendings, &key);
}

/* As pending_find(), made where there is none; NULL where there is no room. */
static __always_inline struct pending_address *pending_take(const struct task_struct *task)
{
	struct pending_address *pending = pending_find(task);

	return pending ? pending : pending_make((__u64)task);
}

#endif
