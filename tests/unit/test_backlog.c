/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "sinks/backlog.h"

/* Lines of all sizes, in an order that crosses blocks everywhere. */
static void a_backlog_gives_back_what_it_was_given(void **state)
{
	struct backlog backlog = { 0 };
	static char line[3 * BACKLOG_BLOCK_SIZE];
	unsigned int pushed = 0, popped = 0;

	(void)state;
	assert_null(backlog_peek(&backlog).data);
	while (popped < 300) {
		while (pushed < popped + 40 && pushed < 300) {
			memset(line, (int)(pushed % 251), sizeof(line));
			assert_int_equal(backlog_push(&backlog, line, pushed * 613 % sizeof(line)),
					 0);
			pushed++;
		}
		for (unsigned int i = 0; i < 17 && popped < pushed; i++, popped++) {
			struct bytes first = backlog_peek(&backlog);

			memset(line, (int)(popped % 251), sizeof(line));
			assert_int_equal(first.size, popped * 613 % sizeof(line));
			assert_memory_equal(first.data, line, first.size);
			backlog_pop(&backlog);
		}
		assert_int_equal(backlog.lines, pushed - popped);
	}
	assert_int_equal(backlog.bytes, 0);
	assert_null(backlog.first); /* nothing is held */
	assert_int_equal(backlog_push(&backlog, "x\n", 2), 0);
	backlog_free(&backlog);
	backlog_free(&backlog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_backlog_gives_back_what_it_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
