/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where lines go. A kind of sink is one constant struct sink_type; a sink of that kind is a
 * structure that begins with a struct sink.
 */
#ifndef SESHAT_SINKS_SINK_H
#define SESHAT_SINKS_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink;

/* How a sink does. */
struct sink_status {
	uint64_t written;	/* lines that have left the sink */
	uint64_t refused;	/* lines that it did not take */
	uint64_t backlog_lines; /* taken and not yet written */
	uint64_t backlog_bytes;
	int error; /* negative errno: why nothing can be written now; 0: all is well */
};

struct sink_type {
	const char *name;
	/* See sink_write, sink_flush, sink_close, and the three below, which may be NULL. */
	int (*write)(struct sink *sink, const char *line, size_t size);
	int (*flush)(struct sink *sink);
	int (*close)(struct sink *sink, uint64_t *ret_unwritten);
	int (*rotate)(struct sink *sink, bool moved);
	int (*due)(const struct sink *sink);
	void (*status)(const struct sink *sink, struct sink_status *ret);
};

struct sink {
	const struct sink_type *type;
	const char
		*name; /* what it is called in session.lost and in the agent's status; a constant */
	bool best_effort; /* a line that it refuses is not lost: another sink keeps the log */
};

/*
 * Takes one whole line, its final newline included; it is copied or written before the call
 * returns. Returns 0 when the line is taken: written, or kept to be written in order. Otherwise
 * negative errno, and nothing of the line is kept.
 */
int sink_write(struct sink *sink, const char *line, size_t size);

/*
 * Writes out what is kept. Returns 0 when nothing is left, or negative errno; may be tried again.
 */
int sink_flush(struct sink *sink);

/*
 * Flushes, closes and frees. Returns 0 or the first negative errno; the sink is gone in any case.
 * *ret_unwritten (may be NULL): how many of the lines taken were never written.
 */
int sink_close(struct sink *sink, uint64_t *ret_unwritten);

/*
 * Begins a new file, where that means anything: everything taken before goes to the old one. moved: only if somebody has moved
 * or removed the old one. Returns 0 or negative errno; on error the sink goes on as before.
 */
int sink_rotate(struct sink *sink, bool moved);

/*
 * In how many milliseconds sink_flush() is to be called even if no line comes: to try again what failed, to
 * keep a promise about time. -1: there is nothing to come for.
 */
int sink_due(const struct sink *sink);

/* How it does; zeroes for a sink that does not say. */
void sink_status_get(const struct sink *sink, struct sink_status *ret);

#endif
