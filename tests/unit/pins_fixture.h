/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pinned probes: loaded, attached and left behind by a child that has a BPF file system of its own.
 */
#ifndef SESHAT_TESTS_PINS_FIXTURE_H
#define SESHAT_TESTS_PINS_FIXTURE_H

#include "attached.h"

#include <dirent.h>

#include "kernel/object.h"
#include "kernel/pins.h"

enum { OPENS = 20 };

/* How many entries a directory has; -1: there is none such. */
static inline int entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* This build's folder: of the objects the one that this kernel takes, or the best. */
static inline char *own_folder(void)
{
	char *folder, *best = NULL;
	const void *elf;
	size_t size;

	for (size_t i = 0; (elf = object_builtin(i, &size)); i++) {
		child_check(pins_folder(&folder, ATTACHED_PIN, elf, size) == 0);
		if (access(folder, F_OK) == 0) {
			free(best);
			return folder;
		}
		if (best)
			free(folder);
		else
			best = folder;
	}
	return best;
}

static inline struct loader *load_pinned(void)
{
	struct loader_config config = attached_config(ATTACHED_PIN);

	return attached_load(&config);
}

/* Attaches, marks, and lets go of it all. */
static inline void leave_attached(const struct audited *audited)
{
	struct loader *loader = load_pinned();

	child_check(!loader_attached(loader));
	attached_attach(loader);
	audited_mark(loader, audited);
	audited_go(audited, OPENS);
	loader_free(loader);
}

#endif
