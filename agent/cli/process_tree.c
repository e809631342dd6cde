/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/process_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct process {
	int64_t pid;
	unsigned int depth;
	UT_hash_handle hh;
};

static struct process *tree_find(const struct process_tree *tree, int64_t pid)
{
	struct process *process;

	HASH_FIND(hh, tree->processes, &pid, sizeof(pid), process);
	return process;
}

int process_tree_depth(struct process_tree *tree, int64_t pid, int64_t ppid, unsigned int *ret)
{
	struct process *process = tree_find(tree, pid), *parent;

	if (process) {
		*ret = process->depth;
		return 0;
	}
	process = calloc(1, sizeof(*process));
	if (!process)
		return -ENOMEM;
	parent = tree_find(tree, ppid);
	process->pid = pid;
	process->depth = parent ? parent->depth + 1 : 0;
	HASH_ADD(hh, tree->processes, pid, sizeof(process->pid), process);
	if (!process->hh.tbl) {
		free(process);
		return -ENOMEM;
	}
	*ret = process->depth;
	return 0;
}

void process_tree_exit(struct process_tree *tree, int64_t pid)
{
	struct process *process = tree_find(tree, pid);

	if (!process)
		return;
	HASH_DELETE(hh, tree->processes, process);
	free(process);
}

void process_tree_free(struct process_tree *tree)
{
	struct process *process, *next;

	HASH_ITER(hh, tree->processes, process, next) {
		HASH_DELETE(hh, tree->processes, process);
		free(process);
	}
}
