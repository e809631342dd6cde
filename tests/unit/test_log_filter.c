/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "cli/log_filter.h"
#include "cli/log_record.h"
#include "lines.h"

#define OPEN \
	LINE("session.disk", "10", SID_A, "alice", "alice@example.com", ",\"path\":\"/etc/passwd\"")
#define EXIT LINE("session.exit", "20", SID_B, "bob", "bob", "")

static int match(const struct log_filter *filter, const char *line)
{
	return log_filter_match(filter, line, strlen(line));
}

static void check_filter(struct log_filter filter, int open, int exit)
{
	assert_int_equal(match(&filter, OPEN), open);
	assert_int_equal(match(&filter, EXIT), exit);
}

static void each_condition_is_applied(void **state)
{
	(void)state;
	check_filter((struct log_filter){ 0 }, 1, 1);
	check_filter((struct log_filter){ .sid = "aaaa" }, 1, 0);
	check_filter((struct log_filter){ .sid = SID_B }, 0, 1);
	check_filter((struct log_filter){ .sid = SID_B "x" }, 0, 0);
	check_filter((struct log_filter){ .login = "alice" }, 1, 0);
	check_filter((struct log_filter){ .login = "alic" }, 0, 0);
	check_filter((struct log_filter){ .user = "bob" }, 0, 1);
	check_filter((struct log_filter){ .events = "disk" }, 1, 0);
	check_filter((struct log_filter){ .events = "session.exit" }, 0, 1);
	check_filter((struct log_filter){ .events = "disk,exit" }, 1, 1);
	check_filter((struct log_filter){ .events = "command,session.disk" }, 1, 0);
	check_filter((struct log_filter){ .path = "/etc/*" }, 1, 0);
	check_filter((struct log_filter){ .path = "*wd" }, 1, 0);
	check_filter((struct log_filter){ .path = "/etc" }, 0, 0);
	check_filter((struct log_filter){ .login = "alice", .events = "exit" }, 0, 0);
}

static void times_are_from_the_one_given_on(void **state)
{
	(void)state;
	check_filter((struct log_filter){ .since = "2026-11-21T15:30:10.000000000Z" }, 1, 1);
	check_filter((struct log_filter){ .since = "2026-11-21T15:30:10.000000001Z" }, 0, 1);
	check_filter((struct log_filter){ .since = "2026-11-21T15:30:20.000000001Z" }, 0, 0);
}

/* The same record, as another program might have written it. */
static void a_record_in_another_order_is_understood_too(void **state)
{
	static const char LINE_[] = "{ \"sid\": \"" SID_A
				    "\", \"login\":\"alice\", \"event\": \"session.disk\","
				    "\"time\":\"2026-11-21T15:30:10.000000000Z\"}\n";
	struct log_filter sid = { .sid = "aaaa" }, other = { .sid = "b" };
	struct log_head head;

	(void)state;
	assert_false(log_head_read(LINE_, strlen(LINE_), &head));
	assert_int_equal(match(&sid, LINE_), 1);
	assert_int_equal(match(&other, LINE_), 0);
}

static void what_is_no_record_is_told(void **state)
{
	static const char *const WRONG[] = {
		"",
		"\n",
		"{}\n",
		"[]\n",
		"null\n",
		"text\n",
		"{\"event\":\"session.disk\"}\n",
		"{\"event\":\"session.disk\",\"time\":\"2026-11-21T15:30:10Z\",\"sid\":\"x\"}\n",
		"{\"event\":\"session.disk\",\"time\":\"2026-11-21T15:30:10.00000000xZ\",\"sid\":\"x\"}\n",
		"{\"event\":1,\"time\":\"2026-11-21T15:30:10.000000000Z\",\"sid\":\"x\"}\n",
		"{\"event\":\"a\",\"time\":\"2026-11-21T15:30:10.000000000Z\",\"sid\":null}\n",
	};
	struct log_filter filter = { .login = "alice" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WRONG); i++)
		assert_int_equal(match(&filter, WRONG[i]), -EBADMSG);
}

static void the_head_is_found_without_parsing(void **state)
{
	struct log_head head;
	char line[] = OPEN;

	(void)state;
	assert_true(log_head_read(line, strlen(line), &head));
	assert_true(bytes_equal(head.event, bytes_of("session.disk")));
	assert_true(bytes_equal(head.sid, bytes_of(SID_A)));
	assert_true(bytes_equal(head.time, bytes_of("2026-11-21T15:30:10.000000000Z")));
	for (size_t size = 0; size < strlen("{\"event\":\"session.disk\",\"time\":\""); size++)
		assert_false(log_head_read(line, size, &head));
	line[10] = '\\'; /* an escape: for the whole parser */
	assert_false(log_head_read(line, strlen(line), &head));
}

static void events_that_there_are_not_are_named(void **state)
{
	const char *wrong = NULL;

	(void)state;
	assert_true(
		log_filter_events_known("command,session.exit,agent.start,switch,logout", &wrong));
	assert_null(wrong);
	assert_false(log_filter_events_known("command,commands,exit", &wrong));
	assert_string_equal(wrong, "commands,exit");
	assert_false(log_filter_events_known("", &wrong));
	assert_false(log_filter_events_known("exit,", &wrong));
	assert_false(log_filter_events_known("start.", &wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_condition_is_applied),
		TEST(times_are_from_the_one_given_on),
		TEST(a_record_in_another_order_is_understood_too),
		TEST(what_is_no_record_is_told),
		TEST(the_head_is_found_without_parsing),
		TEST(events_that_there_are_not_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
