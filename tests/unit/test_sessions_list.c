/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "cli/columns.h"
#include "cli/sessions_list.h"
#include "lines.h"

#define START(second, sid)                                   \
	LINE("session.start", second, sid, "alice", "alice", \
	     ",\"service\":\"sshd\",\"src_addr\":\"192.0.2.7\",\"leader_pid\":77")
#define END(second, sid)                                   \
	LINE("session.end", second, sid, "alice", "alice", \
	     ",\"duration_ns\":5000000000,\"records\":{\"session.start\":1,\"session.end\":1},\"lost\":3")
#define ASKED "2026-11-21T15:30:30.000000000Z"

static void add(struct sessions_list *list, const char *line)
{
	assert_int_equal(sessions_list_add_line(list, line, strlen(line)), 0);
}

static void add_live(struct sessions_list *list, const char *text)
{
	struct json_object *session = check_parse(text, strlen(text));

	assert_int_equal(sessions_list_add_live(list, session), 0);
	json_object_put(session);
}

static struct sessions_list *make(void)
{
	struct sessions_list *list = NULL;

	assert_int_equal(sessions_list_new(&list), 0);
	return list;
}

static void check_state(const struct sessions_list *list, size_t index, const char *sid,
			const char *expected)
{
	struct json_object *session = sessions_list_get(list, index);

	assert_non_null(session);
	check_string(session, "sid", sid);
	check_string(session, "state", expected);
}

static void a_past_session_has_its_start_and_its_end(void **state)
{
	struct sessions_list *list = make();
	struct json_object *session;

	(void)state;
	add(list, START("01", SID_A));
	add(list, LINE("session.tty", "02", SID_A, "alice", "alice", ",\"tty\":\"/dev/pts/0\""));
	add(list, LINE("session.disk", "03", SID_A, "alice", "alice", ""));
	add(list, "broken\n");
	add(list, LINE("session.logout", "04", SID_A, "alice", "alice", ",\"processes\":2"));
	add(list, END("06", SID_A));
	assert_int_equal(sessions_list_finish(list, ASKED), 0);
	check_state(list, 0, SID_A, "ended");
	assert_null(sessions_list_get(list, 1));
	session = sessions_list_get(list, 0);
	check_string(session, "service", "sshd");
	check_string(session, "src_addr", "192.0.2.7");
	check_string(session, "tty", "/dev/pts/0");
	check_string(session, "start_time", "2026-11-21T15:30:01.000000000Z");
	check_string(session, "end_time", "2026-11-21T15:30:06.000000000Z");
	check_int(session, "duration_ns", 5000000000);
	check_int(session, "records", 2);
	check_int(session, "lost", 3);
	check_int(session, "processes", 0);
	assert_false(sessions_list_is_live(session));
	sessions_list_free(list);
	sessions_list_free(NULL);
}

static void the_agent_s_word_counts_until_the_log_has_an_end(void **state)
{
	struct sessions_list *list = make();

	(void)state;
	add_live(list, "{\"sid\":\"" SID_A "\",\"state\":\"open\",\"records\":7,"
		       "\"start_time\":\"2026-11-21T15:30:01.000000000Z\"}");
	add_live(list, "{\"sid\":\"" SID_A "\",\"state\":\"open\"}");
	add_live(list, "{\"sid\":\"" SID_B "\",\"state\":\"logout\","
		       "\"start_time\":\"2026-11-21T15:30:02.000000000Z\"}");
	add(list, START("01", SID_A));
	add(list, START("02", SID_B));
	add(list, END("06", SID_B));
	assert_int_equal(sessions_list_finish(list, ASKED), 0);
	check_state(list, 0, SID_A, "open");
	check_int(sessions_list_get(list, 0), "records", 7);
	assert_true(sessions_list_is_live(sessions_list_get(list, 0)));
	check_state(list, 1, SID_B, "ended");
	check_int(sessions_list_get(list, 1), "records", 2);
	sessions_list_free(list);
}

static void a_session_without_an_end_was_cut(void **state)
{
	struct sessions_list *list = make();

	(void)state;
	add(list, START("40", SID_B)); /* after the agent was asked */
	add(list, START("10", SID_A));
	add(list, LINE("session.logout", "11", SID_A, "alice", "alice", ",\"processes\":2"));
	add(list, END("05", SID_C)); /* its start has been rotated away */
	assert_int_equal(sessions_list_finish(list, ASKED), 0);
	check_state(list, 0, SID_C, "ended");
	check_state(list, 1, SID_A, "cut");
	check_state(list, 2, SID_B, "open");
	sessions_list_free(list);
}

static void without_an_agent_that_is_not_known(void **state)
{
	struct sessions_list *list = make();

	(void)state;
	add(list, START("10", SID_A));
	assert_int_equal(sessions_list_finish(list, NULL), 0);
	check_state(list, 0, SID_A, "unknown");
	sessions_list_free(list);
}

static void hostile_sids_are_passed_over(void **state)
{
	struct sessions_list *list = make();
	struct json_object *session;

	(void)state;
	add(list, START("10", ""));
	add(list, START("10", "a\\u0000b"));
	add(list, START("10", "0123456789012345678901234567890123456789"));
	session = check_parse("{\"sid\":7}", strlen("{\"sid\":7}"));
	assert_int_equal(sessions_list_add_live(list, session), -EBADMSG);
	json_object_put(session);
	assert_int_equal(sessions_list_add_live(list, NULL), -EBADMSG);
	assert_int_equal(sessions_list_finish(list, NULL), 0);
	assert_null(sessions_list_get(list, 0));
	sessions_list_free(list);
}

static void columns_are_as_wide_as_what_is_in_them(void **state)
{
	static const char *const NAMES[] = { "A", "LONG", "C" };
	struct columns columns = { .names = NAMES, .count = 3 };
	struct buffer buffer = BUFFER_INIT(4096);
	struct text text = { .buffer = &buffer };

	(void)state;
	assert_int_equal(columns_add(&columns, bytes_of("größe")), 0);
	assert_int_equal(columns_add(&columns, bytes_of("x")), 0);
	assert_int_equal(columns_add(&columns, bytes_of("a\033[31m\n")), 0);
	assert_int_equal(columns_add(&columns, bytes_of("half a row")), 0);
	columns_print(&columns, &text);
	assert_int_equal(text.error, 0);
	assert_int_equal(buffer_append(&buffer, "", 1), 0);
	assert_string_equal(buffer.data, "A           LONG  C\n"
					 "größe       x     a\\e[31m\\n\n");
	columns_free(&columns);
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_past_session_has_its_start_and_its_end),
		TEST(the_agent_s_word_counts_until_the_log_has_an_end),
		TEST(a_session_without_an_end_was_cut),
		TEST(without_an_agent_that_is_not_known),
		TEST(hostile_sids_are_passed_over),
		TEST(columns_are_as_wide_as_what_is_in_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
