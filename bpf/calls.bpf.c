/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trampoline strategy: system calls seen where each of them ends, so that most others cost nothing more. One program
 * does the work of all probes behind sys_exit. What it hooks is chosen when it is loaded: one program for each prototype, as
 * the kernel takes no tail call between functions of different ones.
 */
#include "scope.bpf.h"

enum {
	JUMP_GENERATIONS = 16,
	NOTIFY_ENTRY = 1,   /* PTRACE_EVENTMSG_SYSCALL_ENTRY */
	NOTIFY_TRAP = 5,    /* SIGTRAP */
	NOTIFY_GOOD = 0x80, /* with PTRACE_O_TRACESYSGOOD */
};

/*
 * What is attached is a few instructions that jump to a program by its map (agent/kernel/trampolines.c): where to, changes
 * with each time that they are attached, as old ones may take long to go.
 */
#define JUMPS(name)                                    \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY); \
		__uint(max_entries, JUMP_GENERATIONS); \
		__uint(key_size, sizeof(__u32));       \
		__uint(value_size, sizeof(__u32));     \
	} name SEC(".maps")

JUMPS(calls_0_jump);
JUMPS(calls_1_jump);
JUMPS(calls_narrow_jump);
JUMPS(calls_refused_jump);
JUMPS(calls_not_permitted_jump);
JUMPS(calls_stopping_jump);
JUMPS(calls_stopped_jump);

/*
 * Not inline: what they need of the stack they need one after the other. But for network_ended(), from which it goes down as
 * many calls as the kernel allows.
 */
#define CALL(name)                                                          \
	static __noinline int name##_traced(struct pt_regs *regs, long ret) \
	{                                                                   \
		return name##_ended(regs, ret);                             \
	}

CALL(open)
CALL(exec)
CALL(socket)
CALL(receive)
CALL(privilege)
CALL(ptrace)
CALL(kernel)
CALL(file)

/* Is the slot wanted, and one that no tracepoint serves? What a task may do is kept track of in any case. */
static __always_inline bool calls_serve(__u32 slot)
{
	return (control.trampolines & (1u << slot)) &&
	       (!(control.slots_off & (1u << slot)) || slot == SLOT_PRIVILEGE);
}

static __always_inline int calls_dispatch(struct pt_regs *regs, long ret, __u32 slot)
{
	switch (slot) {
	case SLOT_OPEN:
		return open_traced(regs, ret);
	case SLOT_EXEC:
		return exec_traced(regs, ret);
	case SLOT_SOCKET:
		return socket_traced(regs, ret);
	case SLOT_RECEIVE:
		return receive_traced(regs, ret);
	case SLOT_PRIVILEGE:
		return privilege_traced(regs, ret);
	case SLOT_PTRACE:
		return ptrace_traced(regs, ret);
	case SLOT_KERNEL:
		return kernel_traced(regs, ret);
	case SLOT_FILE:
		return file_traced(regs, ret);
	default:
		return 0;
	}
}

/* A call of the current task's has ended, or never begun: the same as syscall_exit(). */
static __always_inline int call_ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 slot = arch_slot(regs, arch_compat(task));

	if (slot == SLOT_NONE || !calls_serve(slot) || !scope_find(task))
		return 0;
	if (slot == SLOT_NETWORK)
		slot = network_ended(regs, ret);
	if (slot != SLOT_NETWORK && calls_serve(slot))
		calls_dispatch(regs, ret, slot);
	return 0;
}

static __always_inline struct pt_regs *calls_registers(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

static __always_inline int call_at_function(long ret)
{
	if ((control.trampolines & TRAMPOLINES_NARROW) && arch_compat(bpf_get_current_task_btf()))
		return 0;
	return call_ended(calls_registers(), ret);
}

/* The functions of the calls themselves: all have one argument, the registers. */
#define TRAMPOLINE(name)                                     \
	SEC("fexit")                                         \
	int BPF_PROG(name, struct pt_regs *unused, long ret) \
	{                                                    \
		return call_at_function(ret);                \
	}

TRAMPOLINE(calls_0)
TRAMPOLINE(calls_1)

/* Every call of the 32-bit table. */
SEC("fexit/ia32_sys_call")
int BPF_PROG(calls_narrow, struct pt_regs *unused, unsigned int number, long ret)
{
	return call_ended(calls_registers(), ret);
}

/* A seccomp filter has refused the call, or answered in the kernel's place. */
static __always_inline int call_refused(void)
{
	struct pt_regs *regs = calls_registers();

	return call_ended(regs, arch_result(regs));
}

/* Its arguments are not the same in all kernels, so only the result is looked at. */
SEC("fexit/__secure_computing")
int calls_refused(__u64 *ctx)
{
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	return (int)ret == -1 ? call_refused() : 0;
}

/* What it has become by 7.3: a bool. */
SEC("fexit/__seccomp_permit_syscall")
int calls_not_permitted(__u64 *ctx)
{
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	return (__u8)ret ? 0 : call_refused();
}

/* A stop before a system call, for the debugger. */
static __always_inline bool notify_is_entry(int code, unsigned long message)
{
	return message == NOTIFY_ENTRY && (code & ~NOTIFY_GOOD) == NOTIFY_TRAP;
}

/* The kernel decides before the stop whether the call will be made (syscall_trace_enter()). */
SEC("fentry/ptrace_notify")
int BPF_PROG(calls_stopping, int code, unsigned long message)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = scope_find(task);

	if (state && notify_is_entry(code, message))
		state->emulated = arch_emulated(task);
	return 0;
}

/* After it: one that a debugger emulates is not made, nor is one of a task that is to be killed. */
SEC("fexit/ptrace_notify")
int BPF_PROG(calls_stopped, int code, unsigned long message, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = scope_find(task);
	bool skipped;

	if (!state || !notify_is_entry(code, message))
		return 0;
	skipped = state->emulated || (KREAD(task, pending.signal.sig[0]) & SIGNAL_KILL);
	state->emulated = 0;
	return skipped ? call_refused() : 0;
}
