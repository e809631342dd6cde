/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/set.h"

#include <errno.h>
#include <stdlib.h>

int sink_set_add(struct sink_set *set, struct sink *sink)
{
	struct sink **sinks = reallocarray(set->sinks, set->count + 1, sizeof(struct sink *));

	if (!sinks)
		return -ENOMEM;
	set->sinks = sinks;
	set->sinks[set->count++] = sink;
	return 0;
}

/* Remembers an error of the set's, and returns the first of those in a row. */
static int sink_set_error(struct sink_set *set, int first, int error)
{
	if (error < 0)
		set->error = error;
	return first < 0 ? first : error;
}

int sink_set_write(struct sink_set *set, const char *line, size_t size, bool *ret_taken)
{
	bool taken = false;
	int first = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct sink *sink = set->sinks[i];
		int r = sink_write(sink, line, size);

		if (r < 0)
			set->refused++;
		if (!sink->best_effort)
			taken = taken || r == 0;
		first = sink_set_error(set, first, sink->best_effort ? 0 : r);
	}
	*ret_taken = taken;
	return first;
}

int sink_set_flush(struct sink_set *set, bool *ret_ready)
{
	bool ready = false;
	int first = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct sink *sink = set->sinks[i];
		int r = sink_flush(sink);

		if (!sink->best_effort)
			ready = ready || r == 0;
		first = sink_set_error(set, first, sink->best_effort ? 0 : r);
	}
	*ret_ready = ready;
	return first;
}

int sink_set_close(struct sink_set *set)
{
	int first = 0;

	for (size_t i = 0; i < set->count; i++) {
		bool best_effort = set->sinks[i]->best_effort;
		uint64_t unwritten;
		int r = sink_close(set->sinks[i], &unwritten);

		if (!best_effort)
			set->unwritten += unwritten;
		first = sink_set_error(set, first, best_effort ? 0 : r);
	}
	free(set->sinks);
	set->sinks = NULL;
	set->count = 0;
	return first;
}
