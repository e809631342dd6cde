/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include "base/log.h"
#include "daemon/complaints.h"

static const uint64_t BEGIN = 5000000000, PERIOD = COMPLAINTS_MS * UINT64_C(1000);

static void check_output(void (*function)(void *), const char *expected)
{
	char text[4096];

	assert_int_equal(child_output(function, NULL, text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

static void complain_often(void *argument)
{
	struct complaints complaints = { .about = "door" };

	(void)argument;
	log_set_program("agent");
	child_check(complaints_due(&complaints) == UINT64_MAX);
	for (int i = 0; i < COMPLAINTS_MAX + 3; i++) {
		child_check(complaints_due(&complaints) == UINT64_MAX || i > COMPLAINTS_MAX);
		complaints_say(&complaints, BEGIN + (uint64_t)i, "%d", i);
	}
	child_check(complaints_due(&complaints) == BEGIN + PERIOD);
	complaints_turn(&complaints, BEGIN + PERIOD - 1); /* too early */
	child_check(complaints_due(&complaints) == BEGIN + PERIOD);
	complaints_turn(&complaints, BEGIN + PERIOD);
	child_check(complaints_due(&complaints) == UINT64_MAX);
	complaints_turn(&complaints, BEGIN + 3 * PERIOD); /* nothing to say */
}

static void what_is_left_out_is_counted(void **state)
{
	(void)state;
	check_output(complain_often, "agent: warning: door: 0\nagent: warning: door: 1\n"
				     "agent: warning: door: 2\nagent: warning: door: 3\n"
				     "agent: warning: door: 4\nagent: warning: door: 5\n"
				     "agent: warning: door: 6\nagent: warning: door: 7\n"
				     "agent: warning: door: 8\nagent: warning: door: 9\n"
				     "agent: warning: door: 3 more messages like these\n");
}

static void complain_seldom(void *argument)
{
	struct complaints complaints = { .about = "door" };

	(void)argument;
	log_set_program("agent");
	for (uint64_t i = 0; i < 3; i++)
		complaints_say(&complaints, BEGIN + i * PERIOD, "%s", "knock");
	child_check(complaints_due(&complaints) == UINT64_MAX);
}

static void few_are_all_logged(void **state)
{
	(void)state;
	check_output(complain_seldom, "agent: warning: door: knock\nagent: warning: door: knock\n"
				      "agent: warning: door: knock\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_left_out_is_counted),
		TEST(few_are_all_logged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
