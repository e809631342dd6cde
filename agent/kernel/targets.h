/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's functions that trampolines hook, by its own type information. */
#ifndef SESHAT_KERNEL_TARGETS_H
#define SESHAT_KERNEL_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TARGET_NAME = 64,
	TARGET_GROUPS =
		2, /* prototypes that the functions of system calls may have: programs in bpf/calls.bpf.c */
};

struct btf;

struct target {
	char name[TARGET_NAME];
	uint32_t slot; /* enum syscall_slot */
	uint32_t id;   /* in the kernel's type information */
	uint32_t prototype;
	uint32_t group; /* index of its prototype, below TARGET_GROUPS */
};

struct targets {
	struct target *list; /* owned */
	size_t count;
	uint32_t prototypes[TARGET_GROUPS]; /* 0: none */
	uint32_t missing; /* a bit for each slot with a call whose function is not there */
};

/*
 * Finds the functions of all calls of the slots (bits) in `wanted`; `narrow`: those of 32-bit calls too. Returns 0, or
 * negative errno. Free it with targets_free().
 */
int targets_find(struct targets *ret, const struct btf *kernel, uint32_t wanted, bool narrow);

/*
 * A call of the slot cannot be hooked: others serve it. Those of sockets go together, as all of them may be made by one call,
 * socketcall(), and whoever sees that has to pass it on to the right probe.
 */
void targets_miss(struct targets *targets, uint32_t slot);

void targets_free(struct targets *targets);

/* The number of a function's type and that of its prototype; 0 where there is none. */
uint32_t target_id(const struct btf *kernel, const char *name, uint32_t *ret_prototype);

#endif
