/* SPDX-License-Identifier: GPL-2.0-only */
/* What arch.bpf.h is for, on arm64: the table that newer processors share, and that of 32-bit ARM (EABI). */
#ifndef SESHAT_ARCH_ARM64_BPF_H
#define SESHAT_ARCH_ARM64_BPF_H

enum {
	THREAD_32BIT = 22,    /* TIF_32BIT */
	THREAD_EMULATED = 12, /* TIF_SYSCALL_EMU */
};

enum syscall_number {
	NATIVE_OPENAT = 56,
	NATIVE_MQ_OPEN = 180,
	NATIVE_BIND = 200,
	NATIVE_LISTEN = 201,
	NATIVE_ACCEPT = 202,
	NATIVE_CONNECT = 203,
	NATIVE_SENDTO = 206,
	NATIVE_SENDMSG = 211,
	NATIVE_RECVMSG = 212,
	NATIVE_EXECVE = 221,
	NATIVE_ACCEPT4 = 242,
	NATIVE_RECVMMSG = 243,
	NATIVE_OPEN_BY_HANDLE_AT = 265,
	NATIVE_SENDMMSG = 269,
	NATIVE_EXECVEAT = 281,
	NATIVE_CREAT = 0x10000, /* there is none */

	COMPAT_OPEN = 5,
	COMPAT_CREAT = 8,
	COMPAT_EXECVE = 11,
	COMPAT_MQ_OPEN = 274,
	COMPAT_BIND = 282,
	COMPAT_CONNECT = 283,
	COMPAT_LISTEN = 284,
	COMPAT_ACCEPT = 285,
	COMPAT_SENDTO = 290,
	COMPAT_SENDMSG = 296,
	COMPAT_RECVMSG = 297,
	COMPAT_OPENAT = 322,
	COMPAT_RECVMMSG = 365,
	COMPAT_ACCEPT4 = 366,
	COMPAT_OPEN_BY_HANDLE_AT = 371,
	COMPAT_SENDMMSG = 374,
	COMPAT_EXECVEAT = 387,
	COMPAT_RECVMMSG_TIME64 = 417,
	COMPAT_SOCKETCALL = 0x10000, /* there is none */

	BOTH_IO_URING_ENTER = 426,
	BOTH_OPEN_TREE = 428,
	BOTH_OPENAT2 = 437,
	BOTH_PIDFD_GETFD = 438,
	BOTH_OPEN_TREE_ATTR = 467, /* since 6.15 */

	NATIVE_NUMBERS = 512,
	COMPAT_NUMBERS = 512,
};

