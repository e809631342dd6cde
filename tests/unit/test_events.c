/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static struct wire_builder *const builder = &fixture.builder;

static void names_of_any_bytes_are_kept_in_every_record(void **state)
{
	struct session_start start = fixture_start();
	struct wire_exit exit_part = { 0 };

	(void)state;
	start.key = 8;
	start.login = "a\xff";
	start.user = "\"\n";
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
	check_value(fixture_look(1), "raw", "{\"/login\":\"Yf8=\"}");
	wb_begin(builder, WIRE_EXIT, 1, &exit_part, sizeof(exit_part));
	wb_header(builder)->session = 8;
	memcpy(wb_header(builder)->task.comm, "x\xfe", 3);
	fixture_encode();
	check_string(fixture.record, "user", "\"\n");
	check_value(fixture.record, "raw", "{\"/login\":\"Yf8=\",\"/program\":\"eP4=\"}");
}

static void a_terminal_is_told_by_its_device(void **state)
{
	static const struct {
		const char *name, *expected;
	} cases[] = {
		{ "pts0", "/dev/pts/0" },      { "pts123", "/dev/pts/123" },
		{ "tty1", "/dev/tty1" },       { "ttyS0", "/dev/ttyS0" },
		{ "pts/4", "/dev/pts/4" },     { "pts", "/dev/pts" },
		{ "console", "/dev/console" },
	};
	struct wire_tty tty = { 0 };

	(void)state;
	fixture_name_image();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		wb_begin(builder, WIRE_TTY, i + 1, &tty, sizeof(tty));
		wb_string(builder, WIRE_PART_NAME, cases[i].name);
		check_string(fixture_encode(), "tty", cases[i].expected);
	}
	check_keys(fixture.record, FIXTURE_TASK " tty");
	check_string(fixture.record, "event", "session.tty");
}

static void a_move_out_of_the_cgroup_is_told(void **state)
{
	struct wire_cgroup cgroup = { .from = 100, .to = 101, .mover = 4711 };
	struct json_object *record;

	(void)state;
	fixture_name_image();
	wb_begin(builder, WIRE_CGROUP, 1, &cgroup, sizeof(cgroup));
	wb_string(builder, WIRE_PART_PATH, "/system.slice");
	record = fixture_encode();
	check_keys(record, FIXTURE_TASK " from to");
	check_string(record, "event", "session.cgroup");
	check_string(record, "from", "/seshat/x");
	check_string(record, "to", "/system.slice");

	cgroup = (struct wire_cgroup){ .from = 101, .to = 102, .mover = 1 };
	wb_begin(builder, WIRE_CGROUP, 2, &cgroup, sizeof(cgroup));
	wb_string(builder, WIRE_PART_PATH, "/user.slice");
	record = fixture_encode();
	check_string(record, "from", "/system.slice");
	check_int(record, "mover_pid", 1);

	cgroup.from = 999;
	wb_begin(builder, WIRE_CGROUP, 3, &cgroup, sizeof(cgroup));
	assert_false(check_has(fixture_encode(), "from"));
}

static void an_end_sums_the_session_up(void **state)
{
	struct session_end end = { .time = UINT64_C(8000000500), .losses = { .numbered = 2 } };
	struct json_object *record;

	(void)state;
	wb_open(builder, 1, "/x", "/x");
	fixture_feed();
	wb_open(builder, 2, "/x", "/x");
	fixture_feed();
	assert_int_equal(pipeline_session_end(fixture.pipeline, WB_SESSION, &end), 0);
	record = fixture_look(3);
	check_keys(record, FIXTURE_COMMON " duration_ns records lost numbered");
	check_string(record, "event", "session.end");
	check_int(record, "ei", 3);
	check_int(record, "duration_ns", 7000000500);
	check_value(record, "records",
		    "{\"session.disk\":2,\"session.start\":1,\"session.end\":1}");
	check_int(record, "lost", 0);
	check_int(record, "numbered", 2);
}

static void an_end_names_at_most_a_hundred_processes(void **state)
{
	uint32_t pids[150];
	struct session_end end = { .processes = 150, .pids = pids, .pids_count = 150 };
	struct json_object *record;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = 1000 + i;
	assert_int_equal(pipeline_session_end(fixture.pipeline, WB_SESSION, &end), 0);
	record = fixture_look(1);
	check_keys(record, FIXTURE_COMMON " duration_ns records lost numbered processes pids");
	check_int(record, "duration_ns", 6000000000); /* not before what was said last */
	check_int(record, "processes", 150);
	assert_int_equal(json_object_array_length(check_member(record, "pids")), 100);
}

