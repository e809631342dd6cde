/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/calls.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/state.h"

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* the same on all processors; Linux 6.15 */
#endif

#define CALL(call, probe)                                                 \
	{                                                                 \
		.name = #call, .number = SYS_##call, .slot = SLOT_##probe \
	}
/* Of the 32-bit tables alone. */
#define NARROW(call, probe)                                              \
	{                                                                \
		.name = #call, .number = CALL_NONE, .slot = SLOT_##probe \
	}

#if defined(__x86_64__)
#define OLD CALL
const char *const CALLS_NATIVE[] = { "__x64_sys_", "__x64_compat_sys_", NULL };
const char *const CALLS_NARROW[] = { "__ia32_sys_", "__ia32_compat_sys_", NULL };
/* x32 has numbers of its own for calls that else only 32-bit programs have: recvmmsg_time64. */
const char *const CALLS_SHARED[] = { "__x64_compat_sys_", NULL };
#elif defined(__aarch64__)
/* What newer processors' tables have left out is in that of their 32-bit programs. */
#define OLD NARROW
const char *const CALLS_NATIVE[] = { "__arm64_sys_", "__arm64_compat_sys_", NULL };
const char *const CALLS_NARROW[] = { NULL };
const char *const CALLS_SHARED[] = { "__arm64_", NULL };
#else
_Static_assert(
	0, "no names of system calls for this processor yet"); /* cppcheck judges all branches */
#endif

static const struct call CALLS[] = {
	OLD(open, OPEN),
	OLD(creat, OPEN),
	CALL(mq_open, OPEN),
	CALL(openat, OPEN),
	CALL(open_by_handle_at, OPEN),
	CALL(open_tree, OPEN),
	CALL(open_tree_attr, OPEN),
	CALL(openat2, OPEN),
	CALL(execve, EXEC),
	CALL(execveat, EXEC),
	CALL(connect, NETWORK),
	CALL(sendto, NETWORK),
	CALL(sendmsg, NETWORK),
	CALL(sendmmsg, NETWORK),
	NARROW(socketcall, NETWORK),
	CALL(bind, SOCKET),
	CALL(listen, SOCKET),
	CALL(accept, SOCKET),
	CALL(accept4, SOCKET),
	CALL(recvmsg, RECEIVE),
	CALL(recvmmsg, RECEIVE),
	NARROW(recvmmsg_time32, RECEIVE),
	NARROW(recvmmsg_time64, RECEIVE),
	CALL(pidfd_getfd, RECEIVE),
	CALL(setuid, PRIVILEGE),
	CALL(setgid, PRIVILEGE),
	CALL(setreuid, PRIVILEGE),
	CALL(setregid, PRIVILEGE),
	CALL(setresuid, PRIVILEGE),
	CALL(setresgid, PRIVILEGE),
	CALL(setfsuid, PRIVILEGE),
	CALL(setfsgid, PRIVILEGE),
	CALL(capset, PRIVILEGE),
	CALL(unshare, PRIVILEGE),
	CALL(setns, PRIVILEGE),
	NARROW(setuid16, PRIVILEGE),
	NARROW(setgid16, PRIVILEGE),
	NARROW(setreuid16, PRIVILEGE),
	NARROW(setregid16, PRIVILEGE),
	NARROW(setresuid16, PRIVILEGE),
	NARROW(setresgid16, PRIVILEGE),
	NARROW(setfsuid16, PRIVILEGE),
	NARROW(setfsgid16, PRIVILEGE),
	CALL(ptrace, PTRACE),
	CALL(process_vm_readv, PTRACE),
	CALL(process_vm_writev, PTRACE),
	CALL(init_module, KERNEL),
	CALL(finit_module, KERNEL),
	CALL(delete_module, KERNEL),
	CALL(kexec_load, KERNEL),
	CALL(kexec_file_load, KERNEL),
	CALL(bpf, KERNEL),
	CALL(truncate, FILE),
	NARROW(ia32_truncate64, FILE),
	NARROW(aarch32_truncate64, FILE),
	OLD(rename, FILE),
	OLD(rmdir, FILE),
	OLD(link, FILE),
	OLD(unlink, FILE),
	OLD(symlink, FILE),
	CALL(pivot_root, FILE),
	CALL(chroot, FILE),
	CALL(mount, FILE),
	{ .name = "umount", .number = SYS_umount2, .slot = SLOT_FILE },
	NARROW(oldumount, FILE),
	CALL(unlinkat, FILE),
	CALL(renameat, FILE),
	CALL(renameat2, FILE),
	CALL(linkat, FILE),
	CALL(symlinkat, FILE),
	CALL(move_mount, FILE),
};

const struct call *calls_all(size_t *ret_count)
{
	*ret_count = sizeof(CALLS) / sizeof(CALLS[0]);
	return CALLS;
}

bool call_exists(const struct call *call)
{
	return call->number != CALL_NONE &&
	       (syscall(call->number, -1L, -1L, -1L, -1L, -1L, -1L) >= 0 || errno != ENOSYS);
}
