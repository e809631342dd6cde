/* SPDX-License-Identifier: Apache-2.0 */
#include "session/losses.h"

#include "record/record.h"

static void loss_extend(struct loss *loss, struct gap range)
{
	if (loss->first == 0 || range.first < loss->first)
		loss->first = range.first;
	if (range.last > loss->last)
		loss->last = range.last;
}

void losses_add(struct losses *losses, enum loss_reason reason, unsigned int kind, uint64_t number)
{
	struct loss *loss = &losses->untold[reason];

	loss->by_kind[kind]++;
	loss->count++;
	losses->counted++;
	loss_extend(loss, (struct gap){ .first = number, .last = number });
}

void sink_loss_add(struct sink_loss *loss, unsigned int kind, uint64_t ei)
{
	if (loss->count++ == 0)
		loss->first_ei = ei;
	loss->last_ei = ei;
	loss->by_kind[kind]++;
}

void sink_loss_merge(struct sink_loss *loss, const struct sink_loss *more)
{
	for (size_t kind = 0; kind < EVENT_KINDS; kind++)
		loss->by_kind[kind] += more->by_kind[kind];
	loss->count += more->count;
	if (!loss->sink)
		loss->sink = more->sink;
}

/* Where the numbers up to limit are missing; when no gap shows it, all since `since` may be. */
static struct gap losses_range(struct gaps *gaps, uint64_t since, uint64_t limit)
{
	struct gap range;

	if (!gaps_take(gaps, limit, &range))
		range = (struct gap){ .first = since + 1,
				      .last = limit > since ? limit : since + 1 };
	return range;
}

/* Counts what the waiting totals have beyond those taken. */
static void losses_take(struct losses *losses, struct gaps *gaps)
{
	struct loss *loss = &losses->untold[LOSS_RING];
	uint64_t count = 0;

	for (unsigned int kind = 0; kind < WIRE_KINDS; kind++) {
		uint64_t total = losses->waiting.by_kind[kind], known = losses->taken.by_kind[kind];

		if (!record_numbered(kind) || total <= known)
			continue;
		loss->by_kind[kind] += total - known;
		count += total - known;
	}
	if (count > 0)
		loss_extend(loss,
			    losses_range(gaps, losses->taken.numbered, losses->waiting.numbered));
	loss->count += count;
	losses->counted += count;
	losses->taken = losses->waiting;
	losses->is_waiting = false;
}

static bool losses_any_new(const struct losses *losses, const struct kernel_losses *now)
{
	for (unsigned int kind = 0; kind < WIRE_KINDS; kind++)
		if (record_numbered(kind) && now->by_kind[kind] > losses->taken.by_kind[kind])
			return true;
	return false;
}

void losses_kernel(struct losses *losses, struct gaps *gaps, const struct kernel_losses *now,
		   bool final)
{
	bool stands_still = losses->is_waiting && losses->progress == gaps->highest;

	if (final || !losses->is_waiting) {
		if (!losses_any_new(losses, now))
			return;
		losses->waiting = *now;
		losses->is_waiting = true;
	}
	losses->progress = gaps->highest;
	if (final || stands_still)
		gaps_expect(gaps, losses->waiting.numbered);
	if (gaps->highest >= losses->waiting.numbered)
		losses_take(losses, gaps);
}

void losses_preempted(struct losses *losses, uint64_t count)
{
	losses->untold[LOSS_PREEMPTED].count += count;
}

void losses_settle(struct losses *losses, struct gaps *gaps, enum loss_reason reason,
		   uint64_t numbered, uint64_t written)
{
	struct loss *loss = &losses->untold[reason];
	uint64_t unknown;

	if (numbered <= written || numbered - written <= losses->counted)
		return;
	unknown = numbered - written - losses->counted;
	gaps_expect(gaps, numbered);
	loss->count += unknown;
	losses->counted += unknown;
	loss_extend(loss, losses_range(gaps, 0, numbered));
}
