/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All probes, with task storage that cannot be made every other time: what the kernel does while a task that was
 * preempted inside a look-up holds the storage's lock, and what no test can bring about at will.
 */
#include "bpf/kernel_types.h"

static __always_inline void *storage_get_sometimes(void *map, struct task_struct *task, void *value,
						   __u64 flags)
{
	if (flags && (bpf_get_prandom_u32() & 1))
		return NULL;
	return bpf_task_storage_get(map, task, value, flags);
}

#define bpf_task_storage_get storage_get_sometimes

#include "bpf/seshat.bpf.c"
