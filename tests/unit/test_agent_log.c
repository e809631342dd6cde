/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own log, beside those of the sessions.
 */
#include "fixture.h"

#define AGENT_SID "3b2c8a70-61fd-4a0e-9f0b-7d5e1c2f4a68"
#define NEXT_SID  "4c3d9b81-72ae-4b1f-8a1c-8e6f2d3a5b79"

static const char *const PROBES[] = { "exec", "exit" };
static const struct agent_stop STOP = {
	.reason = "SIGTERM", .uptime_ns = 5000000000, .sessions = 1, .records = 7, .lost = 2
};
static const struct config_change CHANGE = { "file.max_size", "100M", "1G", true };
static const struct agent_config CONFIG = { .changes = &CHANGE, .changes_count = 1 };

static int setup(void **state)
{
	(void)state;
	fixture_create(0);
	fixture.sid = AGENT_SID;
	fixture.login = fixture.user = "root";
	return 0;
}

static struct agent_start start_of(void)
{
	return (struct agent_start){
		.version = "0.1.0",
		.strategy = "tracepoint",
		.kernel = "6.1.0",
		.pid = 512,
		.probes = { .attached = PROBES, .attached_count = ARRAY_SIZE(PROBES) },
	};
}

static int begin(const char *sid)
{
	const struct agent_start event = start_of();

	return pipeline_agent_start(fixture.pipeline, sid, &event);
}

static void a_start_tells_how_the_agent_began(void **state)
{
	static const char *const capabilities[] = { "cap_dac_read_search", "cap_bpf" };
	static const char *const sinks[] = { "file", "journal" };
	static const struct probe_missing missing[] = { { "connect_unix", "not in this build" } };
	struct agent_start event = start_of();

	(void)state;
	event.config = "/etc/seshat/seshat.conf";
	event.capabilities = capabilities;
	event.capabilities_count = ARRAY_SIZE(capabilities);
	event.sinks = sinks;
	event.sinks_count = ARRAY_SIZE(sinks);
	event.probes.missing = missing;
	event.probes.missing_count = ARRAY_SIZE(missing);
	event.sessions = 2;
	event.gap = true;
	assert_int_equal(pipeline_agent_start(fixture.pipeline, AGENT_SID, &event), 0);
	fixture_check_line(0, "agent.start", 7, 0,
			   "\"version\":\"0.1.0\",\"pid\":512,\"strategy\":\"tracepoint\","
			   "\"kernel\":\"6.1.0\",\"config\":\"/etc/seshat/seshat.conf\","
			   "\"capabilities\":[\"cap_dac_read_search\",\"cap_bpf\"],"
			   "\"sinks\":[\"file\",\"journal\"],\"probes\":[\"exec\",\"exit\"],"
			   "\"probes_missing\":[{\"probe\":\"connect_unix\","
			   "\"reason\":\"not in this build\"}],\"sessions\":2,\"gap\":true");
}

static void a_start_with_nothing_special_is_short(void **state)
{
	(void)state;
	assert_int_equal(begin(AGENT_SID), 0);
	fixture_check_line(0, "agent.start", 7, 0,
			   "\"version\":\"0.1.0\",\"pid\":512,\"strategy\":\"tracepoint\","
			   "\"kernel\":\"6.1.0\",\"capabilities\":[],\"sinks\":[],"
			   "\"probes\":[\"exec\",\"exit\"],\"sessions\":0");
}

static void changes_of_the_configuration_are_told(void **state)
{
	static const struct config_change changes[] = {
		{ "file.max_size", "100M", "1G", true },
		{ "journal.namespace", "", "a\xff\n", false },
	};
	const struct agent_config event = { changes, ARRAY_SIZE(changes) };

	(void)state;
	assert_int_equal(begin(AGENT_SID), 0);
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &CONFIG), 0);
	fixture_check_line(
		1, "agent.config", 7, 1,
		"\"changes\":[{\"key\":\"file.max_size\",\"from\":\"100M\",\"to\":\"1G\","
		"\"in_force\":true}]");
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &event), 0);
	fixture_check_line(
		2, "agent.config", 7, 2,
		"\"changes\":[{\"key\":\"file.max_size\",\"from\":\"100M\",\"to\":\"1G\","
		"\"in_force\":true},{\"key\":\"journal.namespace\",\"from\":\"\","
		"\"to\":\"a\xef\xbf\xbd\\u000a\",\"in_force\":false}],"
		"\"raw\":{\"/changes/1/to\":\"Yf8K\"}");
}

static void a_stop_is_the_last_record(void **state)
{
	(void)state;
	assert_int_equal(begin(AGENT_SID), 0);
	assert_int_equal(pipeline_agent_stop(fixture.pipeline, &STOP), 0);
	fixture_check_line(1, "agent.stop", 7, 1,
			   "\"reason\":\"SIGTERM\",\"uptime_ns\":5000000000,\"sessions\":1,"
			   "\"records\":7,\"lost\":2");
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &CONFIG), -ENOENT);
	assert_int_equal(pipeline_agent_stop(fixture.pipeline, &STOP), -ENOENT);
	assert_int_equal(fixture.sink->count, 2);
}