static const __u8 arch_native[NATIVE_NUMBERS] = {
	[NATIVE_MQ_OPEN] = SLOT_OPEN,
	[NATIVE_OPENAT] = SLOT_OPEN,
	[NATIVE_OPEN_BY_HANDLE_AT] = SLOT_OPEN,
	[NATIVE_RECVMSG] = SLOT_RECEIVE,
	[NATIVE_RECVMMSG] = SLOT_RECEIVE,
	[NATIVE_EXECVE] = SLOT_EXEC,
	[NATIVE_EXECVEAT] = SLOT_EXEC,
	[NATIVE_CONNECT] = SLOT_NETWORK,
	[NATIVE_SENDTO] = SLOT_NETWORK,
	[NATIVE_SENDMSG] = SLOT_NETWORK,
	[NATIVE_SENDMMSG] = SLOT_NETWORK,
	[NATIVE_BIND] = SLOT_SOCKET,
	[NATIVE_LISTEN] = SLOT_SOCKET,
	[NATIVE_ACCEPT] = SLOT_SOCKET,
	[NATIVE_ACCEPT4] = SLOT_SOCKET,
	[BOTH_OPEN_TREE] = SLOT_OPEN,
	[BOTH_OPEN_TREE_ATTR] = SLOT_OPEN,
	[BOTH_OPENAT2] = SLOT_OPEN,
	[BOTH_PIDFD_GETFD] = SLOT_RECEIVE,
	[45] = SLOT_FILE,	/* truncate */
	[35] = SLOT_FILE,	/* unlinkat */
	[36] = SLOT_FILE,	/* symlinkat */
	[37] = SLOT_FILE,	/* linkat */
	[38] = SLOT_FILE,	/* renameat */
	[39] = SLOT_FILE,	/* umount2 */
	[40] = SLOT_FILE,	/* mount */
	[41] = SLOT_FILE,	/* pivot_root */
	[51] = SLOT_FILE,	/* chroot */
	[276] = SLOT_FILE,	/* renameat2 */
	[429] = SLOT_FILE,	/* move_mount */
	[146] = SLOT_PRIVILEGE, /* setuid */
	[144] = SLOT_PRIVILEGE, /* setgid */
	[145] = SLOT_PRIVILEGE, /* setreuid */
	[143] = SLOT_PRIVILEGE, /* setregid */
	[147] = SLOT_PRIVILEGE, /* setresuid */
	[149] = SLOT_PRIVILEGE, /* setresgid */
	[151] = SLOT_PRIVILEGE, /* setfsuid */
	[152] = SLOT_PRIVILEGE, /* setfsgid */
	[91] = SLOT_PRIVILEGE,	/* capset */
	[97] = SLOT_PRIVILEGE,	/* unshare */
	[268] = SLOT_PRIVILEGE, /* setns */
	[117] = SLOT_PTRACE,	/* ptrace */
	[270] = SLOT_PTRACE,	/* process_vm_readv */
	[271] = SLOT_PTRACE,	/* process_vm_writev */
	[105] = SLOT_KERNEL,	/* init_module */
	[106] = SLOT_KERNEL,	/* delete_module */
	[273] = SLOT_KERNEL,	/* finit_module */
	[104] = SLOT_KERNEL,	/* kexec_load */
	[294] = SLOT_KERNEL,	/* kexec_file_load */
	[280] = SLOT_KERNEL,	/* bpf */
};

static const __u8 arch_compat_slots[COMPAT_NUMBERS] = {
	[COMPAT_OPEN] = SLOT_OPEN,
	[COMPAT_CREAT] = SLOT_OPEN,
	[COMPAT_MQ_OPEN] = SLOT_OPEN,
	[COMPAT_OPENAT] = SLOT_OPEN,
	[COMPAT_OPEN_BY_HANDLE_AT] = SLOT_OPEN,
	[COMPAT_RECVMSG] = SLOT_RECEIVE,
	[COMPAT_RECVMMSG] = SLOT_RECEIVE,
	[COMPAT_RECVMMSG_TIME64] = SLOT_RECEIVE,
	[COMPAT_EXECVE] = SLOT_EXEC,
	[COMPAT_EXECVEAT] = SLOT_EXEC,
	[COMPAT_CONNECT] = SLOT_NETWORK,
	[COMPAT_SENDTO] = SLOT_NETWORK,
	[COMPAT_SENDMSG] = SLOT_NETWORK,
	[COMPAT_SENDMMSG] = SLOT_NETWORK,
	[COMPAT_BIND] = SLOT_SOCKET,
	[COMPAT_LISTEN] = SLOT_SOCKET,
	[COMPAT_ACCEPT] = SLOT_SOCKET,
	[COMPAT_ACCEPT4] = SLOT_SOCKET,
	[BOTH_OPEN_TREE] = SLOT_OPEN,
	[BOTH_OPEN_TREE_ATTR] = SLOT_OPEN,
	[BOTH_OPENAT2] = SLOT_OPEN,
	[BOTH_PIDFD_GETFD] = SLOT_RECEIVE,
	[9] = SLOT_FILE,	/* link */
	[10] = SLOT_FILE,	/* unlink */
	[21] = SLOT_FILE,	/* mount */
	[38] = SLOT_FILE,	/* rename */
	[40] = SLOT_FILE,	/* rmdir */
	[52] = SLOT_FILE,	/* umount2 */
	[61] = SLOT_FILE,	/* chroot */
	[83] = SLOT_FILE,	/* symlink */
	[92] = SLOT_FILE,	/* truncate */
	[193] = SLOT_FILE,	/* truncate */
	[218] = SLOT_FILE,	/* pivot_root */
	[328] = SLOT_FILE,	/* unlinkat */
	[329] = SLOT_FILE,	/* renameat */
	[330] = SLOT_FILE,	/* linkat */
	[331] = SLOT_FILE,	/* symlinkat */
	[382] = SLOT_FILE,	/* renameat2 */
	[429] = SLOT_FILE,	/* move_mount */
	[23] = SLOT_PRIVILEGE,	/* setuid */
	[46] = SLOT_PRIVILEGE,	/* setgid */
	[70] = SLOT_PRIVILEGE,	/* setreuid */
	[71] = SLOT_PRIVILEGE,	/* setregid */
	[138] = SLOT_PRIVILEGE, /* setfsuid */
	[139] = SLOT_PRIVILEGE, /* setfsgid */
	[164] = SLOT_PRIVILEGE, /* setresuid */
	[170] = SLOT_PRIVILEGE, /* setresgid */
	[185] = SLOT_PRIVILEGE, /* capset */
	[203] = SLOT_PRIVILEGE, /* setreuid */
	[204] = SLOT_PRIVILEGE, /* setregid */
	[208] = SLOT_PRIVILEGE, /* setresuid */
	[210] = SLOT_PRIVILEGE, /* setresgid */
	[213] = SLOT_PRIVILEGE, /* setuid */
	[214] = SLOT_PRIVILEGE, /* setgid */
	[215] = SLOT_PRIVILEGE, /* setfsuid */
	[216] = SLOT_PRIVILEGE, /* setfsgid */
	[337] = SLOT_PRIVILEGE, /* unshare */
	[375] = SLOT_PRIVILEGE, /* setns */
	[26] = SLOT_PTRACE,	/* ptrace */
	[376] = SLOT_PTRACE,	/* process_vm_readv */
	[377] = SLOT_PTRACE,	/* process_vm_writev */
	[128] = SLOT_KERNEL,	/* init_module */
	[129] = SLOT_KERNEL,	/* delete_module */
	[347] = SLOT_KERNEL,	/* kexec_load */
	[379] = SLOT_KERNEL,	/* finit_module */
	[386] = SLOT_KERNEL,	/* bpf */
	[401] = SLOT_KERNEL,	/* kexec_file_load */
};

