/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "session/gaps.h"

static void check_take(struct gaps *gaps, uint64_t limit, uint64_t first, uint64_t last)
{
	struct gap gap;

	assert_true(gaps_take(gaps, limit, &gap));
	assert_int_equal(gap.first, first);
	assert_int_equal(gap.last, last);
}

static void check_none(struct gaps *gaps, uint64_t limit)
{
	struct gap gap = { 0 };

	assert_false(gaps_take(gaps, limit, &gap));
}

static void numbers_in_order_leave_no_gap(void **state)
{
	struct gaps gaps = { 0 };

	(void)state;
	for (uint64_t number = 1; number <= 1000; number++)
		gaps_arrive(&gaps, number);
	assert_int_equal(gaps.highest, 1000);
	assert_null(gaps.list);
	check_none(&gaps, UINT64_MAX);
	gaps_free(&gaps);
}

static void missing_numbers_are_found_and_taken_once(void **state)
{
	struct gaps gaps = { 0 };

	(void)state;
	gaps_arrive(&gaps, 1);
	gaps_arrive(&gaps, 5);
	gaps_arrive(&gaps, 9);
	check_take(&gaps, UINT64_MAX, 2, 8);
	check_none(&gaps, UINT64_MAX);
	gaps_free(&gaps);
}

static void late_numbers_fill_their_gap(void **state)
{
	struct gaps gaps = { 0 };

	(void)state;
	gaps_arrive(&gaps, 10);
	gaps_arrive(&gaps, 1);
	gaps_arrive(&gaps, 9);
	gaps_arrive(&gaps, 5);
	assert_int_equal(gaps.count, 2);
	check_take(&gaps, 4, 2, 4);
	check_take(&gaps, UINT64_MAX, 6, 8);
	gaps_free(&gaps);

	gaps_arrive(&gaps, 2);
	gaps_arrive(&gaps, 1);
	assert_int_equal(gaps.count, 0);
	gaps_arrive(&gaps, 1); /* again: nothing happens */
	assert_int_equal(gaps.highest, 2);
	gaps_free(&gaps);
}

static void taking_stops_at_the_limit(void **state)
{
	struct gaps gaps = { 0 };

	(void)state;
	gaps_arrive(&gaps, 3);
	gaps_arrive(&gaps, 10);
	check_none(&gaps, 0);
	check_take(&gaps, 6, 1, 6);
	check_take(&gaps, 9, 7, 9);
	gaps_free(&gaps);
}

static void expected_numbers_are_missing_until_they_arrive(void **state)
{
	struct gaps gaps = { 0 };

	(void)state;
	gaps_expect(&gaps, 4);
	gaps_expect(&gaps, 2);
	assert_int_equal(gaps.highest, 4);
	gaps_arrive(&gaps, 5);
	gaps_arrive(&gaps, 4);
	check_take(&gaps, UINT64_MAX, 1, 3);
	gaps_free(&gaps);
}

static void the_list_is_bounded_and_stays_true(void **state)
{
	struct gaps gaps = { 0 };

	(void)state;
	for (uint64_t number = 2; number <= 100000; number += 2)
		gaps_arrive(&gaps, number);
	assert_int_equal(gaps.count, GAPS_LIMIT);
	for (size_t i = 1; i < gaps.count; i++)
		assert_true(gaps.list[i - 1].last + 1 < gaps.list[i].first);
	assert_int_equal(gaps.list[0].first, 1);
	gaps_arrive(&gaps, 99999);
	gaps_arrive(&gaps,
		    50001); /* in the midst of what became one: it cannot be split any more */
	check_take(&gaps, UINT64_MAX, 1, 99997);
	gaps_free(&gaps);
}

static void any_order_ends_without_gaps(void **state)
{
	struct gaps gaps = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 997; i++)
		gaps_arrive(&gaps, i * 619 % 997 + 1);
	assert_int_equal(gaps.highest, 997);
	assert_int_equal(gaps.count, 0);
	gaps_free(&gaps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_in_order_leave_no_gap),
		TEST(missing_numbers_are_found_and_taken_once),
		TEST(late_numbers_fill_their_gap),
		TEST(taking_stops_at_the_limit),
		TEST(expected_numbers_are_missing_until_they_arrive),
		TEST(the_list_is_bounded_and_stays_true),
		TEST(any_order_ends_without_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
