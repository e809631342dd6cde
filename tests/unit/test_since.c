/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <time.h>

#include "cli/since.h"

#define NOW INT64_C(1795275000123456789) /* 2026-11-21T15:30:00.123456789Z, a Saturday */

static void check_since(const char *text, const char *expected)
{
	char found[CLOCK_TEXT_SIZE + 1] = "untouched";

	assert_int_equal(since_parse(text, NOW, found), 0);
	assert_string_equal(found, expected);
}

static void use_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static void durations_are_before_now(void **state)
{
	(void)state;
	use_zone("UTC");
	check_since("0", "2026-11-21T15:30:00.123456789Z");
	check_since("10s", "2026-11-21T15:29:50.123456789Z");
	check_since("2h", "2026-11-21T13:30:00.123456789Z");
	check_since("3d", "2026-11-18T15:30:00.123456789Z");
}

static void universal_time_is_taken_as_it_is(void **state)
{
	(void)state;
	use_zone("CET-1");
	check_since("2026-11-21T15:29:00Z", "2026-11-21T15:29:00.000000000Z");
	check_since("2026-11-21T15:29:00.5Z", "2026-11-21T15:29:00.500000000Z");
	check_since("2026-11-21T15:29:00.123456789Z", "2026-11-21T15:29:00.123456789Z");
}

static void other_times_are_local(void **state)
{
	(void)state;
	use_zone("CET-1");
	check_since("2026-11-21 15:30:05", "2026-11-21T14:30:05.000000000Z");
	check_since("2026-11-21 15:30", "2026-11-21T14:30:00.000000000Z");
	check_since("2026-11-20", "2026-11-19T23:00:00.000000000Z");
	check_since("15:30", "2026-11-21T14:30:00.000000000Z");
	check_since("15:30:01", "2026-11-21T14:30:01.000000000Z");
	check_since("today", "2026-11-20T23:00:00.000000000Z");
	check_since("yesterday", "2026-11-19T23:00:00.000000000Z");
}

static void nonsense_is_refused(void **state)
{
	static const char *const WRONG[] = { "",
					     "now",
					     "10",
					     "-10s",
					     "25:00",
					     "15:30x",
					     "2026-11",
					     "2026-11-21T15:30",
					     "2026-13-01",
					     "2026-11-21T15:30:00+01:00",
					     "99999999999d",
					     "2026-11-21T15:30:00.1234567891Z" };
	char found[CLOCK_TEXT_SIZE + 1] = "untouched";

	(void)state;
	use_zone("UTC");
	for (size_t i = 0; i < ARRAY_SIZE(WRONG); i++)
		assert_int_equal(since_parse(WRONG[i], NOW, found), -EINVAL);
	assert_string_equal(found, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(durations_are_before_now),
		TEST(universal_time_is_taken_as_it_is),
		TEST(other_times_are_local),
		TEST(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