static void each_start_has_a_log_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(begin(AGENT_SID), 0);
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &CONFIG), 0);
	assert_int_equal(pipeline_agent_stop(fixture.pipeline, &STOP), 0);
	assert_int_equal(begin(NEXT_SID), 0);
	check_string(fixture_look(3), "sid", NEXT_SID);
	check_int(fixture.record, "ei", 0);
}

static void nothing_can_be_told_out_of_order(void **state)
{
	(void)state;
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &CONFIG), -ENOENT);
	assert_int_equal(pipeline_agent_stop(fixture.pipeline, &STOP), -ENOENT);
	assert_int_equal(fixture.sink->count, 0);
	assert_int_equal(begin(AGENT_SID), 0);
	assert_int_equal(begin(NEXT_SID), -EEXIST);
	assert_int_equal(fixture.sink->count, 1);
	/* The log that there is goes on undisturbed. */
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &CONFIG), 0);
	check_string(fixture_look(1), "sid", AGENT_SID);
	check_int(fixture.record, "ei", 1);
}

static void a_sid_of_another_length_is_refused(void **state)
{
	(void)state;
	assert_int_equal(begin("8c2f4b1e"), -EINVAL);
	assert_int_equal(pipeline_agent_stop(fixture.pipeline, &STOP), -ENOENT);
	assert_int_equal(fixture.sink->count, 0);
}

static void a_start_that_cannot_be_written_can_be_tried_again(void **state)
{
	(void)state;
	fixture.sink->error = -ENOSPC;
	assert_int_equal(begin(AGENT_SID), -ENOSPC);
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &CONFIG), -ENOENT);
	fixture.sink->error = 0;
	assert_int_equal(begin(AGENT_SID), 0);
	check_int(fixture_look(0), "ei", 0);
}

static void what_cannot_be_written_takes_no_index(void **state)
{
	(void)state;
	assert_int_equal(begin(AGENT_SID), 0);
	fixture.sink->error = -ENOSPC;
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &CONFIG), -ENOSPC);
	fixture.sink->error = 0;
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &CONFIG), 0);
	check_int(fixture_look(1), "ei", 1);
	fixture.sink->error = -EPIPE;
	assert_int_equal(pipeline_agent_stop(fixture.pipeline, &STOP), -EPIPE);
	/* It has ended all the same. */
	assert_int_equal(pipeline_agent_stop(fixture.pipeline, &STOP), -ENOENT);
}

static void a_stop_comes_after_what_sinks_lack(void **state)
{
	struct fixture_sink *second = fixture_sink_new();

	(void)state;
	second->sink.name = "second";
	assert_int_equal(pipeline_add_sink(fixture.pipeline, &second->sink), 1);
	assert_int_equal(begin(AGENT_SID), 0);
	second->error = -ENOSPC;
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &CONFIG), 0);
	second->error = 0;
	assert_int_equal(pipeline_agent_stop(fixture.pipeline, &STOP), 0);
	fixture_check_line_of(
		second, 1, "session.lost", 7, 2,
		"\"count\":1,\"by_event\":{\"agent.config\":1},\"first_ei\":1,\"last_ei\":1,"
		"\"reason\":\"sink\",\"sink\":\"second\"");
	check_string(fixture_look(3), "event", "agent.stop");
	check_int(fixture.record, "ei", 3);
	assert_int_equal(second->count, 3);
}

/* Its key is not one that a kernel record could have. */
static void no_kernel_record_gets_into_it(void **state)
{
	struct session_start start = fixture_start();
	struct pipeline_stats stats;

	(void)state;
	assert_int_equal(begin(AGENT_SID), 0);
	wb_open(&fixture.builder, 1, "/x", "/x");
	wb_header(&fixture.builder)->session = 0;
	fixture_feed();
	pipeline_stats_get(fixture.pipeline, &stats);
	assert_int_equal(stats.unmatched + stats.undecodable, 1);
	assert_int_equal(fixture.sink->count, 1);

	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
	wb_header(&fixture.builder)->session = WB_SESSION;
	check_int(fixture_encode(), "ei", 1);
	check_string(fixture.record, "sid", FIXTURE_SID);
	assert_int_equal(pipeline_agent_stop(fixture.pipeline, &STOP), 0);
	check_int(fixture_look(3), "ei", 1);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_start_tells_how_the_agent_began),
		CASE(a_start_with_nothing_special_is_short),
		CASE(changes_of_the_configuration_are_told),
		CASE(a_stop_is_the_last_record),
		CASE(each_start_has_a_log_of_its_own),
		CASE(nothing_can_be_told_out_of_order),
		CASE(a_sid_of_another_length_is_refused),
		CASE(a_start_that_cannot_be_written_can_be_tried_again),
		CASE(what_cannot_be_written_takes_no_index),
		CASE(a_stop_comes_after_what_sinks_lack),
		CASE(no_kernel_record_gets_into_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