static __always_inline __u64 arch_instruction(const struct pt_regs *regs)
{
	return KREAD(regs, pc);
}

static __always_inline bool arch_emulated(const struct task_struct *task)
{
	return (task->thread_info.flags >> THREAD_EMULATED) & 1;
}

static __always_inline long arch_result(const struct pt_regs *regs)
{
	return (long)regs->regs[0];
}

static __always_inline bool arch_compat(const struct task_struct *task)
{
	return (task->thread_info.flags >> THREAD_32BIT) & 1;
}

static __always_inline __u32 arch_number(const struct pt_regs *regs)
{
	return (__u32)regs->syscallno;
}

static __always_inline __u32 arch_syscall(const struct pt_regs *regs, bool compat)
{
	return arch_number(regs);
}

static __always_inline bool arch_candidate(const struct pt_regs *regs)
{
	__u32 number = arch_number(regs);

	return number < NATIVE_NUMBERS && (arch_native[ARCH_INDEX(number, NATIVE_NUMBERS)] |
					   arch_compat_slots[ARCH_INDEX(number, COMPAT_NUMBERS)]);
}

static __always_inline __u32 arch_slot(const struct pt_regs *regs, bool compat)
{
	__u32 number = arch_number(regs);

	if (number >= NATIVE_NUMBERS)
		return SLOT_NONE;
	return compat ? arch_compat_slots[ARCH_INDEX(number, COMPAT_NUMBERS)] :
			arch_native[ARCH_INDEX(number, NATIVE_NUMBERS)];
}

static __always_inline bool arch_pointers32(const struct pt_regs *regs, bool compat)
{
	return compat;
}

/* The result is in the first register by then: what was in it is kept apart. */
static __always_inline __u64 arch_argument(const struct pt_regs *regs, bool compat, int n)
{
	__u64 value = n == 0 ? regs->orig_x0 : regs->regs[n];

	return compat ? (__u32)value : value;
}

#endif
