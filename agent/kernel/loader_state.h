/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader consists of: loader.c loads and takes over, loader_attach.c attaches and detaches. */
#ifndef SESHAT_KERNEL_LOADER_STATE_H
#define SESHAT_KERNEL_LOADER_STATE_H

#include <bpf/libbpf.h>

#include "kernel/loader.h"

struct loader {
	struct bpf_object *object; /* owned */
	/* owned, one for each entry of the plan, NULL where there is none */
	struct bpf_link **links;
	int *running; /* owned: the programs behind links of another process's, which count their misses; -1: none */
	struct loader_result *results; /* owned */
	size_t count;
	bool *refused;		     /* owned: of the results, could it not even be attached? */
	const char *pin;	     /* borrowed; NULL: none */
	char *folder;		     /* owned: in it, of this build; NULL: none */
	struct loader_config config; /* what it points to is borrowed */
	const void *elf;	     /* the object that was loaded; borrowed */
	size_t elf_size;
	struct strategy strategy;
	uint64_t misses; /* of programs that are no longer attached */
	bool resumed;	 /* the folder holds what another process had attached */
	bool attached;
	bool outdated; /* the object serves the calls by what had been chosen before: it has to be loaded anew */
};

/* The program of an entry of the plan; NULL: the object has none. Borrowed. */
struct bpf_program *loader_program(const struct loader *loader, size_t i);

/* Closes what keeps the program of one entry attached, and its program, with what it has counted. */
void loader_link_close(struct loader *loader, size_t i);

#endif
