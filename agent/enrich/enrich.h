/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel record does not say itself: the path of the running executable, and of cgroups.
 * Learned from the records that pass, asked for where nothing was learned.
 */
#ifndef SESHAT_ENRICH_ENRICH_H
#define SESHAT_ENRICH_ENRICH_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "record/record.h"

struct enricher;

/* As in struct pipeline_config; a function that is NULL knows nothing. */
struct enrich_sources {
	int (*exe_path)(uint32_t pid, char *buf, size_t size, void *userdata);
	int (*cgroup_path)(uint64_t id, char *buf, size_t size, void *userdata);
	void *userdata; /* borrowed */
};

/* Remembers at most images_limit executables. Returns 0 or -ENOMEM. */
int enricher_new(struct enricher **ret, const struct enrich_sources *sources, size_t images_limit);

/* NULL is allowed. */
void enricher_free(struct enricher *enricher);

/*
 * Learns what a record tells about executables and cgroups. To be called before anything is asked
 * for it.
 */
void enrich_learn(struct enricher *enricher, const struct record *record);

/*
 * The path of the executable that the record's task ran, and its place; none when it cannot be learned. Borrowed
 * until the next call for this enricher, like that of enrich_cgroup.
 */
struct record_part enrich_exe(struct enricher *enricher, const struct wire_task *task);

/* The path of a cgroup in the v2 hierarchy, none when it cannot be learned. */
struct bytes enrich_cgroup(struct enricher *enricher, uint64_t id);

#endif
