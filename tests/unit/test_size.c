/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/size.h"

enum {
	KIB = 1 << 10,
	MIB = 1 << 20,
	GIB = 1 << 30,
	UNTOUCHED = 12345,
};

static void check_size(const char *text, size_t expected)
{
	size_t size = UNTOUCHED;

	assert_int_equal(size_parse_power(text, 1, SIZE_MAX, &size), 0);
	assert_int_equal(size, expected);
}

static void check_refused(const char *text, size_t min, size_t max, int expected)
{
	size_t size = UNTOUCHED;

	assert_int_equal(size_parse_power(text, min, max, &size), expected);
	assert_int_equal(size, UNTOUCHED);
}

static void numbers_are_bytes(void **state)
{
	(void)state;
	check_size("1", 1);
	check_size("4096", 4096);
	check_size("0065536", 65536);
	check_size("9223372036854775808", (size_t)1 << 63);
}

static void units_are_powers_of_1024(void **state)
{
	(void)state;
	check_size("64K", 64 * KIB);
	check_size("16M", 16 * MIB);
	check_size("1G", GIB);
	check_size("8589934592G", (size_t)1 << 63);
}

static void what_is_no_size_is_invalid(void **state)
{
	static const char *const WRONG[] = {
		"",    " ",   "K",    " 16M",  "16M ",	"+16M", "-16M", "16m",	 "16k",	   "16MB",
		"16B", "16P", "0x10", "1.5M",  "1e6",	"16 M", "\n16", "16M\n", "\xff",   "1\xff",
		"M16", "--",  "1_0",  "\t16M", "sixty", "16KM", "16,0", "½M",	 "16M16M", "1/2",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WRONG); i++)
		check_refused(WRONG[i], 0, SIZE_MAX, -EINVAL);
}

static void a_ring_has_a_power_of_two(void **state)
{
	(void)state;
	check_refused("3", 0, SIZE_MAX, -EINVAL);
	check_refused("100K", 0, SIZE_MAX, -EINVAL);
	check_refused("18446744073709551615", 0, SIZE_MAX, -EINVAL);
	check_refused("0", 0, SIZE_MAX, -EINVAL);
	check_refused("0G", 0, SIZE_MAX, -EINVAL);
}

static void limits_belong_to_the_range(void **state)
{
	size_t size;

	(void)state;
	assert_int_equal(size_parse_power("64K", 64 * KIB, GIB, &size), 0);
	assert_int_equal(size, 64 * KIB);
	assert_int_equal(size_parse_power("1G", 64 * KIB, GIB, &size), 0);
	assert_int_equal(size, GIB);
	check_refused("32K", 64 * KIB, GIB, -ERANGE);
	check_refused("65535", 64 * KIB, GIB, -ERANGE);
	check_refused("0", 64 * KIB, GIB, -ERANGE);
	check_refused("2G", 64 * KIB, GIB, -ERANGE);
	check_refused("1073741825", 64 * KIB, GIB, -ERANGE);
	check_refused("1048577K", 64 * KIB, GIB, -ERANGE);
}

static void numbers_beyond_64_bits_are_out_of_range(void **state)
{
	(void)state;
	check_refused("18446744073709551616", 0, SIZE_MAX, -ERANGE);
	check_refused("99999999999999999999999999999999G", 0, SIZE_MAX, -ERANGE);
	/* What the unit makes of it would be 0, or small, in 64 bits. */
	check_refused("17179869184G", 0, SIZE_MAX, -ERANGE);
	check_refused("18014398509481985K", 0, SIZE_MAX, -ERANGE);
	check_refused("18446744073709551615G", 0, SIZE_MAX, -ERANGE);
}

static void other_sizes_are_any_number(void **state)
{
	uint64_t size = UNTOUCHED;

	(void)state;
	assert_int_equal(size_parse("100M", 0, UINT64_MAX, &size), 0);
	assert_int_equal(size, 100 * MIB);
	assert_int_equal(size_parse("16T", 0, UINT64_MAX, &size), 0);
	assert_int_equal(size, (uint64_t)16 << 40);
	assert_int_equal(size_parse("0", 0, UINT64_MAX, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(size_parse("18446744073709551615", 0, UINT64_MAX, &size), 0);
	assert_int_equal(size, UINT64_MAX);
	assert_int_equal(size_parse("16777216T", 0, UINT64_MAX, &size), -ERANGE);
	assert_int_equal(size_parse("18446744073709551616", 0, UINT64_MAX, &size), -ERANGE);
	assert_int_equal(size, UINT64_MAX);
}

static void a_size_is_written_with_its_largest_exact_unit(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
	} CASES[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 1023, "1023" },
		{ KIB, "1K" },
		{ 1536, "1536" },
		{ 100 * MIB, "100M" },
		{ 1536 * KIB, "1536K" },
		{ (uint64_t)1 << 40, "1T" },
		{ UINT64_MAX, "18446744073709551615" },
	};
	char text[SIZE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		uint64_t size = UNTOUCHED;

		size_format(text, CASES[i].size);
		assert_string_equal(text, CASES[i].text);
		assert_int_equal(size_parse(text, 0, UINT64_MAX, &size), 0);
		assert_int_equal(size, CASES[i].size);
	}
}

static void durations_need_a_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t milliseconds;
	} CASES[] = {
		{ "0", 0 },	  { "5s", 5000 },	{ "90s", 90000 },
		{ "2m", 120000 }, { "36h", 129600000 }, { "7d", 604800000 },
	};
	static const char *const WRONG[] = { "",    "s",  "5",	  "5 s", "-5s",
					     "5ms", "5S", "1.5h", "5sm", "5w" };
	uint64_t milliseconds = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WRONG); i++)
		assert_int_equal(duration_parse(WRONG[i], 0, UINT64_MAX, &milliseconds), -EINVAL);
	assert_int_equal(milliseconds, UNTOUCHED);
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		assert_int_equal(duration_parse(CASES[i].text, 0, UINT64_MAX, &milliseconds), 0);
		assert_int_equal(milliseconds, CASES[i].milliseconds);
	}
	assert_int_equal(duration_parse("2h", 1000, 3600000, &milliseconds), -ERANGE);
	assert_int_equal(duration_parse("0", 1000, 3600000, &milliseconds), -ERANGE);
	assert_int_equal(duration_parse("99999999999999999d", 0, UINT64_MAX, &milliseconds),
			 -ERANGE);
}

static void a_duration_is_written_with_its_largest_exact_unit(void **state)
{
	static const struct {
		uint64_t milliseconds;
		const char *text;
	} CASES[] = {
		{ 0, "0" },	  { 5000, "5s" },     { 90000, "90s" },
		{ 120000, "2m" }, { 86400000, "1d" }, { 90000000, "25h" },
	};
	char text[SIZE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		duration_format(text, CASES[i].milliseconds);
		assert_string_equal(text, CASES[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_are_bytes),
		TEST(units_are_powers_of_1024),
		TEST(what_is_no_size_is_invalid),
		TEST(a_ring_has_a_power_of_two),
		TEST(other_sizes_are_any_number),
		TEST(a_size_is_written_with_its_largest_exact_unit),
		TEST(durations_need_a_unit),
		TEST(a_duration_is_written_with_its_largest_exact_unit),
		TEST(limits_belong_to_the_range),
		TEST(numbers_beyond_64_bits_are_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
