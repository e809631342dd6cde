/* SPDX-License-Identifier: GPL-2.0-only */
/* Lineage and cgroups: how a task becomes part of a session, and when it leaves the session's cgroup. */
#include "privilege.bpf.h"

static __always_inline void cgroup_emit(struct task_struct *task, struct task_state *state,
					__u64 to, const char *path)
{
	struct scratch *scratch;
	struct wire_cgroup *out;
	__u64 from = state->cgroup;

	state->cgroup = to;
	image_tell(task, state);
	scratch = record_begin(WIRE_CGROUP, sizeof(*out), task, state);
	if (!scratch)
		return;
	/* The task that moves it is the current one, and may be in another. */
	((struct wire_header *)scratch->record)->task.cgroup_id = to;
	out = (struct wire_cgroup *)&scratch->record[RECORD_FIXED];
	out->from = from;
	out->to = to;
	out->mover = bpf_get_current_pid_tgid() >> 32;
	out->reserved = 0;
	if (path)
		part_kernel_string(scratch, WIRE_PART_PATH, (__u64)path);
	record_end(scratch);
}

/* A task of a session is in this cgroup from now on: reported when that is outside the session's. */
static __always_inline void cgroup_moved(struct task_struct *task, struct cgroup *cgroup,
					 const char *path)
{
	struct task_state *state = scope_state(task);
	struct session_state *session;
	__u64 id = KREAD(cgroup, kn, id);

	if (!state || state->cgroup == id)
		return;
	session = scope_session(state->session);
	if (!session)
		return;
	if (scope_cgroup_within((__u64)cgroup, session->cgroup))
		state->cgroup = id;
	else
		cgroup_emit(task, state, id, path);
}

/*
 * A task joins the session that has this cgroup. Not inline: what it needs of the stack is not to be taken from what the
 * walk of a path needs.
 */
static __noinline void session_joined(struct task_struct *task, __u64 session, __u64 cgroup)
{
	struct joined_state from = { .session = session, .cgroup = cgroup };

	if (KREAD(task, signal, nr_threads) > 1)
		scope_join(task, &from);
	/* One that is ending has done what it could: nothing would take it out again. */
	else if (!(task->flags & PF_EXITING))
		scope_enter(task, session, cgroup, NULL);
}

static __always_inline void cgroup_joined(struct task_struct *task, struct cgroup *cgroup)
{
	__u64 session = scope_of_cgroup((__u64)cgroup);

	if (session)
		session_joined(task, session, KREAD(cgroup, kn, id));
}

/* Is it one that the agent moves to another session? Then it is of that one from here on. */
static __always_inline bool cgroup_rehomed(struct task_struct *task, struct cgroup *cgroup)
{
	struct task_state *state = scope_state(task);
	struct session_state *from, *to;
	__u32 pid = task->tgid;
	__u64 *key = bpf_map_lookup_elem(&moves, &pid);

	if (!key || !state || KREAD(task, signal, nr_threads) > 1 || (task->flags & PF_EXITING))
		return false;
	to = scope_session(*key);
	if (!to)
		return false;
	from = scope_session(state->session);
	state->session = *key;
	state->cgroup = KREAD(cgroup, kn, id);
	__sync_fetch_and_add(&to->processes, 1);
	if (from)
		session_leave(from);
	return true;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	bool elsewhere = KREAD(child, cgroups, dfl_cgrp) != KREAD(parent, cgroups, dfl_cgrp);
	struct task_state *state = scope_find(parent);
	struct cgroup *cgroup;

	if (state && !scope_enter(child, state->session, state->cgroup, state))
		return 0;
	if (state && rights_namespace(child) != rights_namespace(parent))
		privilege_cloned(state, parent, child);
	/* clone3() with CLONE_INTO_CGROUP makes a child in a cgroup that no one attaches it to. */
	if (!elsewhere)
		return 0;
	/* By a helper, as a plain number: what the shared functions take. */
	cgroup = BPF_CORE_READ(child, cgroups, dfl_cgrp);
	if (state)
		cgroup_moved(child, cgroup, NULL);
	else
		cgroup_joined(child, cgroup);
	return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach, struct cgroup *to, const char *path, struct task_struct *task)
{
	struct cgroup *cgroup = NULL;

	/* The address as a plain number, which is what the shared functions take. */
	bpf_probe_read_kernel(&cgroup, sizeof(cgroup), &ctx[0]);
	/* The default hierarchy alone: version 1 hierarchies have other numbers. */
	if (KREAD(cgroup, root, hierarchy_id) != 0)
		return 0;
	if (!scope_known(task))
		cgroup_joined(task, cgroup);
	else if (!cgroup_rehomed(task, cgroup))
		cgroup_moved(task, cgroup, path);
	return 0;
}
