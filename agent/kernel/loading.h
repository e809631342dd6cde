/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object into the kernel, but for the programs that the kernel does not take: these are left out, and their results say
 * why.
 */
#ifndef SESHAT_KERNEL_LOADING_H
#define SESHAT_KERNEL_LOADING_H

#include <bpf/libbpf.h>

#include "kernel/loader.h"

/* All borrowed. */
struct loading {
	const void *elf;
	size_t elf_size;
	const struct loader_config *config; /* the sizes of maps */
	const char *folder;		    /* the maps are those pinned in it; NULL: new ones */
	struct loader_result *results;	    /* one for each entry of the plan */
	size_t count;
	struct strategy
		*strategy; /* it, and the results, change where a trampoline's program is refused */
	const struct bpf_object
		*before; /* the maps are those of this one, which is loaded; NULL: new ones */
};

/* Marks what the functions of the calls are hooked for, and the dispatcher, if that is all. */
void loading_mark(const struct loading *loading);

/* The slots that the plan has programs for, and that are wanted: bits of enum syscall_slot. */
uint32_t loading_slots(const struct loading *loading);

/* Opens the object, in the place of the one that is in *object (NULL: none), which is closed. Returns 0 or negative errno. */
int loading_open(struct bpf_object **object, const struct loading *loading);

/*
 * Opens it and loads all that can be loaded. Returns 0, or negative errno and a line that says why.
 */
int loading_run(struct bpf_object **object, const struct loading *loading, char *ret_reason);

/* Is it something that the kernel does not want, or has this process nothing left, or no right, to load it with? */
bool loading_is_refusal(int error);

#endif
