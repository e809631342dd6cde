/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose session is a task of? */
#ifndef SESHAT_SCOPE_BPF_H
#define SESHAT_SCOPE_BPF_H

#include "rights.bpf.h"

enum {
	/* levels that a walk to the root follows; far more than a path can name */
	CGROUP_DEPTH = 4096,
	ERROR_EXISTS = -17,
};

static __always_inline struct session_state *scope_session(__u64 key)
{
	return bpf_map_lookup_elem(&sessions, &key);
}

/*
 * Remembers, where the storage cannot be made, the state of a task, which begins as that of `from`, or as nothing (NULL).
 * Negative when that cannot be, or (BPF_NOEXIST) is.
 */
static __always_inline long scope_orphan(struct task_struct *task, __u64 session, __u64 cgroup,
					 const struct task_state *from, __u64 flags)
{
	__u64 key = (__u64)task;
	__u32 only = 0;
	const struct task_state *value = from ? from : bpf_map_lookup_elem(&blank, &only);
	struct task_state *state;
	long r = value ? bpf_map_update_elem(&orphans, &key, value, flags) : -1;

	if (r)
		return r;
	__sync_fetch_and_add(&control.scope_hints, 1);
	state = bpf_map_lookup_elem(&orphans, &key);
	if (state) {
		state->cgroup = cgroup;
		state->session = session;
	}
	return 0;
}

static __always_inline void state_inherit(struct task_state *state, const struct task_state *from)
{
	state->image[0] = from->image[0];
	state->image[1] = from->image[1];
	state->told = from->told;
	state->rights = from->rights;
}

/* Takes an orphan out again. True for the one caller that did it. */
static __always_inline bool orphan_remove(struct task_struct *task)
{
	__u64 key = (__u64)task;

	if (!control.scope_hints || bpf_map_delete_elem(&orphans, &key))
		return false;
	__sync_fetch_and_add(&control.scope_hints, -1);
	return true;
}

/* As state_enter, where there is no storage. If there is one a moment later, whoever made it may not have seen this. */
static __always_inline long state_orphan(struct task_struct *task, __u64 session, __u64 cgroup,
					 const struct task_state *from)
{
	long r = scope_orphan(task, session, cgroup, from, BPF_NOEXIST);
	struct task_state *state;

	if (r)
		return r == ERROR_EXISTS ? 0 : r;
	state = bpf_task_storage_get(&tasks, task, 0, 0);
	return !(state && state->session && orphan_remove(task));
}

/*
 * Gives a task its storage. 1: it is in the session from now on; 0: somebody was faster; negative: it cannot be. A new
 * process may be moved into the session's cgroup before its parent has come to the tracepoint of the fork: it must count
 * once.
 */
static __always_inline long state_enter(struct task_struct *task, __u64 session, __u64 cgroup,
					const struct task_state *from)
{
	struct task_state *state =
		bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	/* Of two that make a task's first storage at once, one gets nothing, and finds the other's. */
	if (!state)
		state = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state)
		return state_orphan(task, session, cgroup, from);
	if (state->session)
		return 0;
	state->cgroup = cgroup;
	if (from)
		state_inherit(state, from);
	/* Its own: a clone may have another user namespace, and one that joins comes with what it has. */
	rights_read(&state->rights, task);
	if (__sync_val_compare_and_swap(&state->session, 0, session))
		return 0;
	return !orphan_remove(task);
}

/* Makes a task part of a session; `from` is the state it inherits, or NULL. */
static __always_inline bool scope_enter(struct task_struct *task, __u64 key, __u64 cgroup,
					const struct task_state *from)
{
	struct session_state *session = scope_session(key);
	long r;

	if (!session)
		return false;
	r = state_enter(task, key, cgroup, from);
	/* Threads come and go with their process. */
	if (r > 0 && task->pid == task->tgid)
		__sync_fetch_and_add(&session->processes, 1);
	return r >= 0;
}

/* A process of the session has ended. The reader learns when it was the last one. */
static __always_inline void session_leave(struct session_state *session)
{
	if (__sync_fetch_and_add(&session->processes, -1) != 1)
		return;
	__sync_fetch_and_add(&control.ended, 1);
	ring_wake();
}

static __always_inline __u64 joined_key(struct task_struct *task)
{
	return (__u64)KREAD(task, signal);
}

/* Takes a process out again. True for the one caller that did it. */
static __always_inline bool joined_remove(__u64 key)
{
	if (bpf_map_delete_elem(&joined, &key))
		return false;
	__sync_fetch_and_add(&control.scope_hints, -1);
	return true;
}

/* A process of several threads, whichever of them are still alive, becomes part of a session. */
static __always_inline void scope_join(struct task_struct *task, const struct joined_state *value)
{
	struct session_state *session = scope_session(value->session);
	__u64 key = joined_key(task);

	if (!session || bpf_map_update_elem(&joined, &key, value, BPF_NOEXIST))
		return;
	__sync_fetch_and_add(&control.scope_hints, 1);
	__sync_fetch_and_add(&session->processes, 1);
	/* If the last thread ended just now, it may have looked here in vain, and nobody else would. */
	if (KREAD(task, signal, live.counter) == 0 && joined_remove(key))
		session_leave(session);
}

