/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF programs: loaded, attached, detached.
 *
 * A program that the kernel refuses does not keep the others from loading: it is left out, with the kernel's
 * reason, unless the plan says that nothing works without it.
 */
#ifndef SESHAT_KERNEL_LOADER_H
#define SESHAT_KERNEL_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/plan.h"

enum { LOADER_REASON_SIZE = 512 };

struct loader;

/* What became of an entry of the plan. */
struct loader_result {
	const struct plan_entry *entry; /* borrowed from the plan */
	int error;			/* 0 when it works, else negative errno */
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
};

/*
 * Loads what the kernel takes. Returns 0, or negative errno: then *ret_reason (LOADER_REASON_SIZE bytes) says in
 * one line what failed. A required program that was refused is such a failure.
 */
int loader_new(struct loader **ret, const struct loader_config *config, char *ret_reason);

/* Detaches and unloads everything. NULL is allowed. */
void loader_free(struct loader *loader);

/*
 * Attaches everything that was loaded; cgroup_root is the version 2 hierarchy's root directory. Failures as with
 * loader_new(). What cannot be attached, but is not required, shows in the results.
 */
int loader_attach(struct loader *loader, int cgroup_root, char *ret_reason);

/*
 * Detaches everything, and waits until no program runs any more (membarrier(2), an RCU grace period): what the
 * probes count is final then.
 */
void loader_quiesce(struct loader *loader);

/* One result for each entry of the plan, in its order; borrowed. */
const struct loader_result *loader_results(const struct loader *loader, size_t *ret_count);

/* The descriptor of a map by its name, or -ENOENT. Borrowed. */
int loader_map(const struct loader *loader, const char *name);

#endif
