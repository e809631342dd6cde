/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of a session's numbers have not arrived. Numbers may come a little out of order.
 *
 * The list of gaps is bounded: when it would grow beyond GAPS_LIMIT, the oldest two become one,
 * with what lies between them. Nothing here can fail: without memory gaps become coarser in the
 * same way.
 */
#ifndef SESHAT_SESSION_GAPS_H
#define SESHAT_SESSION_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GAPS_LIMIT = 1024,
};

/* Missing numbers, both ends included. */
struct gap {
	uint64_t first;
	uint64_t last;
};

/* Zeroed to begin with. */
struct gaps {
	struct gap *list; /* owned; ascending, never adjacent */
	size_t count;
	size_t capacity;
	uint64_t highest; /* the highest number known to have been given out */
};

/* Frees the list. */
void gaps_free(struct gaps *gaps);

/*
 * This number and all below it have been given out: those above the highest known are missing now.
 */
void gaps_expect(struct gaps *gaps, uint64_t number);

/* This number is here. */
void gaps_arrive(struct gaps *gaps, uint64_t number);

/*
 * The lowest and the highest missing number up to limit; those are no longer looked for. Returns
 * false when there are none.
 */
bool gaps_take(struct gaps *gaps, uint64_t limit, struct gap *ret);

#endif
