/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <time.h>

#include "base/clock.h"

static void check_format(struct clock_text *cache, int64_t realtime_ns, const char *expected)
{
	char text[CLOCK_TEXT_SIZE + 1] = { 0 };

	clock_format(cache, realtime_ns, text);
	assert_string_equal(text, expected);
}

static void times_are_written_with_nine_digits(void **state)
{
	struct clock_text cache = { 0 };

	(void)state;
	check_format(&cache, 1795275000123456789, "2026-11-21T15:30:00.123456789Z");
	check_format(&cache, 1795275000000000001, "2026-11-21T15:30:00.000000001Z");
	check_format(&cache, 1795275001000000000, "2026-11-21T15:30:01.000000000Z");
	check_format(&cache, 1795275000999999999, "2026-11-21T15:30:00.999999999Z");
	check_format(&cache, 951782399999999999, "2000-02-28T23:59:59.999999999Z");
	check_format(&cache, 951782400000000000, "2000-02-29T00:00:00.000000000Z");
}

static void times_that_cannot_be_shown_are_the_nearest_that_can(void **state)
{
	struct clock_text cache = { 0 };

	(void)state;
	check_format(&cache, 0, "1970-01-01T00:00:00.000000000Z");
	check_format(&cache, -1, "1970-01-01T00:00:00.000000000Z");
	check_format(&cache, INT64_MIN, "1970-01-01T00:00:00.000000000Z");
	check_format(&cache, INT64_MAX, "2262-04-11T23:47:16.854775807Z");
}

static void the_offset_leads_from_boottime_to_realtime(void **state)
{
	int64_t offset = clock_offset_ns();
	int64_t shown = (int64_t)clock_boottime_ns() + offset;
	struct timespec now;

	(void)state;
	clock_gettime(CLOCK_REALTIME, &now);
	assert_true(llabs(shown / 1000000000 - now.tv_sec) <= 1);
	assert_true(llabs(clock_offset_ns() - offset) < 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(times_are_written_with_nine_digits),
		TEST(times_that_cannot_be_shown_are_the_nearest_that_can),
		TEST(the_offset_leads_from_boottime_to_realtime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
