/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring with real probes behind it, for a moment: how full it is, what found no room, and what wakes its reader.
 */
#include "attached.h"

enum {
	OPENS = 50,
	SMALL_RING = 4096,
	TOO_MANY = 2000, /* opens, for that ring */
};

static void child_count(void)
{
	struct loader_config config = attached_config(NULL);
	struct loader *loader = attached_load(&config);
	struct attached_seen seen = { 0 };
	struct ring *ring = attached_ring(loader, &seen);
	struct audited audited = audited_start();
	struct ring_counts counts;

	attached_attach(loader);
	ring_counts(ring, &counts);
	child_check(counts.lost == 0 && counts.ended == 0 && ring_used(ring) == 0);
	audited_mark(loader, &audited);
	audited_go(&audited, OPENS);
	child_check(attached_accounts(loader).numbered == OPENS);
	child_check(ring_used(ring) >= OPENS * sizeof(struct wire_header));
	child_check(ring_used(ring) < ATTACHED_RING && ring_used(ring) % 8 == 0);
	child_check(ring_read(ring) >= OPENS && seen.numbered == OPENS);
	child_check(ring_used(ring) == 0);
	ring_counts(ring, &counts);
	child_check(counts.lost == 0 && counts.ended == 0);

	audited_finish(&audited);
	ring_counts(ring, &counts);
	child_check(counts.lost == 0 && counts.ended == 1);
	child_check(ring_used(ring) > 0);
	child_check(ring_read(ring) == 1 && seen.numbered == OPENS + 1);
	child_check(ring_used(ring) == 0);
	/* 1 to OPENS + 1, each once */
	child_check(seen.sum == (OPENS + 1) * (OPENS + 2) / 2);
	child_check(attached_accounts(loader).processes == 0);
	ring_free(ring);
	loader_free(loader);
}

static void what_is_in_the_ring_is_counted(void **state)
{
	(void)state;
	child_run(child_count);
}

static void child_lose(void)
{
	struct loader_config config = attached_config(NULL);
	struct attached_seen seen = { 0 };
	struct audited audited = audited_start();
	struct scope_accounts accounts;
	struct ring_counts counts;
	struct loader *loader;
	struct ring *ring;
	uint64_t lost = 0;

	config.ring_size = SMALL_RING;
	loader = attached_load(&config);
	ring = attached_ring(loader, &seen);
	attached_attach(loader);
	audited_mark(loader, &audited);
	audited_go(&audited, TOO_MANY);
	audited_finish(&audited);
	accounts = attached_accounts(loader);
	for (size_t kind = 0; kind < WIRE_KINDS; kind++)
		lost += accounts.lost[kind];
	ring_counts(ring, &counts);
	child_check(counts.lost == lost && lost > 0);
	/* Known also when there was no room to say so. */
	child_check(counts.ended == 1 && accounts.processes == 0);
	child_check(ring_used(ring) > 0 && ring_used(ring) <= SMALL_RING);
	child_check(ring_read(ring) > 0);
	child_check(accounts.numbered == TOO_MANY + 1);
	child_check(seen.numbered + lost == TOO_MANY + 1);
	ring_free(ring);
	loader_free(loader);
}

static void what_finds_no_room_is_counted(void **state)
{
	(void)state;
	child_run(child_lose);
}

static void child_wake(void)
{
	struct loader_config config = attached_config(NULL);
	struct loader *loader = attached_load(&config);
	struct attached_seen seen = { 0 };
	struct ring *ring = attached_ring(loader, &seen);
	struct audited audited = audited_start();
	struct pollfd woken = { .fd = ring_fd(ring), .events = POLLIN };
	struct ring_counts counts;

	attached_attach(loader);
	audited_mark(loader, &audited);
	child_check(ring_sleep(ring));
	audited_go(&audited, 1);
	attached_wait(ring);
	child_check(ring_read(ring) >= 1 && seen.numbered == 1);
	/* Awake, it is not woken again: not by records, but by the end of the last process. */
	child_check(poll(&woken, 1, 0) == 0);
	audited_go(&audited, 1);
	child_check(poll(&woken, 1, 0) == 0);
	child_check(!ring_sleep(ring)); /* there was one to read */
	child_check(seen.numbered == 2);
	audited_finish(&audited);
	child_check(poll(&woken, 1, 0) == 1);
	ring_counts(ring, &counts);
	child_check(counts.ended == 1);
	ring_free(ring);
	loader_free(loader);
}

static void a_sleeper_is_woken_by_a_record_and_by_the_last_end(void **state)
{
	(void)state;
	child_run(child_wake);
}

static int stop_at_the_third(void *userdata, const void *data, size_t size)
{
	unsigned int *count = userdata;

	(void)data;
	(void)size;
	return ++*count == 3 ? -ENOSPC : 0;
}

static void child_stop(void)
{
	struct loader_config config = attached_config(NULL);
	struct loader *loader = attached_load(&config);
	struct audited audited = audited_start();
	struct ring *ring = NULL;
	unsigned int count = 0;
	size_t used;

	child_check(ring_new(&ring, loader, stop_at_the_third, &count) == 0);
	attached_attach(loader);
	audited_mark(loader, &audited);
	audited_go(&audited, OPENS);
	audited_finish(&audited);
	used = ring_used(ring);
	child_check(ring_read(ring) == -ENOSPC && count == 3);
	/* The rest is still there. */
	child_check(ring_used(ring) > 0 && ring_used(ring) < used);
	child_check(ring_read(ring) >= OPENS + 1 - 3);
	child_check(ring_used(ring) == 0);
	ring_free(ring);
	loader_free(loader);
}

static void a_handler_that_stops_leaves_the_rest(void **state)
{
	(void)state;
	child_run(child_stop);
}

static void child_detach(void)
{
	struct loader_config config = attached_config(NULL);
	struct loader *loader = attached_load(&config);
	struct attached_seen seen = { 0 };
	struct ring *ring = attached_ring(loader, &seen);
	struct audited audited = audited_start();

	child_check(!loader_attached(loader));
	attached_attach(loader);
	child_check(loader_attached(loader));
	audited_mark(loader, &audited);
	audited_go(&audited, 1);
	child_check(attached_accounts(loader).numbered == 1);
	loader_quiesce(loader);
	child_check(!loader_attached(loader));
	audited_go(&audited, OPENS);
	audited_finish(&audited);
	child_check(attached_accounts(loader).numbered == 1);
	child_check(ring_read(ring) >= 1 && seen.numbered == 1);
	/* Once more, with the same maps. */
	audited = audited_start();
	attached_attach(loader);
	child_check(loader_attached(loader));
	child_check(scope_mark(loader, ATTACHED_KEY, audited.pidfd, 1) == 0);
	audited_go(&audited, 1);
	child_check(attached_accounts(loader).numbered == 2);
	audited_finish(&audited);
	ring_free(ring);
	loader_free(loader);
}

static void detached_probes_report_nothing_until_attached_again(void **state)
{
	(void)state;
	child_run(child_detach);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_in_the_ring_is_counted),
		TEST(what_finds_no_room_is_counted),
		TEST(a_sleeper_is_woken_by_a_record_and_by_the_last_end),
		TEST(a_handler_that_stops_leaves_the_rest),
		TEST(detached_probes_report_nothing_until_attached_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