static void a_loss_is_told_by_event_and_place(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 2, [WIRE_EXIT] = 1 },
				     .numbered = 5 };
	struct json_object *record;

	(void)state;
	wb_open(builder, 1, "/x", "/x");
	fixture_feed();
	wb_open(builder, 5, "/x", "/x");
	fixture_feed();
	assert_int_equal(pipeline_losses(fixture.pipeline, WB_SESSION, &now), 0);
	record = fixture_look(3);
	check_keys(record, FIXTURE_COMMON " count by_event first last reason");
	check_string(record, "event", "session.lost");
	check_string(record, "time", "2026-11-21T15:30:07.000000000Z");
	check_int(record, "count", 3);
	check_value(record, "by_event", "{\"session.exit\":1,\"session.disk\":2}");
	check_int(record, "first", 2);
	check_int(record, "last", 4);
	check_string(record, "reason", "ring");
}

static void a_switch_tells_who_becomes_whom(void **state)
{
	const struct session_switch full = {
		.service = "sudo",
		.from = "alice",
		.to = "root",
		.tty = "/dev/pts/0",
		.pid = 4850,
		.program = "sudo",
		.exe = "/usr/bin/sudo",
	};
	const struct session_switch least = {
		.service = "su-l", .from = "", .to = "bob", .pid = 1
	};
	const struct session_switch hostile = {
		.service = "\xff",
		.from = "a\x80",
		.to = "\xc3",
		.tty = "\n\xfe",
		.pid = 4194304,
		.program = "\xf8",
		.exe = "/\xc1",
	};

	(void)state;
	assert_int_equal(pipeline_session_switch(fixture.pipeline, WB_SESSION, &full), 0);
	fixture_check_line(1, "session.switch", 7, 1,
			   "\"service\":\"sudo\",\"from\":\"alice\",\"to\":\"root\","
			   "\"tty\":\"/dev/pts/0\",\"pid\":4850,\"program\":\"sudo\","
			   "\"exe\":\"/usr/bin/sudo\"");
	assert_int_equal(pipeline_session_switch(fixture.pipeline, WB_SESSION, &least), 0);
	fixture_check_line(2, "session.switch", 7, 2,
			   "\"service\":\"su-l\",\"to\":\"bob\",\"pid\":1");
	assert_int_equal(pipeline_session_switch(fixture.pipeline, WB_SESSION, &hostile), 0);
	check_value(fixture_look(3), "raw",
		    "{\"/service\":\"/w==\",\"/from\":\"YYA=\",\"/to\":\"ww==\",\"/tty\":\"Cv4=\","
		    "\"/program\":\"+A==\",\"/exe\":\"L8E=\"}");
	assert_int_equal(pipeline_session_switch(fixture.pipeline, 99, &full), -ENOENT);
	assert_int_equal(fixture.sink->count, 4);
}

static void a_logout_tells_what_lives_on(void **state)
{
	const struct session_logout closed = { .reason = "closed", .processes = 2 };
	const struct session_logout left = { .reason = "leader_exited" };

	(void)state;
	assert_int_equal(pipeline_session_logout(fixture.pipeline, WB_SESSION, &closed), 0);
	fixture_check_line(1, "session.logout", 7, 1, "\"reason\":\"closed\",\"processes\":2");
	assert_int_equal(pipeline_session_logout(fixture.pipeline, WB_SESSION, &left), 0);
	fixture_check_line(2, "session.logout", 7, 2,
			   "\"reason\":\"leader_exited\",\"processes\":0");
	assert_int_equal(pipeline_session_logout(fixture.pipeline, 99, &left), -ENOENT);
	assert_int_equal(fixture.sink->count, 3);
}

static void switches_and_logouts_are_summed_up_but_not_numbered(void **state)
{
	const struct session_switch event = { .service = "su", .to = "root", .pid = 5 };
	const struct session_logout logout = { .reason = "closed", .processes = 1 };
	const struct session_end end = { 0 };

	(void)state;
	assert_int_equal(pipeline_session_switch(fixture.pipeline, WB_SESSION, &event), 0);
	assert_int_equal(pipeline_session_switch(fixture.pipeline, WB_SESSION, &event), 0);
	assert_int_equal(pipeline_session_logout(fixture.pipeline, WB_SESSION, &logout), 0);
	assert_int_equal(pipeline_session_end(fixture.pipeline, WB_SESSION, &end), 0);
	fixture_check_line(4, "session.end", 7, 4,
			   "\"duration_ns\":6000000000,\"records\":{\"session.start\":1,"
			   "\"session.end\":1,\"session.switch\":2,\"session.logout\":1},"
			   "\"lost\":0,\"numbered\":0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(names_of_any_bytes_are_kept_in_every_record),
		FIXTURE_TEST(a_terminal_is_told_by_its_device),
		FIXTURE_TEST(a_move_out_of_the_cgroup_is_told),
		FIXTURE_TEST(an_end_sums_the_session_up),
		FIXTURE_TEST(an_end_names_at_most_a_hundred_processes),
		FIXTURE_TEST(a_loss_is_told_by_event_and_place),
		FIXTURE_TEST(a_switch_tells_who_becomes_whom),
		FIXTURE_TEST(a_logout_tells_what_lives_on),
		FIXTURE_TEST(switches_and_logouts_are_summed_up_but_not_numbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
