/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "cli/size.h"

enum {
	KIB = 1 << 10,
	MIB = 1 << 20,
	GIB = 1 << 30,
	UNTOUCHED = 12345,
};

static void check_size(const char *text, size_t expected)
{
	size_t size = UNTOUCHED;

	assert_int_equal(size_parse(text, 1, SIZE_MAX, &size), 0);
	assert_int_equal(size, expected);
}

static void check_refused(const char *text, size_t min, size_t max, int expected)
{
	size_t size = UNTOUCHED;

	assert_int_equal(size_parse(text, min, max, &size), expected);
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
		"16B", "16T", "0x10", "1.5M",  "1e6",	"16 M", "\n16", "16M\n", "\xff",   "1\xff",
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
	assert_int_equal(size_parse("64K", 64 * KIB, GIB, &size), 0);
	assert_int_equal(size, 64 * KIB);
	assert_int_equal(size_parse("1G", 64 * KIB, GIB, &size), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_are_bytes),	  TEST(units_are_powers_of_1024),
		TEST(what_is_no_size_is_invalid), TEST(a_ring_has_a_power_of_two),
		TEST(limits_belong_to_the_range), TEST(numbers_beyond_64_bits_are_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
