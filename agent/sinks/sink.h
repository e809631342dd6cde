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

struct sink_type {
	const char *name;
	/* See sink_write, sink_flush and sink_close. */
	int (*write)(struct sink *sink, const char *line, size_t size);
	int (*flush)(struct sink *sink);
	int (*close)(struct sink *sink, uint64_t *ret_unwritten);
};

struct sink {
	const struct sink_type *type;
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

#endif
