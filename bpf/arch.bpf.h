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

/* A number that was compared is a bound to the compiler, not always to the verifier: it gets a mask, out of the compiler's sight. */
#define ARCH_INDEX(number, size)     \
	({                           \
		__u32 n_ = (number); \
		barrier_var(n_);     \
		n_ &((size)-1);      \
	})

#if defined(__TARGET_ARCH_x86)

enum {
	/* thread_info.status: in a 32-bit call, also by int 0x80 from a 64-bit program */
	TS_COMPAT = 2,
};

/* Numbers that the probes ask for by name. */
enum syscall_number {
	NATIVE_OPEN = 2,
	NATIVE_CONNECT = 42,
	NATIVE_ACCEPT = 43,
	NATIVE_SENDTO = 44,
	NATIVE_SENDMSG = 46,
	NATIVE_RECVMSG = 47,
	NATIVE_BIND = 49,
	NATIVE_LISTEN = 50,
	NATIVE_EXECVE = 59,
	NATIVE_CREAT = 85,
	NATIVE_MQ_OPEN = 240,
	NATIVE_OPENAT = 257,
	NATIVE_ACCEPT4 = 288,
	NATIVE_RECVMMSG = 299,
	NATIVE_OPEN_BY_HANDLE_AT = 304,
	NATIVE_SENDMMSG = 307,
	NATIVE_EXECVEAT = 322,

	COMPAT_OPEN = 5,
	COMPAT_CREAT = 8,
	COMPAT_EXECVE = 11,
	COMPAT_SOCKETCALL = 102,
	COMPAT_ACCEPT = 0x10000, /* there is none */
	COMPAT_MQ_OPEN = 277,
	COMPAT_OPENAT = 295,
	COMPAT_RECVMMSG = 337,
	COMPAT_OPEN_BY_HANDLE_AT = 342,
	COMPAT_SENDMMSG = 345,
	COMPAT_EXECVEAT = 358,
	COMPAT_BIND = 361,
	COMPAT_CONNECT = 362,
	COMPAT_LISTEN = 363,
	COMPAT_ACCEPT4 = 364,
	COMPAT_SENDTO = 369,
	COMPAT_SENDMSG = 370,
	COMPAT_RECVMSG = 372,
	COMPAT_RECVMMSG_TIME64 = 417,

	/* from 424 on all tables have the same numbers */
	BOTH_IO_URING_ENTER = 426,
	BOTH_OPEN_TREE = 428,
	BOTH_OPENAT2 = 437,
	BOTH_PIDFD_GETFD = 438,
	BOTH_OPEN_TREE_ATTR = 467, /* since 6.15 */

	/* without the bit */
	X32_SENDMSG = 518,
	X32_RECVMSG = 519,
	X32_EXECVE = 520,
	X32_PTRACE = 521,
	X32_RECVMMSG = 537,
	X32_SENDMMSG = 538,
	X32_PROCESS_VM_READV = 539,
	X32_PROCESS_VM_WRITEV = 540,
	X32_EXECVEAT = 545,

	X32_FIRST = 512, /* of the numbers that only x32 has */
	NATIVE_NUMBERS = 1024,
	COMPAT_NUMBERS = 512,
};

/*
 * Which probe looks at a call. Tables, as every system call on the machine comes by here: two loads tell that a number
 * is none of ours in either table.
 */
