/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rights that a task gains. What it had is remembered in its state: when the kernel comes by here the old ones are gone. A
 * task whose state has none yet makes no record the first time, and one from then on.
 */
#include "arch_calls.bpf.h"
#include "privilege.bpf.h"

/*
 * A program that changes whom it runs as gives rights too: those of another account, which are neither more nor less. The ids
 * that a task runs as change at an exec by nothing else.
 */
static __always_inline bool exec_changes_account(const struct wire_rights *before,
						 const struct wire_rights *after)
{
	return before->user_ns && (before->euid != after->euid || before->egid != after->egid);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(privilege_exec, struct task_struct *task)
{
	struct task_state *state = scope_find(task);
	struct wire_rights after;

	if (!state)
		return 0;
	rights_read(&after, task);
	if (privilege_wanted() &&
	    (rights_raised(&state->rights, &after) || exec_changes_account(&state->rights, &after)))
		privilege_emit(task, state, WIRE_PRIVILEGE_EXEC, WIRE_CALL_NONE, &state->rights,
			       &after);
	state->rights = after;
	return 0;
}

/* setuid and its like, capset, unshare, setns */
static __always_inline int privilege_ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 call = arch_call(regs, arch_compat(task));
	struct wire_rights after;
	struct task_state *state;

	/* What fails changes nothing. */
	state = scope_find(task);
	if (ret < 0 || !state)
		return 0;
	rights_read(&after, task);
	if (privilege_wanted() && rights_raised(&state->rights, &after))
		privilege_emit(task, state,
			       call == WIRE_CALL_CAPSET ? WIRE_PRIVILEGE_CAPSET :
							  WIRE_PRIVILEGE_SETID,
			       call, &state->rights, &after);
	state->rights = after;
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(privilege_exit, struct pt_regs *regs, long ret)
{
	return privilege_ended(regs, ret);
}
