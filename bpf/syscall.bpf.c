/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exit of every system call on the machine. Everybody pays for what runs here, so it is a few comparisons,
 * then one failed storage look-up for the few calls that have a probe; the probes themselves are tail calls.
 */
#include "scope.bpf.h"

static __always_inline __u32 slot_kind(__u32 slot)
{
	if (slot == SLOT_OPEN)
		return WIRE_OPEN;
	return slot == SLOT_EXEC ? WIRE_EXEC : WIRE_NETWORK;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = arch_compat(task);
	__u32 number = arch_syscall(regs, compat);
	__u32 slot = compat ? arch_slot_compat(number) : arch_slot_native(number);
	struct task_state *state;

	if (slot == SLOT_NONE || slot >= SLOTS)
		return 0;
	state = scope_find(task);
	if (!state)
		return 0;
	/* The probes need storage to work with; an orphan that still has none is rare, and is not passed over. */
	if (control.scope_hints && !scope_state(task)) {
		scope_lost(state, slot_kind(slot));
		return 0;
	}
	bpf_tail_call(ctx, &syscall_probes, slot);
	return 0;
}
