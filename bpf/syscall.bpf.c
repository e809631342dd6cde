/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exit of every system call on the machine. Everybody pays for what runs here, so it is a few comparisons,
 * then one failed storage look-up for the few calls that have a probe; the probes themselves are tail calls.
 */
#include "scope.bpf.h"

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task;
	__u32 slot;

	if (!arch_candidate(regs))
		return 0;
	task = bpf_get_current_task_btf();
	slot = arch_slot(regs, arch_compat(task));
	if (slot == SLOT_NONE || !scope_find(task))
		return 0;
	/* What a task may do is kept track of even while nobody wants to be told. */
	if ((control.slots_off & (1u << slot)) && slot != SLOT_PRIVILEGE)
		return 0;
	bpf_tail_call(ctx, &syscall_probes, slot);
	return 0;
}