static const __u8 arch_native[NATIVE_NUMBERS] = {
	[NATIVE_OPEN] = SLOT_OPEN,
	[NATIVE_CREAT] = SLOT_OPEN,
	[NATIVE_MQ_OPEN] = SLOT_OPEN,
	[NATIVE_OPENAT] = SLOT_OPEN,
	[NATIVE_OPEN_BY_HANDLE_AT] = SLOT_OPEN,
	[BOTH_OPEN_TREE] = SLOT_OPEN,
	[BOTH_OPEN_TREE_ATTR] = SLOT_OPEN,
	[BOTH_OPENAT2] = SLOT_OPEN,
	[BOTH_PIDFD_GETFD] = SLOT_RECEIVE,
	[NATIVE_RECVMSG] = SLOT_RECEIVE,
	[NATIVE_RECVMMSG] = SLOT_RECEIVE,
	[X32_RECVMSG] = SLOT_RECEIVE,
	[X32_RECVMMSG] = SLOT_RECEIVE,
	[NATIVE_EXECVE] = SLOT_EXEC,
	[NATIVE_EXECVEAT] = SLOT_EXEC,
	[X32_EXECVE] = SLOT_EXEC,
	[X32_EXECVEAT] = SLOT_EXEC,
	[NATIVE_CONNECT] = SLOT_NETWORK,
	[NATIVE_SENDTO] = SLOT_NETWORK,
	[NATIVE_SENDMSG] = SLOT_NETWORK,
	[NATIVE_SENDMMSG] = SLOT_NETWORK,
	[X32_SENDMSG] = SLOT_NETWORK,
	[X32_SENDMMSG] = SLOT_NETWORK,
	[NATIVE_BIND] = SLOT_SOCKET,
	[NATIVE_LISTEN] = SLOT_SOCKET,
	[NATIVE_ACCEPT] = SLOT_SOCKET,
	[NATIVE_ACCEPT4] = SLOT_SOCKET,
	[105] = SLOT_PRIVILEGE, /* setuid */
	[106] = SLOT_PRIVILEGE, /* setgid */
	[113] = SLOT_PRIVILEGE, /* setreuid */
	[114] = SLOT_PRIVILEGE, /* setregid */
	[117] = SLOT_PRIVILEGE, /* setresuid */
	[119] = SLOT_PRIVILEGE, /* setresgid */
	[122] = SLOT_PRIVILEGE, /* setfsuid */
	[123] = SLOT_PRIVILEGE, /* setfsgid */
	[126] = SLOT_PRIVILEGE, /* capset */
	[272] = SLOT_PRIVILEGE, /* unshare */
	[308] = SLOT_PRIVILEGE, /* setns */
	[101] = SLOT_PTRACE,	/* ptrace */
	[310] = SLOT_PTRACE,	/* process_vm_readv */
	[311] = SLOT_PTRACE,	/* process_vm_writev */
	[X32_PTRACE] = SLOT_PTRACE,
	[X32_PROCESS_VM_READV] = SLOT_PTRACE,
	[X32_PROCESS_VM_WRITEV] = SLOT_PTRACE,
	[175] = SLOT_KERNEL, /* init_module */
	[176] = SLOT_KERNEL, /* delete_module */
	[246] = SLOT_KERNEL, /* kexec_load */
	[313] = SLOT_KERNEL, /* finit_module */
	[320] = SLOT_KERNEL, /* kexec_file_load */
	[321] = SLOT_KERNEL, /* bpf */
	[528] = SLOT_KERNEL, /* kexec_load, x32 */
	[76] = SLOT_FILE,    /* truncate */
	[82] = SLOT_FILE,    /* rename */
	[84] = SLOT_FILE,    /* rmdir */
	[86] = SLOT_FILE,    /* link */
	[87] = SLOT_FILE,    /* unlink */
	[88] = SLOT_FILE,    /* symlink */
	[155] = SLOT_FILE,   /* pivot_root */
	[161] = SLOT_FILE,   /* chroot */
	[165] = SLOT_FILE,   /* mount */
	[166] = SLOT_FILE,   /* umount2 */
	[263] = SLOT_FILE,   /* unlinkat */
	[264] = SLOT_FILE,   /* renameat */
	[265] = SLOT_FILE,   /* linkat */
	[266] = SLOT_FILE,   /* symlinkat */
	[316] = SLOT_FILE,   /* renameat2 */
	[429] = SLOT_FILE,   /* move_mount */
};

