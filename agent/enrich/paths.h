/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded memory of paths by a 128-bit identity; the one unused for longest goes first.
 */
#ifndef SESHAT_ENRICH_PATHS_H
#define SESHAT_ENRICH_PATHS_H

#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

struct path_id {
	uint64_t id[2];
};

struct paths;

/* Remembers at most `entries` paths of together at most `bytes` bytes. Returns 0 or -ENOMEM. */
int paths_new(struct paths **ret, size_t entries, size_t bytes);

/* NULL is allowed. */
void paths_free(struct paths *paths);

/*
 * Remembers a copy of the path with its place (mount_ns, flags), and a number that goes with it, in place of what was
 * known. Without memory the identity is forgotten instead.
 */
void paths_learn(struct paths *paths, struct path_id id, const struct record_part *path,
		 uint64_t tag);

/*
 * The path with its place, borrowed until the next call of paths_learn, and its number; no path when it is not
 * known.
 */
struct record_part paths_find(struct paths *paths, struct path_id id, uint64_t *ret_tag);

#endif
