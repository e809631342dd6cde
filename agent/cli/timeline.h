/* SPDX-License-Identifier: Apache-2.0 */
/* The records of one session for a person: who and from where, then what each process did, indented as they descend. */
#ifndef SESHAT_CLI_TIMELINE_H
#define SESHAT_CLI_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/output.h"
#include "cli/process_tree.h"

struct timeline {
	struct output *output; /* borrowed */
	struct process_tree tree;
	uint64_t broken; /* lines that are no records */
	bool ended;	 /* session.end was there */
};

/* Appends what the session's next line (with its end) tells. Returns 0, or negative errno (lack of memory). */
int timeline_add(struct timeline *timeline, const char *line, size_t size);

/* All lines were given: says so when the session has no end. */
void timeline_finish(struct timeline *timeline);

void timeline_free(struct timeline *timeline);

#endif