static const __u8 arch_compat_slots[COMPAT_NUMBERS] = {
	[COMPAT_OPEN] = SLOT_OPEN,
	[COMPAT_CREAT] = SLOT_OPEN,
	[COMPAT_MQ_OPEN] = SLOT_OPEN,
	[COMPAT_OPENAT] = SLOT_OPEN,
	[COMPAT_OPEN_BY_HANDLE_AT] = SLOT_OPEN,
	[BOTH_OPEN_TREE] = SLOT_OPEN,
	[BOTH_OPEN_TREE_ATTR] = SLOT_OPEN,
	[BOTH_OPENAT2] = SLOT_OPEN,
	[BOTH_PIDFD_GETFD] = SLOT_RECEIVE,
	[COMPAT_RECVMSG] = SLOT_RECEIVE,
	[COMPAT_RECVMMSG] = SLOT_RECEIVE,
	[COMPAT_RECVMMSG_TIME64] = SLOT_RECEIVE,
	[COMPAT_EXECVE] = SLOT_EXEC,
	[COMPAT_EXECVEAT] = SLOT_EXEC,
	[COMPAT_CONNECT] = SLOT_NETWORK,
	[COMPAT_SENDTO] = SLOT_NETWORK,
	[COMPAT_SENDMSG] = SLOT_NETWORK,
	[COMPAT_SENDMMSG] = SLOT_NETWORK,
	[COMPAT_SOCKETCALL] = SLOT_NETWORK,
	[COMPAT_BIND] = SLOT_SOCKET,
	[COMPAT_LISTEN] = SLOT_SOCKET,
	[COMPAT_ACCEPT4] = SLOT_SOCKET,
	[23] = SLOT_PRIVILEGE,	/* setuid, of 16 bits, and so the next ones */
	[46] = SLOT_PRIVILEGE,	/* setgid */
	[70] = SLOT_PRIVILEGE,	/* setreuid */
	[71] = SLOT_PRIVILEGE,	/* setregid */
	[138] = SLOT_PRIVILEGE, /* setfsuid */
	[139] = SLOT_PRIVILEGE, /* setfsgid */
	[164] = SLOT_PRIVILEGE, /* setresuid */
	[170] = SLOT_PRIVILEGE, /* setresgid */
	[185] = SLOT_PRIVILEGE, /* capset */
	[203] = SLOT_PRIVILEGE, /* setreuid32 */
	[204] = SLOT_PRIVILEGE, /* setregid32 */
	[208] = SLOT_PRIVILEGE, /* setresuid32 */
	[210] = SLOT_PRIVILEGE, /* setresgid32 */
	[213] = SLOT_PRIVILEGE, /* setuid32 */
	[214] = SLOT_PRIVILEGE, /* setgid32 */
	[215] = SLOT_PRIVILEGE, /* setfsuid32 */
	[216] = SLOT_PRIVILEGE, /* setfsgid32 */
	[310] = SLOT_PRIVILEGE, /* unshare */
	[346] = SLOT_PRIVILEGE, /* setns */
	[26] = SLOT_PTRACE,	/* ptrace */
	[347] = SLOT_PTRACE,	/* process_vm_readv */
	[348] = SLOT_PTRACE,	/* process_vm_writev */
	[128] = SLOT_KERNEL,	/* init_module */
	[129] = SLOT_KERNEL,	/* delete_module */
	[283] = SLOT_KERNEL,	/* kexec_load */
	[350] = SLOT_KERNEL,	/* finit_module */
	[357] = SLOT_KERNEL,	/* bpf */
	[9] = SLOT_FILE,	/* link */
	[10] = SLOT_FILE,	/* unlink */
	[21] = SLOT_FILE,	/* mount */
	[22] = SLOT_FILE,	/* umount */
	[38] = SLOT_FILE,	/* rename */
	[40] = SLOT_FILE,	/* rmdir */
	[52] = SLOT_FILE,	/* umount2 */
	[61] = SLOT_FILE,	/* chroot */
	[83] = SLOT_FILE,	/* symlink */
	[92] = SLOT_FILE,	/* truncate */
	[193] = SLOT_FILE,	/* truncate64 */
	[217] = SLOT_FILE,	/* pivot_root */
	[301] = SLOT_FILE,	/* unlinkat */
	[302] = SLOT_FILE,	/* renameat */
	[303] = SLOT_FILE,	/* linkat */
	[304] = SLOT_FILE,	/* symlinkat */
	[353] = SLOT_FILE,	/* renameat2 */
	[429] = SLOT_FILE,	/* move_mount */
};

/* Where the program goes on when it is back from the kernel. */
static __always_inline __u64 arch_instruction(const struct pt_regs *regs)
{
	return KREAD(regs, ip);
}

/* Will a debugger answer the call for the kernel (PTRACE_SYSEMU)? */
static __always_inline bool arch_emulated(const struct task_struct *task)
{
	__u64 bit = bpf_core_enum_value(enum syscall_work_bit, SYSCALL_WORK_BIT_SYSCALL_EMU);

	return (task->thread_info.syscall_work >> (bit & 63)) & 1;
}

/* What the program will get, in a register. */
static __always_inline long arch_result(const struct pt_regs *regs)
{
	return (long)regs->ax;
}

static __always_inline bool arch_compat(const struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}

/* The number as it is in the registers. */
static __always_inline __u32 arch_number(const struct pt_regs *regs)
{
	return (__u32)regs->orig_ax;
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
	case X32_RECVMSG:
		return NATIVE_RECVMSG;
	case X32_EXECVE:
		return NATIVE_EXECVE;
	case X32_RECVMMSG:
		return NATIVE_RECVMMSG;
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
	__u32 number = (__u32)regs->orig_ax & ~X32_SYSCALL_BIT;

	return number < NATIVE_NUMBERS && (arch_native[ARCH_INDEX(number, NATIVE_NUMBERS)] |
					   arch_compat_slots[ARCH_INDEX(number, COMPAT_NUMBERS)]);
}

/* Which probe a call has: enum syscall_slot. */
static __always_inline __u32 arch_slot(const struct pt_regs *regs, bool compat)
{
	__u32 number = (__u32)regs->orig_ax;

	if (compat)
		return number < COMPAT_NUMBERS ?
			       arch_compat_slots[ARCH_INDEX(number, COMPAT_NUMBERS)] :
			       SLOT_NONE;
	if (!(number & X32_SYSCALL_BIT))
		return number < X32_FIRST ? arch_native[ARCH_INDEX(number, NATIVE_NUMBERS)] :
					    SLOT_NONE;
	number &= ~X32_SYSCALL_BIT;
	return number < NATIVE_NUMBERS ? arch_native[ARCH_INDEX(number, NATIVE_NUMBERS)] :
					 SLOT_NONE;
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

#elif defined(__TARGET_ARCH_arm64)
#include "arch_arm64.bpf.h"
#else
#error "no system call table for this processor yet"
#endif

#endif
