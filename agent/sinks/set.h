/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sinks that one log goes to.
 */
#ifndef SESHAT_SINKS_SET_H
#define SESHAT_SINKS_SET_H

#include "sinks/sink.h"

/* Zeroed to begin with. */
struct sink_set {
	struct sink **sinks; /* owned, and so is each */
	size_t count;
	uint64_t refused;   /* lines, those of best effort included */
	uint64_t unwritten; /* lines taken and never written, those of best effort left out */
	int error;	    /* the latest, negative errno; 0: none */
};

/* Takes ownership of the sink, on success only. Returns 0 or -ENOMEM. */
int sink_set_add(struct sink_set *set, struct sink *sink);

/*
 * Hands a line to all. Returns 0 when all have taken it, else the first error; those of best effort
 * do not count. *ret_taken: has any of those that count taken it?
 */
int sink_set_write(struct sink_set *set, const char *line, size_t size, bool *ret_taken);

/* Returns 0 or the first error. *ret_ready: has any of those that count nothing left to write? */
int sink_set_flush(struct sink_set *set, bool *ret_ready);

/* Closes and frees all; the set is empty afterwards. Returns 0 or the first error. */
int sink_set_close(struct sink_set *set);

#endif
