/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between processors: where a system call's number and arguments are kept, how a
 * 32-bit call is told, and which numbers the calls have.
 */
#ifndef SESHAT_ARCH_BPF_H
#define SESHAT_ARCH_BPF_H

#include "kernel_types.h"
#include "state.h"

enum {
	X32_SYSCALL_BIT = 0x40000000, /* x86-64's third ABI: 64-bit registers, 32-bit pointers */
};

#if defined(__TARGET_ARCH_x86)

enum {
	/* thread_info.status: in a 32-bit call, also by int 0x80 from a 64-bit program */
	TS_COMPAT = 2,
};

enum syscall_number {
	NATIVE_OPEN = 2,
	NATIVE_CONNECT = 42,
	NATIVE_SENDTO = 44,
	NATIVE_SENDMSG = 46,
	NATIVE_EXECVE = 59,
	NATIVE_CREAT = 85,
	NATIVE_OPENAT = 257,
	NATIVE_OPEN_BY_HANDLE_AT = 304,
	NATIVE_SENDMMSG = 307,
	NATIVE_EXECVEAT = 322,
	NATIVE_OPENAT2 = 437,

	COMPAT_OPEN = 5,
	COMPAT_CREAT = 8,
	COMPAT_EXECVE = 11,
	COMPAT_SOCKETCALL = 102,
	COMPAT_OPENAT = 295,
	COMPAT_OPEN_BY_HANDLE_AT = 342,
	COMPAT_SENDMMSG = 345,
	COMPAT_EXECVEAT = 358,
	COMPAT_CONNECT = 362,
	COMPAT_SENDTO = 369,
	COMPAT_SENDMSG = 370,
	COMPAT_OPENAT2 = 437,

	/* without the bit */
	X32_SENDMSG = 518,
	X32_EXECVE = 520,
	X32_SENDMMSG = 538,
	X32_EXECVEAT = 545,
};

static __always_inline bool arch_compat(const struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}

/* The number, without x32's bit; x32 has numbers of its own for what takes pointers to pointers. */
static __always_inline __u32 arch_syscall(const struct pt_regs *regs, bool compat)
{
	__u32 number = (__u32)regs->orig_ax;

	if (compat || !(number & X32_SYSCALL_BIT))
		return number;
	number &= ~X32_SYSCALL_BIT;
	switch (number) {
	case X32_SENDMSG:
		return NATIVE_SENDMSG;
	case X32_EXECVE:
		return NATIVE_EXECVE;
	case X32_SENDMMSG:
		return NATIVE_SENDMMSG;
	case X32_EXECVEAT:
		return NATIVE_EXECVEAT;
	default:
		return number;
	}
}

/*
 * May it be a call that has a probe? By its number alone, whichever table that is from: the first question about every
 * system call on the machine, and mostly the last.
 */
static __always_inline bool arch_candidate(const struct pt_regs *regs)
{
	switch ((__u32)regs->orig_ax & ~X32_SYSCALL_BIT) {
	case NATIVE_OPEN:
	case NATIVE_CONNECT:
	case NATIVE_SENDTO:
	case NATIVE_SENDMSG:
	case NATIVE_EXECVE:
	case NATIVE_CREAT:
	case NATIVE_OPENAT:
	case NATIVE_OPEN_BY_HANDLE_AT:
	case NATIVE_SENDMMSG:
	case NATIVE_EXECVEAT:
	case NATIVE_OPENAT2: /* COMPAT_OPENAT2, too */
	case COMPAT_OPEN:
	case COMPAT_CREAT:
	case COMPAT_EXECVE:
	case COMPAT_SOCKETCALL:
	case COMPAT_OPENAT:
	case COMPAT_OPEN_BY_HANDLE_AT:
	case COMPAT_SENDMMSG:
	case COMPAT_EXECVEAT:
	case COMPAT_CONNECT:
	case COMPAT_SENDTO:
	case COMPAT_SENDMSG:
	case X32_SENDMSG:
	case X32_EXECVE:
	case X32_SENDMMSG:
	case X32_EXECVEAT:
		return true;
	default:
		return false;
	}
}

/* Are the caller's pointers four bytes long? */
static __always_inline bool arch_pointers32(const struct pt_regs *regs, bool compat)
{
	return compat || (regs->orig_ax & X32_SYSCALL_BIT);
}

static __always_inline __u64 arch_argument(const struct pt_regs *regs, bool compat, int n)
{
	switch (n) {
	case 0:
		return compat ? (__u32)regs->bx : regs->di;
	case 1:
		return compat ? (__u32)regs->cx : regs->si;
	case 2:
		return compat ? (__u32)regs->dx : regs->dx;
	case 3:
		return compat ? (__u32)regs->si : regs->r10;
	case 4:
		return compat ? (__u32)regs->di : regs->r8;
	default:
		return compat ? (__u32)regs->bp : regs->r9;
	}
}

/* Which probe a call has. The compiler makes tables of these two. */
static __always_inline __u32 arch_slot_native(__u32 number)
{
	switch (number) {
	case NATIVE_OPEN:
	case NATIVE_CREAT:
	case NATIVE_OPENAT:
	case NATIVE_OPEN_BY_HANDLE_AT:
	case NATIVE_OPENAT2:
		return SLOT_OPEN;
	case NATIVE_EXECVE:
	case NATIVE_EXECVEAT:
		return SLOT_EXEC;
	case NATIVE_CONNECT:
	case NATIVE_SENDTO:
	case NATIVE_SENDMSG:
	case NATIVE_SENDMMSG:
		return SLOT_NETWORK;
	default:
		return SLOT_NONE;
	}
}

static __always_inline __u32 arch_slot_compat(__u32 number)
{
	switch (number) {
	case COMPAT_OPEN:
	case COMPAT_CREAT:
	case COMPAT_OPENAT:
	case COMPAT_OPEN_BY_HANDLE_AT:
	case COMPAT_OPENAT2:
		return SLOT_OPEN;
	case COMPAT_EXECVE:
	case COMPAT_EXECVEAT:
		return SLOT_EXEC;
	case COMPAT_CONNECT:
	case COMPAT_SENDTO:
	case COMPAT_SENDMSG:
	case COMPAT_SENDMMSG:
	case COMPAT_SOCKETCALL:
		return SLOT_NETWORK;
	default:
		return SLOT_NONE;
	}
}

#else
#error "no system call table for this processor yet"
#endif

#endif
