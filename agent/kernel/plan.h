/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which BPF program makes which probe, and how it meets the kernel.
 */
#ifndef SESHAT_KERNEL_PLAN_H
#define SESHAT_KERNEL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plan_how {
	PLAN_TRACE, /* attached to the tracepoint that its section names */
	/* called by another program, through a slot of a map: syscall_probes, of the one on sys_exit */
	PLAN_SYSCALL,
	PLAN_CGROUP, /* attached to the root of the cgroup hierarchy */
};

struct plan_entry {
	const char *program; /* the BPF function's name */
	const char *probe;   /* what it is called in session.start */
	const char *map;     /* PLAN_SYSCALL: where it is not syscall_probes */
	size_t arguments; /* of the raw tracepoint, as many as the program needs; where there are several for a probe */
	enum plan_how how;
	uint32_t slot; /* PLAN_SYSCALL: enum syscall_slot of bpf/state.h, or 0 in another map */
	/*
	 * PLAN_CGROUP: where it is not the one that the section names, else 0. Kernels that do not know it have no such hook, and
	 * nothing is missing without
	 */
	int attach_type;
	bool required;	 /* without it no session can be audited */
	bool dispatches; /* it calls those in syscall_probes, and is needed for nothing else */
};

/* The plan of the tracepoint strategy; *ret_count entries, constant. */
const struct plan_entry *plan_tracepoint(size_t *ret_count);

#endif
