/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that reach into another one: as its debugger, or by reading and writing its memory. */
#include "arch_calls.bpf.h"
#include "image.bpf.h"
#include "storage.bpf.h"

enum {
	REQUEST_TRACEME = 0, /* PTRACE_* */
	REQUEST_ATTACH = 16,
	REQUEST_SEIZE = 0x4206,
	TREE_LEVELS = 6, /* of 6 bits: more than a pid has */
	TREE_SLOTS = 64,
	TREE_TAGS = 3,
	TREE_NODE = 2, /* xa_is_node() */
};

#if !defined(SESHAT_HELPERS)
extern struct task_struct *bpf_task_from_vpid(__s32 vpid) __ksym __weak; /* since 6.14 */
extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;
#endif

/* Which operation it is; WIRE_PTRACE_OPERATIONS for the others, which all need one of these first. */
static __always_inline __u32 ptrace_operation(__u32 call, __u64 first)
{
	if (call == WIRE_CALL_PROCESS_VM_READV)
		return WIRE_PTRACE_READ;
	if (call == WIRE_CALL_PROCESS_VM_WRITEV)
		return WIRE_PTRACE_WRITE;
	if (first == REQUEST_TRACEME)
		return WIRE_PTRACE_TRACEME;
	if (first == REQUEST_ATTACH)
		return WIRE_PTRACE_ATTACH;
	return first == REQUEST_SEIZE ? WIRE_PTRACE_SEIZE : WIRE_PTRACE_OPERATIONS;
}

/* Are the numbers that the task gives those of the initial pid namespace? */
static __always_inline bool ptrace_initial_pids(const struct task_struct *task)
{
	return KREAD(task, thread_pid, level) == 0;
}

/* Key of the session of a task that has no storage, 0 for none; the task may be an address only. */
static __always_inline __u64 ptrace_session_hint(const struct task_struct *target)
{
	struct joined_state *joined_from;
	struct task_state *state;
	__u64 key = (__u64)target;

	if (!control.scope_hints)
		return 0;
	state = bpf_map_lookup_elem(&orphans, &key);
	if (state)
		return state->session;
	key = (__u64)KREAD(target, signal);
	joined_from = bpf_map_lookup_elem(&joined, &key);
	return joined_from ? joined_from->session : 0;
}

/* Key of the session that a task is in, 0 for none. */
static __always_inline __u64 ptrace_session(struct task_struct *target)
{
	struct task_state *state = bpf_task_storage_get(&tasks, target, 0, 0);

	return state ? state->session : ptrace_session_hint(target);
}

/* The same of a task that is an address only, for which there is no look-up. */
static __always_inline __u64 ptrace_session_old(const struct task_struct *target)
{
	const struct task_state *state = (const struct task_state *)storage_state(target);
	__u64 session = 0;

	if (!state)
		return ptrace_session_hint(target);
	bpf_probe_read_kernel(&session, sizeof(session), &state->session);
	return session;
}

static __always_inline void ptrace_describe(struct wire_ptrace *out,
					    const struct task_struct *target)
{
	out->target_pid = (__u32)KREAD(target, tgid);
	out->target_tid = (__u32)KREAD(target, pid);
	out->target_uid = KREAD(target, real_cred, uid.val);
	bpf_probe_read_kernel(out->target_comm, sizeof(out->target_comm), &target->comm);
	out->target_comm[WIRE_COMM_SIZE - 1] = 0;
	out->notes |= WIRE_PTRACE_TARGET;
}

/*
 * Is there nothing new in it? A process may read its own memory so (some do, to read where they are not sure), and who
 * traces another one has said so, and may read and write there by other requests as well.
 */
static __always_inline bool ptrace_is_known(const struct task_struct *task,
					    const struct wire_ptrace *out,
					    const struct task_struct *target)
{
	if (out->operation != WIRE_PTRACE_READ && out->operation != WIRE_PTRACE_WRITE)
		return false;
	if (KREAD(target, tgid) == task->tgid)
		return true;
	return KREAD(target, ptrace) && KREAD(target, parent, tgid) == task->tgid;
}

/* The caller's pid namespace. */
static __always_inline const struct pid_namespace *ptrace_namespace(const struct pid *own)
{
	const struct pid_namespace *namespace = NULL;
	__u32 level = KREAD(own, level);

	bpf_probe_read_kernel(&namespace, sizeof(namespace),
			      (const void *)own + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid) +
				      bpf_core_field_offset(struct upid, ns));
	return namespace;
}

