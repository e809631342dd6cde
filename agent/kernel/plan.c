/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/plan.h"

#include "bpf/state.h"

enum {
	CGROUP_UNIX_CONNECT = 49, /* BPF_CGROUP_UNIX_CONNECT, linux/bpf.h of 6.7 and later */
	CGROUP_UNIX_SENDMSG = 50, /* BPF_CGROUP_UNIX_SENDMSG, likewise */
};

/*
 * In the order in which they are attached: lineage before anything that reports, and the exit of system calls,
 * which everybody pays for, last. Of several programs for one probe the first that can be attached is taken.
 */
static const struct plan_entry TRACEPOINT[] = {
	{ .program = "process_fork", .probe = "fork", .how = PLAN_TRACE, .required = true },
	{ .program = "cgroup_attach", .probe = "cgroup", .how = PLAN_TRACE, .required = true },
	{ .program = "uring_record",
	  .probe = "io_uring_record",
	  .how = PLAN_SYSCALL,
	  .map = "uring_programs" },
	{ .program = "uring_receive",
	  .probe = "io_uring_receive",
	  .how = PLAN_SYSCALL,
	  .map = "uring_programs",
	  .slot = 1 },
	{ .program = "uring_exit", .probe = "io_uring_exit", .how = PLAN_TRACE },
	{ .program = "process_exit", .probe = "exit", .how = PLAN_TRACE, .required = true },
	{ .program = "exec_done", .probe = "exec", .how = PLAN_TRACE },
	/* After it: first what was executed, then what rights that gave. */
	{ .program = "privilege_exec", .probe = "privilege_exec", .how = PLAN_TRACE },
	{ .program = "address_connect4", .probe = "connect4", .how = PLAN_CGROUP },
	{ .program = "address_connect6", .probe = "connect6", .how = PLAN_CGROUP },
	{ .program = "address_sendmsg4", .probe = "sendmsg4", .how = PLAN_CGROUP },
	{ .program = "address_sendmsg6", .probe = "sendmsg6", .how = PLAN_CGROUP },
	{
		.program = "address_connect_unix",
		.probe = "connect_unix",
		.how = PLAN_CGROUP,
		.attach_type = CGROUP_UNIX_CONNECT,
	},
	{
		.program = "address_sendmsg_unix",
		.probe = "sendmsg_unix",
		.how = PLAN_CGROUP,
		.attach_type = CGROUP_UNIX_SENDMSG,
	},
	{ .program = "outcome_state", .probe = "outcome", .how = PLAN_TRACE },
	{ .program = "uring_complete_members",
	  .probe = "io_uring_complete",
	  .how = PLAN_TRACE,
	  .arguments = 4 },
	{ .program = "uring_complete",
	  .probe = "io_uring_complete",
	  .how = PLAN_TRACE,
	  .arguments = 3 },
	{ .program = "uring_overflow", .probe = "io_uring_overflow", .how = PLAN_TRACE },
	{ .program = "uring_fail_link", .probe = "io_uring_link", .how = PLAN_TRACE },
	{ .program = "uring_failed", .probe = "io_uring_failed", .how = PLAN_TRACE },
	{ .program = "uring_submit", .probe = "io_uring", .how = PLAN_TRACE },
	{ .program = "uring_submit_sqe", .probe = "io_uring", .how = PLAN_TRACE },
	{ .program = "exec_failed",
	  .probe = "exec_failed",
	  .how = PLAN_SYSCALL,
	  .slot = SLOT_EXEC },
	{ .program = "open_exit", .probe = "open", .how = PLAN_SYSCALL, .slot = SLOT_OPEN },
	{ .program = "network_exit",
	  .probe = "network",
	  .how = PLAN_SYSCALL,
	  .slot = SLOT_NETWORK },
	{ .program = "socket_exit", .probe = "socket", .how = PLAN_SYSCALL, .slot = SLOT_SOCKET },
	{ .program = "receive_exit",
	  .probe = "receive",
	  .how = PLAN_SYSCALL,
	  .slot = SLOT_RECEIVE },
	{ .program = "privilege_exit",
	  .probe = "privilege",
	  .how = PLAN_SYSCALL,
	  .slot = SLOT_PRIVILEGE },
	{ .program = "ptrace_exit", .probe = "ptrace", .how = PLAN_SYSCALL, .slot = SLOT_PTRACE },
	{ .program = "kernel_exit", .probe = "kernel", .how = PLAN_SYSCALL, .slot = SLOT_KERNEL },
	{ .program = "file_exit", .probe = "file", .how = PLAN_SYSCALL, .slot = SLOT_FILE },
	{ .program = "syscall_exit", .probe = "syscall", .how = PLAN_TRACE, .dispatches = true },
};

const struct plan_entry *plan_tracepoint(size_t *ret_count)
{
	*ret_count = sizeof(TRACEPOINT) / sizeof(TRACEPOINT[0]);
	return TRACEPOINT;
}