/* The state of a thread of a process that joined: its storage, made now. */
static __always_inline struct task_state *joined_enter(struct task_struct *task,
						       const struct joined_state *from)
{
	struct task_state *state =
		bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!state)
		return NULL;
	state->cgroup = from->cgroup;
	if (!state->session)
		rights_read(&state->rights, task);
	state->session = from->session;
	return state;
}

/* An orphan's storage, made now; NULL where that still cannot be. */
static __always_inline struct task_state *orphan_enter(struct task_struct *task,
						       const struct task_state *orphan)
{
	struct task_state *state =
		bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u64 key = (__u64)task;

	if (!state)
		return NULL;
	state->cgroup = orphan->cgroup;
	state_inherit(state, orphan);
	state->session = orphan->session;
	if (!bpf_map_delete_elem(&orphans, &key))
		__sync_fetch_and_add(&control.scope_hints, -1);
	return state;
}

/*
 * The current task, if it has no storage of its own: an orphan, or a thread of a process that joined. Makes the
 * storage; where that still cannot be, the task is, or stays, an orphan.
 */
__weak int scope_adopt(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *orphan;
	struct joined_state *from;
	__u64 key;

	key = (__u64)task;
	orphan = bpf_map_lookup_elem(&orphans, &key);
	if (orphan)
		return orphan_enter(task, orphan) != NULL;
	key = joined_key(task);
	from = bpf_map_lookup_elem(&joined, &key);
	if (!from)
		return 0;
	if (joined_enter(task, from))
		return 1;
	scope_orphan(task, from->session, from->cgroup, NULL, BPF_ANY);
	return 0;
}

/* Is a task, which may be another than the current one, in a session, with or without storage of its own? */
static __always_inline bool scope_known(struct task_struct *task)
{
	struct task_state *state = bpf_task_storage_get(&tasks, task, 0, 0);
	__u64 key = (__u64)task;

	if (state)
		return state->session;
	if (!control.scope_hints)
		return false;
	if (bpf_map_lookup_elem(&orphans, &key))
		return true;
	key = joined_key(task);
	return bpf_map_lookup_elem(&joined, &key);
}

/* The state of a task that is known; NULL where its storage cannot be made. */
static __always_inline struct task_state *scope_state(struct task_struct *task)
{
	struct task_state *state = bpf_task_storage_get(&tasks, task, 0, 0);
	struct joined_state *from;
	__u64 key = (__u64)task;

	if (state || !control.scope_hints)
		return state;
	state = bpf_map_lookup_elem(&orphans, &key);
	if (state)
		return orphan_enter(task, state);
	key = joined_key(task);
	from = bpf_map_lookup_elem(&joined, &key);
	return from ? joined_enter(task, from) : NULL;
}

/*
 * The state of the current task, if it is in a session: for everybody else one failed look-up. That of an orphan for
 * which there is still no storage is as good, as long as the task lives.
 */
static __always_inline struct task_state *scope_find(struct task_struct *current)
{
	struct task_state *state = bpf_task_storage_get(&tasks, current, 0, 0);
	__u64 key = (__u64)current;

	if (state)
		return state->session ? state : NULL;
	if (!control.scope_hints)
		return NULL;
	if (scope_adopt())
		return bpf_task_storage_get(&tasks, current, 0, 0);
	return bpf_map_lookup_elem(&orphans, &key);
}

struct cgroup_walk {
	__u64 cgroup;  /* the css that the walk has come to: a cgroup begins with its own */
	__u64 wanted;  /* id of the cgroup to find, 0 for any session's */
	__u64 session; /* found: its session's key, or 1 */
};

static long cgroup_walk_step(__u32 index, void *data)
{
	struct cgroup_walk *walk = data;
	struct cgroup *cgroup = (struct cgroup *)walk->cgroup;
	__u64 id = KREAD(cgroup, kn, id), *key;

	if (walk->wanted) {
		walk->session = id == walk->wanted;
	} else {
		key = bpf_map_lookup_elem(&cgroup_sessions, &id);
		walk->session = key ? *key : 0;
	}
	if (walk->session)
		return 1;
	walk->cgroup = (__u64)KREAD(cgroup, self.parent);
	return walk->cgroup == 0;
}

/* The key of the session whose cgroup this one is, or is below; 0 for none. */
__weak __u64 scope_of_cgroup(__u64 cgroup)
{
	struct cgroup_walk walk = { .cgroup = cgroup };

	bpf_loop(CGROUP_DEPTH, cgroup_walk_step, &walk, 0);
	return walk.session;
}

/* 1 when the cgroup is the one with this id, or is below it. */
__weak __u64 scope_cgroup_within(__u64 cgroup, __u64 id)
{
	struct cgroup_walk walk = { .cgroup = cgroup, .wanted = id };

	bpf_loop(CGROUP_DEPTH, cgroup_walk_step, &walk, 0);
	return walk.session;
}

#endif
