/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <time.h>

#include "cli/process_tree.h"
#include "cli/tail_print.h"
#include "cli/timeline.h"
#include "lines.h"

static unsigned int depth(struct process_tree *tree, int64_t pid, int64_t ppid)
{
	unsigned int found = 999;

	assert_int_equal(process_tree_depth(tree, pid, ppid, &found), 0);
	return found;
}

static void a_child_is_below_its_parent(void **state)
{
	struct process_tree tree = { 0 };

	(void)state;
	assert_int_equal(depth(&tree, 10, 1), 0);
	assert_int_equal(depth(&tree, 11, 10), 1);
	assert_int_equal(depth(&tree, 12, 11), 2);
	assert_int_equal(depth(&tree, 13, 10), 1);
	process_tree_free(&tree);
}

static void who_is_adopted_stays_where_he_was(void **state)
{
	struct process_tree tree = { 0 };

	(void)state;
	assert_int_equal(depth(&tree, 10, 1), 0);
	assert_int_equal(depth(&tree, 11, 10), 1);
	process_tree_exit(&tree, 10);
	assert_int_equal(depth(&tree, 11, 1), 1);
	assert_int_equal(depth(&tree, 12, 11), 2);
	process_tree_exit(&tree, 4711);
	process_tree_free(&tree);
}

static void a_pid_that_is_used_again_is_another_process(void **state)
{
	struct process_tree tree = { 0 };

	(void)state;
	assert_int_equal(depth(&tree, 10, 1), 0);
	assert_int_equal(depth(&tree, 11, 10), 1);
	process_tree_exit(&tree, 10);
	assert_int_equal(depth(&tree, 10, 11), 2);
	process_tree_free(&tree);
}

static void add(struct timeline *timeline, const char *line)
{
	assert_int_equal(timeline_add(timeline, line, strlen(line)), 0);
}

static void check_output(struct output *output, const char *expected)
{
	assert_int_equal(output->text.error, 0);
	assert_int_equal(buffer_append(&output->buffer, "", 1), 0);
	assert_string_equal(output->buffer.data, expected);
	buffer_free(&output->buffer);
}

static void a_timeline_has_a_head_and_indents_descendants(void **state)
{
	struct output output;
	struct timeline timeline = { .output = &output };

	(void)state;
	output_init(&output);
	output.text.color = false;
	add(&timeline,
	    LINE("session.start", "00", SID_A, "deploy", "alice@example.com",
		 ",\"service\":\"sshd\",\"leader_pid\":10,\"cgroup_path\":\"/seshat/x\",\"src_addr\":\"2001:db8::7\","
		 "\"src_port\":50522,\"auth_method\":[\"publickey\",\"password\"],\"key_fingerprint\":\"SHA256:abc\","
		 "\"key_id\":\"alice@example.com\",\"serial\":\"7\",\"ca_fingerprint\":\"SHA256:ca\""));
	add(&timeline,
	    LINE("session.command", "01", SID_A, "deploy", "alice",
		 TASK(11, 10,
		      "sh") ",\"path\":\"/usr/bin/sh\",\"argv0\":\"sh\",\"argv\":[],\"return_code\":0"));
	add(&timeline,
	    LINE("session.command", "02", SID_A, "deploy", "alice",
		 TASK(12, 11,
		      "ls") ",\"path\":\"/usr/bin/ls\",\"argv0\":\"ls\",\"argv\":[],\"return_code\":0"));
	add(&timeline, "nonsense\n");
	add(&timeline, LINE("session.exit", "03", SID_A, "deploy", "alice",
			    TASK(12, 11, "ls") ",\"exit_code\":0,\"runtime_ns\":1000000"));
	timeline_finish(&timeline);
	assert_int_equal(timeline.broken, 1);
	check_output(&output,
		     "session  " SID_A "\n"
		     "user     alice@example.com as deploy on web-1\n"
		     "service  sshd from [2001:db8::7]:50522\n"
		     "auth     publickey SHA256:abc, password\n"
		     "cert     alice@example.com, serial 7, signed by SHA256:ca\n"
		     "start    2026-11-21 15:30:00 +0000\n"
		     "leader   process 10\n"
		     "cgroup   /seshat/x\n"
		     "\n"
		     "15:30:01.000 sh[11]               exec     /usr/bin/sh\n"
		     "15:30:02.000   ls[12]               exec     /usr/bin/ls\n"
		     "15:30:03.000   ls[12]               exit     0 after 1.0 ms, cpu 0.0 ms\n"
		     "(no end: the session is open, or its log is cut short)\n");
	timeline_free(&timeline);
}

static void a_session_with_an_end_says_nothing_more(void **state)
{
	struct output output;
	struct timeline timeline = { .output = &output };

	(void)state;
	output_init(&output);
	output.text.color = false;
	add(&timeline, LINE("session.end", "00", SID_A, "a", "a",
			    ",\"duration_ns\":1000000,\"records\":{\"session.end\":1},\"lost\":0"));
	timeline_finish(&timeline);
	check_output(
		&output,
		"15:30:00.000 -                    end      after 1.0 ms: session.end 1; lost 0\n");
	timeline_free(&timeline);
}

static void lines_of_several_sessions_are_told_apart(void **state)
{
	static const char *const LINES[] = {
		LINE("session.logout", "00", SID_A, "a", "a",
		     ",\"reason\":\"closed\",\"processes\":1"),
		LINE("session.logout", "01", SID_B, "a", "a",
		     ",\"reason\":\"leader_exited\",\"processes\":2"),
	};
	struct output output;

	(void)state;
	output_init(&output);
	output.text.color = false;
	for (size_t i = 0; i < ARRAY_SIZE(LINES); i++)
		assert_int_equal(tail_print(&output, LINES[i], strlen(LINES[i]), false), 0);
	assert_int_equal(tail_print(&output, "{}\n", 3, false), -EBADMSG);
	assert_int_equal(tail_print(&output, LINES[0], strlen(LINES[0]) - 1, true), 0);
	check_output(
		&output,
		"aaaaaaaa 15:30:00.000 -                    logout   logged out; 1 process lives on\n"
		"bbbbbbbb 15:30:01.000 -                    logout   the login has ended; 2 processes live on\n" LINE(
			"session.logout", "00", SID_A, "a", "a",
			",\"reason\":\"closed\",\"processes\":1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_child_is_below_its_parent),
		TEST(who_is_adopted_stays_where_he_was),
		TEST(a_pid_that_is_used_again_is_another_process),
		TEST(a_timeline_has_a_head_and_indents_descendants),
		TEST(a_session_with_an_end_says_nothing_more),
		TEST(lines_of_several_sessions_are_told_apart),
	};

	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
