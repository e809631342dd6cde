/* SPDX-License-Identifier: Apache-2.0 */
/* How deep a process is below the first of its session, from records in their order. */
#ifndef SESHAT_CLI_PROCESS_TREE_H
#define SESHAT_CLI_PROCESS_TREE_H

#include <stddef.h>
#include <stdint.h>

struct process;

struct process_tree {
	struct process *processes; /* owned: those that live, by pid */
};

/*
 * The depth of a process that a record is of: one more than its parent's where that lives and is known, when the process is seen
 * for the first time; from then on it stays, whoever adopts it. *ret is 0 for those at the top. Returns 0 or -ENOMEM.
 */
int process_tree_depth(struct process_tree *tree, int64_t pid, int64_t ppid, unsigned int *ret);

/* It has ended: its pid is free for another process. */
void process_tree_exit(struct process_tree *tree, int64_t pid);

void process_tree_free(struct process_tree *tree);

#endif
