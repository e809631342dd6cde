/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/buffer.h"

static void bytes_are_appended_and_consumed_in_order(void **state)
{
	struct buffer buffer = BUFFER_INIT(100);

	(void)state;
	assert_int_equal(buffer_append(&buffer, "hello ", 6), 0);
	assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
	assert_int_equal(buffer_append(&buffer, "world", 5), 0);
	assert_int_equal(buffer.size, 11);
	assert_memory_equal(buffer.data, "hello world", 11);
	buffer_consume(&buffer, 6);
	assert_int_equal(buffer.size, 5);
	assert_memory_equal(buffer.data, "world", 5);
	buffer_consume(&buffer, 6);
	assert_int_equal(buffer.size, 0);
	buffer_free(&buffer);
}

static void the_limit_holds_and_leaves_the_buffer_as_it_was(void **state)
{
	struct buffer buffer = BUFFER_INIT(8);

	(void)state;
	assert_int_equal(buffer_append(&buffer, "12345678", 8), 0);
	assert_int_equal(buffer_append(&buffer, "9", 1), -EMSGSIZE);
	assert_int_equal(buffer_reserve(&buffer, SIZE_MAX), -EMSGSIZE);
	assert_int_equal(buffer.size, 8);
	assert_int_equal(buffer.capacity, 8);
	assert_memory_equal(buffer.data, "12345678", 8);
	buffer_free(&buffer);
}

static void it_grows_to_the_limit_and_no_further(void **state)
{
	struct buffer buffer = BUFFER_INIT(5000);

	(void)state;
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(buffer_append(&buffer, "x", 1), 0);
		assert_true(buffer.capacity <= buffer.limit);
	}
	assert_int_equal(buffer_append(&buffer, "x", 1), -EMSGSIZE);
	buffer_free(&buffer);
}

/* The address sanitizer would end the program at an allocation that can never be. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void without_memory_nothing_changes(void **state)
{
	struct buffer buffer = BUFFER_INIT(SIZE_MAX);

	(void)state;
	assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
	assert_int_equal(buffer_reserve(&buffer, SIZE_MAX / 2), -ENOMEM);
	assert_int_equal(buffer.size, 3);
	assert_memory_equal(buffer.data, "abc", 3);
	buffer_free(&buffer);
}

static void clearing_keeps_small_memory_and_gives_back_large(void **state)
{
	struct buffer buffer = BUFFER_INIT(100000);

	(void)state;
	assert_int_equal(buffer_reserve(&buffer, 1000), 0);
	buffer_clear(&buffer, 4096);
	assert_true(buffer.capacity >= 1000);
	assert_int_equal(buffer_reserve(&buffer, 50000), 0);
	buffer_clear(&buffer, 4096);
	assert_int_equal(buffer.capacity, 0);
	assert_null(buffer.data);
	assert_int_equal(buffer.limit, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bytes_are_appended_and_consumed_in_order),
		TEST(the_limit_holds_and_leaves_the_buffer_as_it_was),
		TEST(it_grows_to_the_limit_and_no_further),
		TEST(without_memory_nothing_changes),
		TEST(clearing_keeps_small_memory_and_gives_back_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
