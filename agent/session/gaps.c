/* SPDX-License-Identifier: Apache-2.0 */
#include "session/gaps.h"

#include <stdlib.h>
#include <string.h>

enum {
	GAPS_FIRST_CAPACITY = 16,
};

void gaps_free(struct gaps *gaps)
{
	free(gaps->list);
	*gaps = (struct gaps){ 0 };
}

/* Makes room for one more gap, if there can be. */
static bool gaps_grow(struct gaps *gaps)
{
	size_t capacity = gaps->capacity ? gaps->capacity * 2 : GAPS_FIRST_CAPACITY;
	struct gap *list;

	if (gaps->count < gaps->capacity)
		return true;
	if (capacity > GAPS_LIMIT)
		return false;
	list = realloc(gaps->list, capacity * sizeof(*list));
	if (!list)
		return false;
	gaps->list = list;
	gaps->capacity = capacity;
	return true;
}

static void gaps_remove(struct gaps *gaps, size_t index, size_t count)
{
	gaps->count -= count;
	memmove(&gaps->list[index], &gaps->list[index + count],
		(gaps->count - index) * sizeof(*gaps->list));
}

/* Adds a gap behind all others. */
static void gaps_append(struct gaps *gaps, struct gap gap)
{
	if (gaps->count > 0 && gaps->list[gaps->count - 1].last + 1 == gap.first) {
		gaps->list[gaps->count - 1].last = gap.last;
		return;
	}
	if (!gaps_grow(gaps)) {
		if (gaps->count < 2)
			return; /* not even a first list: the range is not known, the count is */
		gaps->list[1].first = gaps->list[0].first;
		gaps_remove(gaps, 0, 1);
	}
	gaps->list[gaps->count++] = gap;
}

void gaps_expect(struct gaps *gaps, uint64_t number)
{
	if (number <= gaps->highest)
		return;
	gaps_append(gaps, (struct gap){ .first = gaps->highest + 1, .last = number });
	gaps->highest = number;
}

/* The first gap that ends at number or above it. */
static size_t gaps_search(const struct gaps *gaps, uint64_t number)
{
	size_t low = 0, high = gaps->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (gaps->list[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void gaps_split(struct gaps *gaps, size_t index, uint64_t number)
{
	struct gap *gap;

	if (!gaps_grow(gaps))
		return; /* the gap stays, one number too large */
	gap = &gaps->list[index];
	memmove(gap + 1, gap, (gaps->count - index) * sizeof(*gap));
	gaps->count++;
	gap[0].last = number - 1;
	gap[1].first = number + 1;
}

void gaps_arrive(struct gaps *gaps, uint64_t number)
{
	struct gap *gap;
	size_t index;

	if (number == gaps->highest + 1) { /* nearly always */
		gaps->highest = number;
		return;
	}
	gaps_expect(gaps, number);
	index = gaps_search(gaps, number);
	if (index == gaps->count || gaps->list[index].first > number)
		return;
	gap = &gaps->list[index];
	if (gap->first == gap->last)
		gaps_remove(gaps, index, 1);
	else if (gap->first == number)
		gap->first++;
	else if (gap->last == number)
		gap->last--;
	else
		gaps_split(gaps, index, number);
}

bool gaps_take(struct gaps *gaps, uint64_t limit, struct gap *ret)
{
	size_t whole = limit == UINT64_MAX ? gaps->count : gaps_search(gaps, limit + 1);
	struct gap *cut = whole < gaps->count ? &gaps->list[whole] : NULL;
	struct gap taken;

	if (cut && cut->first > limit)
		cut = NULL;
	if (!gaps->list || (whole == 0 && !cut))
		return false;
	taken.first = gaps->list[0].first;
	taken.last = cut ? limit : gaps->list[whole - 1].last;
	if (cut)
		cut->first = limit + 1;
	gaps_remove(gaps, 0, whole);
	*ret = taken;
	return true;
}
