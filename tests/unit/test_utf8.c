/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/utf8.h"

static void check_sequence(const char *text, size_t size, size_t length, uint32_t expected)
{
	uint32_t point = 0xdead;
	/* A copy of exactly that size: the sanitizer sees reads beyond it. */
	char *copy = malloc(size);

	memcpy(copy, text, size);
	assert_int_equal(utf8_decode(copy, size, &point), length);
	assert_int_equal(point, length > 0 ? expected : 0xdead);
	free(copy);
}

static void valid_sequences_of_each_length_are_decoded(void **state)
{
	(void)state;
	check_sequence("\0", 1, 1, 0);
	check_sequence("a", 1, 1, 'a');
	check_sequence("\x7f", 1, 1, 0x7f);
	check_sequence("\xc2\x80", 2, 2, 0x80);
	check_sequence("\xdf\xbf", 2, 2, 0x7ff);
	check_sequence("\xe0\xa0\x80", 3, 3, 0x800);
	check_sequence("\xed\x9f\xbf", 3, 3, 0xd7ff);
	check_sequence("\xee\x80\x80", 3, 3, 0xe000);
	check_sequence("\xef\xbf\xbf", 3, 3, 0xffff);
	check_sequence("\xf0\x90\x80\x80", 4, 4, 0x10000);
	check_sequence("\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff);
	check_sequence("\xc3\xa4xyz", 5, 2, 0xe4);
}

static void overlong_forms_are_refused(void **state)
{
	(void)state;
	check_sequence("\xc0\x80", 2, 0, 0);
	check_sequence("\xc1\xbf", 2, 0, 0);
	check_sequence("\xe0\x9f\xbf", 3, 0, 0);
	check_sequence("\xf0\x8f\xbf\xbf", 4, 0, 0);
}

static void surrogates_and_points_beyond_the_last_are_refused(void **state)
{
	(void)state;
	check_sequence("\xed\xa0\x80", 3, 0, 0);
	check_sequence("\xed\xbf\xbf", 3, 0, 0);
	check_sequence("\xf4\x90\x80\x80", 4, 0, 0);
	check_sequence("\xf5\x80\x80\x80", 4, 0, 0);
	check_sequence("\xff", 1, 0, 0);
}

static void cut_and_broken_sequences_are_refused(void **state)
{
	(void)state;
	check_sequence("\x80", 1, 0, 0);
	check_sequence("\xc3", 1, 0, 0);
	check_sequence("\xe2\x82", 2, 0, 0);
	check_sequence("\xf0\x9f\x98", 3, 0, 0);
	check_sequence("\xe2(\xa1", 3, 0, 0);
	check_sequence("\xf0\x28\x8c\xbc", 4, 0, 0);
}

static void every_code_point_is_decoded_as_encoded(void **state)
{
	(void)state;
	for (uint32_t point = 0; point <= 0x10ffff; point++) {
		char text[4];
		size_t length;
		uint32_t decoded;

		if (point < 0x80) {
			text[0] = (char)point;
			length = 1;
		} else if (point < 0x800) {
			text[0] = (char)(0xc0 | point >> 6);
			text[1] = (char)(0x80 | (point & 0x3f));
			length = 2;
		} else if (point < 0x10000) {
			text[0] = (char)(0xe0 | point >> 12);
			text[1] = (char)(0x80 | (point >> 6 & 0x3f));
			text[2] = (char)(0x80 | (point & 0x3f));
			length = 3;
		} else {
			text[0] = (char)(0xf0 | point >> 18);
			text[1] = (char)(0x80 | (point >> 12 & 0x3f));
			text[2] = (char)(0x80 | (point >> 6 & 0x3f));
			text[3] = (char)(0x80 | (point & 0x3f));
			length = 4;
		}
		if (point >= 0xd800 && point <= 0xdfff) {
			assert_int_equal(utf8_decode(text, length, &decoded), 0);
			continue;
		}
		if (utf8_decode(text, length, &decoded) != length || decoded != point)
			fail_msg("U+%04X", point);
	}
}

static void whole_texts_are_valid_or_not(void **state)
{
	(void)state;
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("a\xc3\xa4\xf0\x9f\x98\x80", 7));
	assert_false(utf8_valid("a\xc3\xa4\xf0\x9f\x98", 6));
}

static void what_plays_with_terminals_is_unsafe(void **state)
{
	static const uint32_t unsafe[] = { 0,	   0x1b,   0x1f,   0x7f,   0x80,
					   0x9f,   0x61c,  0x200e, 0x200f, 0x2028,
					   0x2029, 0x202a, 0x202e, 0x2066, 0x2069 };
	static const uint32_t safe[] = { 0x20,	 0x7e,	 0xa0,	 0x61b,	 0x61d,	 0x200d,
					 0x2010, 0x2027, 0x202f, 0x2065, 0x206a, 0x10ffff };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++)
		assert_true(utf8_unsafe(unsafe[i]));
	for (size_t i = 0; i < ARRAY_SIZE(safe); i++)
		assert_false(utf8_unsafe(safe[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(valid_sequences_of_each_length_are_decoded),
		TEST(overlong_forms_are_refused),
		TEST(surrogates_and_points_beyond_the_last_are_refused),
		TEST(cut_and_broken_sequences_are_refused),
		TEST(every_code_point_is_decoded_as_encoded),
		TEST(whole_texts_are_valid_or_not),
		TEST(what_plays_with_terminals_is_unsafe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
