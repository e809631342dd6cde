/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that have a probe, by the names of the functions that the kernel has for them. Which number is which
 * call, the probes know (bpf/arch.bpf.h).
 */
#ifndef SESHAT_KERNEL_CALLS_H
#define SESHAT_KERNEL_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call {
	const char *name; /* behind the processor's prefix */
	long number;	  /* for this program, CALL_NONE where it has none */
	uint32_t slot;	  /* enum syscall_slot of bpf/state.h */
};

enum { CALL_NONE = -1 };

/* All of them, constant. */
const struct call *calls_all(size_t *ret_count);

/* What such functions are called, before the name: NULL at the end. Native calls, and those with 32-bit pointers. */
extern const char *const CALLS_NATIVE[];
extern const char *const CALLS_NARROW[];

/* What such functions' names begin with, of the native ones, that serve calls without a native number, too. NULL at the end. */
extern const char *const CALLS_SHARED[];

/*
 * Does the kernel know the call? It is made, with arguments that no call takes. A call without a number is one that nobody
 * can make.
 */
bool call_exists(const struct call *call);

#endif
