/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF programs: loaded, attached, detached.
 *
 * A program that the kernel refuses does not keep the others from loading: it is left out, with the kernel's
 * reason, unless the plan says that nothing works without it.
 */
#ifndef SESHAT_KERNEL_LOADER_H
#define SESHAT_KERNEL_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/plan.h"
#include "kernel/strategy.h"

enum { LOADER_REASON_SIZE = 512 };

struct loader;

/* What became of an entry of the plan. */
struct loader_result {
	const struct plan_entry *entry; /* borrowed from the plan */
	int error;			/* 0 when it works, else negative errno */
	/* nothing is missing without it: another program of the plan is in its place, or it is absent */
	bool spare;
	bool absent;	 /* the kernel has no such hook, and its record is made without */
	bool trampoline; /* what it is for is done at the functions of the calls */
	/* one line: what refused it, and in the verifier's words why */
	char reason[LOADER_REASON_SIZE];
};

struct loader_config {
	/* the BPF object, borrowed while loading; NULL: the one that is built in */
	const void *elf;
	size_t elf_size;
	const struct plan_entry *plan; /* borrowed for the loader's life */
	size_t plan_size;
	size_t ring_size; /* bytes; a power of two and a multiple of the page size */
	size_t sessions;  /* that can be open at once; 0: as many as are built in */
	enum strategy_choice strategy;
	uint32_t
		slots_off; /* enum syscall_slot (bits) that will not be wanted: no functions are hooked for them */
	/*
	 * a directory of a BPF file system, borrowed for the loader's life: what is attached is pinned there, and found
	 * again. NULL: what is attached ends with the process
	 */
	const char *pin;
};

/*
 * Loads what the kernel takes. Returns 0, or negative errno: then *ret_reason (LOADER_REASON_SIZE bytes) says in
 * one line what failed. A required program that was refused is such a failure.
 */
int loader_new(struct loader **ret, const struct loader_config *config, char *ret_reason);

/* Detaches, unless it is pinned, and unloads everything. NULL is allowed. */
void loader_free(struct loader *loader);

/*
 * Is everything attached? Also right after loader_new(), when another process of this very build had pinned it: then
 * maps and links are those, and no record is missing.
 */
bool loader_attached(const struct loader *loader);

/*
 * Attaches everything that was loaded; cgroup_root is the version 2 hierarchy's root directory. Failures as with
 * loader_new(). What cannot be attached, but is not required, shows in the results.
 * May be done again after loader_detach(). On failure nothing is attached.
 */
int loader_attach(struct loader *loader, int cgroup_root, char *ret_reason);

/* Detaches everything, and removes the pins. */
void loader_detach(struct loader *loader);

/*
 * Removes what other builds have pinned: their probes end there. Returns whether there was something.
 */
bool loader_replace(struct loader *loader);

/* Removes what any build has pinned below the directory, with no loader at hand. Returns whether there was something. */
bool loader_drop_pins(const char *pin);

/*
 * Detaches everything, and waits until no program runs any more (membarrier(2), an RCU grace period): what the
 * probes count is final then.
 */
void loader_quiesce(struct loader *loader);

/* One result for each entry of the plan, in its order; borrowed. */
const struct loader_result *loader_results(const struct loader *loader, size_t *ret_count);

/* How system calls are seen, and why so: borrowed, and changed by loader_attach() alone. */
const struct strategy *loader_strategy(const struct loader *loader);

/* Is it a probe to speak of: neither spare, nor a dispatcher with nothing to dispatch? */
bool loader_result_counts(const struct loader_result *result);

/*
 * How often the kernel has left out a program since loader_new(), or since another process has attached what is in use, as one
 * processor had been preempted in it: at most so many records are missing of all sessions.
 */
uint64_t loader_misses(const struct loader *loader);

/* The descriptor of a map by its name, or -ENOENT. Borrowed. */
int loader_map(const struct loader *loader, const char *name);

#endif
