/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that wait, first in, first out. They lie in blocks of BACKLOG_BLOCK_SIZE bytes, so that a
 * long backlog is neither copied as it grows nor held after it has drained.
 */
#ifndef SESHAT_SINKS_BACKLOG_H
#define SESHAT_SINKS_BACKLOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
	BACKLOG_BLOCK_SIZE = 65536, /* a larger line has a block of its own */
};

struct backlog_block;

/* Zeroed to begin with. */
struct backlog {
	struct backlog_block *first; /* owned, and so is what follows it; NULL: nothing waits */
	struct backlog_block *last;
	uint64_t lines;
	uint64_t bytes; /* of the lines */
};

/* What the lines take of memory, their lengths included; blocks may have room left besides. */
size_t backlog_used(const struct backlog *backlog);

/* What it would take of memory with one more line of that size. */
size_t backlog_used_with(const struct backlog *backlog, size_t size);

/* Appends a copy. Returns 0 or -ENOMEM. */
int backlog_push(struct backlog *backlog, const char *line, size_t size);

/* The first line, borrowed until the next call that changes the backlog; none: NULL. */
struct bytes backlog_peek(const struct backlog *backlog);

/* Drops the first line, which must be there. */
void backlog_pop(struct backlog *backlog);

/* Frees all; the backlog is empty afterwards. */
void backlog_free(struct backlog *backlog);

#endif