/* The struct pid of a number: find_pid_ns(), which walks the namespace's radix tree. */
static __always_inline const struct pid *ptrace_pid(const struct pid_namespace *namespace,
						    __u32 number)
{
	__u64 entry = (__u64)KREAD(namespace, idr.idr_rt.xa_head);
	const struct xa_node *node;
	__u32 i, slot;

	for (i = 0; i < TREE_LEVELS && (entry & TREE_TAGS) == TREE_NODE; i++) {
		node = (const struct xa_node *)(entry & ~(__u64)TREE_TAGS);
		slot = (number >> (KREAD(node, shift) & 31)) & (TREE_SLOTS - 1);
		entry = 0;
		bpf_probe_read_kernel(&entry, sizeof(entry),
				      (const void *)node +
					      bpf_core_field_offset(struct xa_node, slots) +
					      slot * sizeof(entry));
	}
	return entry & TREE_TAGS ? NULL : (const struct pid *)entry;
}

/*
 * The target, where the kernel has no function that looks it up for us: what is behind its number. False as below.
 */
static __always_inline bool ptrace_find_old(struct wire_ptrace *out, struct task_struct *task)
{
	const struct pid *own = KREAD(task, thread_pid), *pid;
	const struct task_struct *target;
	__u32 level = KREAD(own, level);
	const struct hlist_node *first = NULL;
	int number = 0;

	pid = ptrace_pid(ptrace_namespace(own), out->requested);
	/* Whatever the walk has come to: it is the one if it has the number. */
	bpf_probe_read_kernel(&number, sizeof(number),
			      (const void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid) +
				      bpf_core_field_offset(struct upid, nr));
	if (!pid || (__u32)number != out->requested)
		return true;
	/* PIDTYPE_PID, the first of these lists, has one task at most. */
	bpf_probe_read_kernel(&first, sizeof(first),
			      (const void *)pid + bpf_core_field_offset(struct pid, tasks));
	if (!first)
		return true;
	target = (const void *)first - bpf_core_field_offset(struct task_struct, pid_links);
	if (ptrace_is_known(task, out, target))
		return false;
	ptrace_describe(out, target);
	out->target_session = ptrace_session_old(target);
	out->notes |= WIRE_PTRACE_SESSION;
	return true;
}

#if defined(SESHAT_HELPERS)

/* Fills in the target by the number that the caller gave. False: the call is not worth a record. */
static __always_inline bool ptrace_find(struct wire_ptrace *out, struct task_struct *task)
{
	return ptrace_find_old(out, task);
}

#else

/* As above. */
static __always_inline bool ptrace_find(struct wire_ptrace *out, struct task_struct *task)
{
	struct task_struct *target = NULL;
	bool due;

	if (&bpf_task_from_vpid)
		target = bpf_task_from_vpid((__s32)out->requested);
	else if (ptrace_initial_pids(task))
		target = bpf_task_from_pid((__s32)out->requested);
	if (!target)
		return ptrace_find_old(out, task);
	due = !ptrace_is_known(task, out, target);
	ptrace_describe(out, target);
	out->target_session = ptrace_session(target);
	out->notes |= WIRE_PTRACE_SESSION;
	bpf_task_release(target);
	return due;
}

#endif

/* Who is reached into. False: the call is not worth a record. */
static __always_inline bool ptrace_target(struct wire_ptrace *out, struct task_struct *task)
{
	if (out->operation == WIRE_PTRACE_TRACEME) {
		ptrace_describe(out, task);
		out->target_session = ptrace_session(task);
		out->notes |= WIRE_PTRACE_SESSION;
		return true;
	}
	return ptrace_find(out, task);
}

/* The body: a call of the current task's that has ended, but for its target. */
SHARED int ptrace_body(struct task_state *state, struct wire_ptrace *found)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *scratch;

	if (!state || !found || !ptrace_target(found, task))
		return 0;
	image_tell(task, state);
	scratch = record_begin(WIRE_PTRACE, sizeof(*found), task, state);
	if (!scratch)
		return 0;
	*(struct wire_ptrace *)&scratch->record[RECORD_FIXED] = *found;
	return record_end(scratch);
}

static __always_inline int ptrace_ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = arch_compat(task);
	__u32 call = arch_call(regs, compat);
	__u64 first = arch_argument(regs, compat, 0);
	struct wire_ptrace found = {
		.return_code = syscall_result(ret),
		.operation = ptrace_operation(call, first),
		.requested =
			(__u32)(call == WIRE_CALL_PTRACE ? arch_argument(regs, compat, 1) : first),
	};
	struct task_state *state;

	if (found.operation == WIRE_PTRACE_OPERATIONS)
		return 0;
	state = scope_find(task);
	return state ? ptrace_body(state, &found) : 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(ptrace_exit, struct pt_regs *regs, long ret)
{
	return ptrace_ended(regs, ret);
}
