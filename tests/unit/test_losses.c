/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "session/losses.h"

static struct losses losses;
static struct gaps gaps;

static int setup(void **state)
{
	(void)state;
	losses = (struct losses){ 0 };
	gaps = (struct gaps){ 0 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gaps_free(&gaps);
	return 0;
}

static void arrive(uint64_t first, uint64_t last)
{
	for (uint64_t number = first; number <= last; number++)
		gaps_arrive(&gaps, number);
}

static void check_loss(enum loss_reason reason, uint64_t count, uint64_t first, uint64_t last)
{
	const struct loss *loss = &losses.untold[reason];

	assert_int_equal(loss->count, count);
	assert_int_equal(loss->first, first);
	assert_int_equal(loss->last, last);
}

static void losses_of_user_space_are_kept_by_reason(void **state)
{
	(void)state;
	losses_add(&losses, LOSS_SINK, WIRE_OPEN, 9);
	losses_add(&losses, LOSS_SINK, WIRE_EXIT, 7);
	losses_add(&losses, LOSS_DECODE, WIRE_EXEC, 8);
	check_loss(LOSS_SINK, 2, 7, 9);
	check_loss(LOSS_DECODE, 1, 8, 8);
	check_loss(LOSS_RING, 0, 0, 0);
	assert_int_equal(losses.untold[LOSS_SINK].by_kind[WIRE_OPEN], 1);
	assert_int_equal(losses.counted, 3);
}

static void kernel_losses_are_counted_once_their_numbers_have_come(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 2, [WIRE_IMAGE] = 5 },
				     .numbered = 10 };

	(void)state;
	arrive(1, 4);
	losses_kernel(&losses, &gaps, &now, false);
	check_loss(LOSS_RING, 0, 0, 0);
	arrive(7, 10);
	losses_kernel(&losses, &gaps, &now, false);
	check_loss(LOSS_RING, 2, 5, 6);
	assert_int_equal(losses.untold[LOSS_RING].by_kind[WIRE_OPEN], 2);
	assert_int_equal(losses.untold[LOSS_RING].by_kind[WIRE_IMAGE], 0);
	losses_kernel(&losses, &gaps, &now, false);
	check_loss(LOSS_RING, 2, 5, 6);
}

static void losses_at_the_end_of_what_came_are_counted_when_nothing_more_comes(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 3 }, .numbered = 10 };

	(void)state;
	arrive(1, 7);
	losses_kernel(&losses, &gaps, &now, false);
	check_loss(LOSS_RING, 0, 0, 0);
	losses_kernel(&losses, &gaps, &now, false);
	check_loss(LOSS_RING, 3, 8, 10);
}

static void steady_loss_is_told_in_steps(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 1 }, .numbered = 10 };

	(void)state;
	arrive(1, 3);
	losses_kernel(&losses, &gaps, &now, false);
	arrive(5, 8);
	now = (struct kernel_losses){ .by_kind = { [WIRE_OPEN] = 4 }, .numbered = 30 };
	losses_kernel(&losses, &gaps, &now, false);
	check_loss(LOSS_RING, 0, 0, 0);
	arrive(9, 12);
	losses_kernel(&losses, &gaps, &now, false);
	check_loss(LOSS_RING, 1, 4, 4);
	losses.untold[LOSS_RING] = (struct loss){ 0 };
	losses_kernel(&losses, &gaps, &now, false);
	arrive(16, 30);
	losses_kernel(&losses, &gaps, &now, false);
	check_loss(LOSS_RING, 3, 13, 15);
	assert_int_equal(losses.counted, 4);
}

static void the_end_counts_what_is_left(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_EXEC] = 1, [WIRE_OPEN] = 1 },
				     .numbered = 6 };

	(void)state;
	arrive(1, 4);
	losses_kernel(&losses, &gaps, &now, true);
	check_loss(LOSS_RING, 2, 5, 6);
	losses_settle(&losses, &gaps, LOSS_RING, 6, 4);
	check_loss(LOSS_RING, 2, 5, 6);
}

static void what_vanished_unseen_is_counted_at_the_end(void **state)
{
	struct kernel_losses now = { .numbered = 10 };

	(void)state;
	arrive(1, 5);
	arrive(7, 9);
	losses_kernel(&losses, &gaps, &now, true);
	check_loss(LOSS_RING, 0, 0, 0);
	losses_settle(&losses, &gaps, LOSS_DECODE, 10, 8);
	check_loss(LOSS_DECODE, 2, 6, 10);
	assert_int_equal(losses.counted, 2);
}

static void more_counted_than_missing_is_left_alone(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 3 }, .numbered = 10 };

	(void)state;
	arrive(1, 9);
	losses_kernel(&losses, &gaps, &now, true);
	losses_settle(&losses, &gaps, LOSS_RING, 10, 9);
	check_loss(LOSS_RING, 3, 10, 10);
}

static void losses_without_a_gap_lie_between_the_two_looks(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 1 }, .numbered = 9 };

	(void)state;
	arrive(1, 9);
	losses_kernel(&losses, &gaps, &now, true);
	check_loss(LOSS_RING, 1, 1, 9);
}

static void what_a_sink_lacks_is_kept_by_index(void **state)
{
	struct sink_loss loss = { 0 };

	(void)state;
	sink_loss_add(&loss, EVENT_START, 0);
	assert_int_equal(loss.count, 1);
	assert_int_equal(loss.first_ei, 0);
	assert_int_equal(loss.last_ei, 0);
	sink_loss_add(&loss, WIRE_OPEN, 4);
	sink_loss_add(&loss, WIRE_OPEN, 9);
	assert_int_equal(loss.count, 3);
	assert_int_equal(loss.first_ei, 0);
	assert_int_equal(loss.last_ei, 9);
	assert_int_equal(loss.by_kind[EVENT_START], 1);
	assert_int_equal(loss.by_kind[WIRE_OPEN], 2);
	loss = (struct sink_loss){ 0 };
	sink_loss_add(&loss, WIRE_EXIT, 12);
	assert_int_equal(loss.first_ei, 12);
	assert_int_equal(loss.last_ei, 12);
}

static void what_is_merged_brings_no_index(void **state)
{
	struct sink_loss loss = { 0 }, more = { 0 };

	(void)state;
	sink_loss_add(&loss, EVENT_AGENT_CONFIG, 3);
	sink_loss_add(&more, WIRE_OPEN, 70);
	sink_loss_add(&more, EVENT_END, 80);
	sink_loss_merge(&loss, &more);
	assert_int_equal(loss.count, 3);
	assert_int_equal(loss.by_kind[WIRE_OPEN], 1);
	assert_int_equal(loss.by_kind[EVENT_END], 1);
	assert_int_equal(loss.by_kind[EVENT_AGENT_CONFIG], 1);
	assert_int_equal(loss.first_ei, 3);
	assert_int_equal(loss.last_ei, 3);
	assert_int_equal(more.count, 2);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(losses_of_user_space_are_kept_by_reason),
		CASE(kernel_losses_are_counted_once_their_numbers_have_come),
		CASE(losses_at_the_end_of_what_came_are_counted_when_nothing_more_comes),
		CASE(steady_loss_is_told_in_steps),
		CASE(the_end_counts_what_is_left),
		CASE(what_vanished_unseen_is_counted_at_the_end),
		CASE(more_counted_than_missing_is_left_alone),
		CASE(losses_without_a_gap_lie_between_the_two_looks),
		CASE(what_a_sink_lacks_is_kept_by_index),
		CASE(what_is_merged_brings_no_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
