/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sinks that one log goes to. Each has a place, which it keeps: what one of them lacks is counted by its place.
 */
#ifndef SESHAT_SINKS_SET_H
#define SESHAT_SINKS_SET_H

#include "sinks/sink.h"

enum {
	SINK_SET_PLACES = 4,
};

/* Zeroed to begin with. */
struct sink_set {
	struct sink *sinks[SINK_SET_PLACES]; /* owned; NULL where there is none */
	uint64_t refused;		     /* lines, those of best effort included */
	uint64_t unwritten; /* lines taken and never written, those of best effort left out */
	int error;	    /* the latest, negative errno; 0: none */
};

/* What became of a line, or of a flush; sinks of best effort are left out. */
struct sink_verdict {
	bool any;	     /* one has taken it, or has nothing left to write */
	unsigned int failed; /* the places of those that have not: bit 0 is the first */
	int error;	     /* the first one's, negative errno; 0: there is none */
};

/* Takes ownership of the sink, on success only. Returns its place, or -ENOSPC. */
int sink_set_add(struct sink_set *set, struct sink *sink);

/*
 * Puts another sink (NULL: none) into a place, and closes what was there; ownership as with sink_set_add, and it cannot
 * fail. Returns 0, or the error of closing.
 */
int sink_set_replace(struct sink_set *set, size_t place, struct sink *sink);

/* Hands a line to all. */
struct sink_verdict sink_set_write(struct sink_set *set, const char *line, size_t size);

/* Flushes all. */
struct sink_verdict sink_set_flush(struct sink_set *set);

/* Begins new files; moved: see sink_rotate. Returns 0 or the first error. */
int sink_set_rotate(struct sink_set *set, bool moved);

/* The soonest of sink_due(), or -1. */
int sink_set_due(const struct sink_set *set);

/* Closes and frees all; the set is empty afterwards. Returns 0 or the first error. */
int sink_set_close(struct sink_set *set);

#endif
