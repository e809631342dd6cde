/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/set.h"

#include <errno.h>

int sink_set_add(struct sink_set *set, struct sink *sink)
{
	for (int place = 0; place < SINK_SET_PLACES; place++) {
		if (set->sinks[place])
			continue;
		set->sinks[place] = sink;
		return place;
	}
	return -ENOSPC;
}

/* Remembers an error of the set's, and returns the first of those in a row. */
static int sink_set_error(struct sink_set *set, int first, int error)
{
	if (error < 0)
		set->error = error;
	return first < 0 ? first : error;
}

/* One sink's part of a verdict. */
static void verdict_add(struct sink_set *set, struct sink_verdict *verdict, size_t place, int r)
{
	if (set->sinks[place]->best_effort)
		return;
	verdict->any = verdict->any || r == 0;
	if (r < 0)
		verdict->failed |= 1U << place;
	verdict->error = sink_set_error(set, verdict->error, r);
}

struct sink_verdict sink_set_write(struct sink_set *set, const char *line, size_t size)
{
	struct sink_verdict verdict = { 0 };

	for (size_t place = 0; place < SINK_SET_PLACES; place++) {
		int r;

		if (!set->sinks[place])
			continue;
		r = sink_write(set->sinks[place], line, size);
		if (r < 0)
			set->refused++;
		verdict_add(set, &verdict, place, r);
	}
	return verdict;
}

struct sink_verdict sink_set_flush(struct sink_set *set)
{
	struct sink_verdict verdict = { 0 };

	for (size_t place = 0; place < SINK_SET_PLACES; place++)
		if (set->sinks[place])
			verdict_add(set, &verdict, place, sink_flush(set->sinks[place]));
	return verdict;
}

int sink_set_rotate(struct sink_set *set, bool moved)
{
	int first = 0;

	for (size_t place = 0; place < SINK_SET_PLACES; place++)
		if (set->sinks[place]) {
			int r = sink_rotate(set->sinks[place], moved);

			first = sink_set_error(set, first, set->sinks[place]->best_effort ? 0 : r);
		}
	return first;
}

int sink_set_due(const struct sink_set *set)
{
	int soonest = -1;

	for (size_t place = 0; place < SINK_SET_PLACES; place++) {
		int due = set->sinks[place] ? sink_due(set->sinks[place]) : -1;

		if (due >= 0 && (soonest < 0 || due < soonest))
			soonest = due;
	}
	return soonest;
}

int sink_set_replace(struct sink_set *set, size_t place, struct sink *sink)
{
	struct sink *old = set->sinks[place];
	bool best_effort;
	uint64_t unwritten;
	int r;

	set->sinks[place] = sink;
	if (!old)
		return 0;
	best_effort = old->best_effort;
	r = sink_close(old, &unwritten);
	if (best_effort)
		return 0;
	set->unwritten += unwritten;
	return sink_set_error(set, 0, r);
}

int sink_set_close(struct sink_set *set)
{
	int first = 0;

	for (size_t place = 0; place < SINK_SET_PLACES; place++) {
		int r = sink_set_replace(set, place, NULL);

		first = first < 0 ? first : r;
	}
	return first;
}
