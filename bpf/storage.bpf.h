/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task's state for programs that may not look up its storage, and of tasks that are an address only: by the kernel's own
 * list. It can be read, and not changed.
 */
#ifndef SESHAT_STORAGE_BPF_H
#define SESHAT_STORAGE_BPF_H

#include "scope.bpf.h"

enum { STORAGES = 64 }; /* of one task, of all BPF programs on the machine */

struct storage_walk {
	__u64 element; /* where the walk has come to: the snode of a struct bpf_local_storage_elem */
	__u64 map;     /* to be found */
	__u64 state;   /* found */
};

static long storage_walk_step(__u32 index, void *data)
{
	struct storage_walk *walk = data;
	const struct bpf_local_storage_elem *element;
	const struct hlist_node *node = (const struct hlist_node *)walk->element;

	if (!node)
		return 1;
	element = (const void *)node - bpf_core_field_offset(struct bpf_local_storage_elem, snode);
	if ((__u64)KREAD(element, sdata.smap) == walk->map) {
		walk->state = (__u64)element +
			      bpf_core_field_offset(struct bpf_local_storage_elem, sdata) +
			      bpf_core_field_offset(struct bpf_local_storage_data, data);
		return 1;
	}
	walk->element = (__u64)KREAD(node, next);
	return 0;
}

/* The address of a task's state, to be read with care; 0 where it has none: for most tasks no more than a look. */
static __always_inline __u64 storage_state(const struct task_struct *task)
{
	struct storage_walk walk = {};
	const void *map = &tasks;

	walk.element = (__u64)KREAD(task, bpf_storage, list.first);
	if (!walk.element)
		return 0;
	/* As a plain number: what the map begins with is what the kernel's list names it by. */
	bpf_probe_read_kernel(&walk.map, sizeof(walk.map), &map);
	bpf_loop(STORAGES, storage_walk_step, &walk, 0);
	return walk.state;
}

/* Of a task without storage: as scope_adopt(), without making one. */
static __noinline int scope_peek_hint(struct task_state *out, struct task_struct *task)
{
	struct joined_state *from;
	struct task_state *orphan;
	__u64 key = (__u64)task;

	orphan = bpf_map_lookup_elem(&orphans, &key);
	if (orphan) {
		*out = *orphan;
		return 1;
	}
	key = joined_key(task);
	from = bpf_map_lookup_elem(&joined, &key);
	if (!from)
		return 0;
	out->session = from->session;
	out->cgroup = from->cgroup;
	return 1;
}

/* As scope_find(), but a copy: of the current task's state, which is changed by nobody else. False: it is in no session. */
static __always_inline bool scope_peek(struct task_state *out, struct task_struct *current)
{
	__u64 state = storage_state(current);

	if (state)
		return !bpf_probe_read_kernel(out, sizeof(*out), (const void *)state) &&
		       out->session;
	return control.scope_hints && scope_peek_hint(out, current);
}

#endif
