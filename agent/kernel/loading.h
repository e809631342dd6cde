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
};

/* Opens the object, in the place of the one that is in *object (NULL: none), which is closed. Returns 0 or negative errno. */
int loading_open(struct bpf_object **object, const struct loading *loading);

/*
 * Opens it and loads all that can be loaded. Returns 0, or negative errno and a line that says why.
 */
int loading_run(struct bpf_object **object, const struct loading *loading, char *ret_reason);

/* Is it something that the kernel does not want, or has this process nothing left, or no right, to load it with? */
bool loading_is_refusal(int error);

#endif
