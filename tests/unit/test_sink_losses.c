/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that goes to two sinks, of which one refuses lines, is full, and comes back: what it lacks is told, in both.
 */
#include "fixture.h"

#define AGENT_SID "3b2c8a70-61fd-4a0e-9f0b-7d5e1c2f4a68"

static struct wire_builder *const builder = &fixture.builder;
static struct fixture_sink *second; /* of the pipeline */

static int setup(void **state)
{
	int r = fixture_setup(state);

	second = fixture_sink_new();
	second->sink.name = "second";
	assert_int_equal(pipeline_add_sink(fixture.pipeline, &second->sink), 1);
	return r;
}

static void feed_open(uint64_t number)
{
	wb_open(builder, number, "/x", "/x");
	fixture_feed();
}

static void begin_agent(void)
{
	static const char *const probes[] = { "exec" };
	const struct agent_start event = {
		.version = "0.1.0",
		.strategy = "tracepoint",
		.kernel = "6.1.0",
		.pid = 512,
		.probes = { .attached = probes, .attached_count = 1 },
	};

	assert_int_equal(pipeline_agent_start(fixture.pipeline, AGENT_SID, &event), 0);
}

/* What is looked for next is of the agent's own log. */
static void expect_agent(void)
{
	fixture.sid = AGENT_SID;
	fixture.login = fixture.user = "root";
}

static int end_session(uint64_t numbered)
{
	const struct session_end end = { .losses = { .numbered = numbered } };

	return pipeline_session_end(fixture.pipeline, WB_SESSION, &end);
}

/* The indexes in a sink, in the order of its lines. */
static void check_indexes(const struct fixture_sink *sink, const char *expected)
{
	char indexes[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < sink->count; i++) {
		const char *at = strstr(sink->lines[i].data, "\"ei\":");

		assert_non_null(at);
		used += (size_t)snprintf(indexes + used, sizeof(indexes) - used, "%s%d",
					 used > 0 ? " " : "", atoi(at + strlen("\"ei\":")));
		assert_true(used < sizeof(indexes));
	}
	assert_string_equal(indexes, expected);
}

static void what_one_refuses_is_told_for_that_one(void **state)
{
	static const char *const lost = "\"count\":2,\"by_event\":{\"session.disk\":2},"
					"\"first_ei\":1,\"last_ei\":2,\"reason\":\"sink\","
					"\"sink\":\"second\"";
	struct pipeline_stats stats;

	(void)state;
	second->error = -ENOSPC;
	feed_open(1);
	feed_open(2);
	second->error = 0;
	feed_open(3);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	fixture_check_line(4, "session.lost", 7, 4, lost);
	fixture_check_line_of(second, 1, "session.lost", 7, 4, lost);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	assert_int_equal(end_session(3), 0);
	check_indexes(fixture.sink, "0 1 2 3 4 5");
	check_indexes(second, "3 4 5");
	/* Lost it is not: another sink has it. */
	check_int(fixture_look(5), "lost", 0);
	pipeline_stats_get(fixture.pipeline, &stats);
	assert_int_equal(stats.lost[LOSS_SINK], 0);
	assert_int_equal(stats.refused, 2);
	assert_int_equal(stats.written, 6);
	assert_int_equal(stats.sink_error, -ENOSPC);
}

static void the_first_may_be_the_one_that_refuses(void **state)
{
	(void)state;
	fixture.sink->error = -EIO;
	feed_open(1);
	fixture.sink->error = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	fixture_check_line(
		1, "session.lost", 7, 2,
		"\"count\":1,\"by_event\":{\"session.disk\":1},\"first_ei\":1,\"last_ei\":1,"
		"\"reason\":\"sink\",\"sink\":\"memory\"");
	check_indexes(second, "1 2");
}

static void the_very_first_record_may_be_the_one_that_lacks(void **state)
{
	struct session_start start = fixture_start();

	(void)state;
	start.key = 8;
	second->error = -EIO;
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
	second->error = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	fixture_check_line(
		2, "session.lost", 7, 1,
		"\"count\":1,\"by_event\":{\"session.start\":1},\"first_ei\":0,\"last_ei\":0,"
		"\"reason\":\"sink\",\"sink\":\"second\"");
}

static void a_sink_is_told_once_its_backlog_is_written(void **state)
{
	(void)state;
	second->error = -ENOBUFS;
	feed_open(1);
	second->backlog = 5;
	assert_int_equal(pipeline_flush(fixture.pipeline), -ENOBUFS);
	second->error = 0;
	second->backlog = 1;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	assert_int_equal(fixture.sink->count, 2);
	second->backlog = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	check_indexes(fixture.sink, "0 1 2");
	check_indexes(second, "2");
}

/* Else the other log would grow with each flush. */
static void nothing_is_told_while_the_sink_still_refuses(void **state)
{
	(void)state;
	second->error = -EIO;
	feed_open(1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pipeline_flush(fixture.pipeline), -EIO);
	check_indexes(fixture.sink, "0 1");
	second->error = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	fixture_check_line_of(
		second, 0, "session.lost", 7, 2,
		"\"count\":1,\"by_event\":{\"session.disk\":1},\"first_ei\":1,\"last_ei\":1,"
		"\"reason\":\"sink\",\"sink\":\"second\"");
}

/* Its flush works, but the line finds no room. */
static int flush_works(struct sink *sink)
{
	(void)sink;
	return 0;
}

static void what_is_refused_in_the_telling_is_one_more(void **state)
{
	static struct sink_type willing;

	(void)state;
	willing = *second->sink.type;
	willing.flush = flush_works;
	second->sink.type = &willing;
	second->error = -ENOBUFS;
	feed_open(1);
	feed_open(2);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	check_indexes(fixture.sink, "0 1 2 3");
	feed_open(3);
	second->error = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	fixture_check_line_of(
		second, 0, "session.lost", 7, 5,
		"\"count\":4,\"by_event\":{\"session.disk\":3,\"session.lost\":1},"
		"\"first_ei\":1,\"last_ei\":4,\"reason\":\"sink\",\"sink\":\"second\"");
	assert_int_equal(end_session(3), 0);
	check_indexes(fixture.sink, "0 1 2 3 4 5 6");
	check_indexes(second, "5 6");
}

static void what_both_refuse_is_lost(void **state)
{
	(void)state;
	fixture.sink->error = second->error = -ENOSPC;
	feed_open(1);
	assert_int_equal(pipeline_flush(fixture.pipeline), -ENOSPC);
	second->error = 0;
	/* One has room again; the other lacks the telling, and only that. */
	assert_int_equal(pipeline_flush(fixture.pipeline), -ENOSPC);
	fixture_check_line_of(
		second, 0, "session.lost", 7, 1,
		"\"count\":1,\"by_event\":{\"session.disk\":1},\"first\":1,\"last\":1,"
		"\"reason\":\"sink\"");
	fixture.sink->error = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	fixture_check_line(
		1, "session.lost", 7, 2,
		"\"count\":1,\"by_event\":{\"session.lost\":1},\"first_ei\":1,\"last_ei\":1,"
		"\"reason\":\"sink\",\"sink\":\"memory\"");
	assert_int_equal(end_session(1), 0);
	check_int(fixture_look(2), "lost", 1);
	check_indexes(second, "1 2 3");
}

static void each_session_tells_of_its_own(void **state)
{
	struct session_start start = fixture_start();

	(void)state;
	start.key = 8;
	start.sid = "11111111-2222-4333-8444-555555555555";
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
	second->error = -EIO;
	feed_open(1);
	wb_open(builder, 1, "/x", "/x");
	wb_header(builder)->session = 8;
	fixture_feed();
	fixture_feed(); /* the same number twice does not matter here */
	second->error = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	assert_int_equal(second->count, 3);
	fixture_check_line_of(
		second, 1, "session.lost", 7, 2,
		"\"count\":1,\"by_event\":{\"session.disk\":1},\"first_ei\":1,\"last_ei\":1,"
		"\"reason\":\"sink\",\"sink\":\"second\"");
	fixture.sid = start.sid;
	fixture_check_line_of(
		second, 2, "session.lost", 7, 3,
		"\"count\":2,\"by_event\":{\"session.disk\":2},\"first_ei\":1,\"last_ei\":2,"
		"\"reason\":\"sink\",\"sink\":\"second\"");
}

static void the_agent_tells_for_sessions_that_are_over(void **state)
{
	(void)state;
	begin_agent();
	second->error = -ENOBUFS;
	second->backlog = 9;
	feed_open(1);
	assert_int_equal(end_session(1), 0);
	assert_int_equal(pipeline_flush(fixture.pipeline), -ENOBUFS);
	second->error = 0;
	second->backlog = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	expect_agent();
	assert_int_equal(second->count, 2);
	/* No indexes: those are of another log. */
	fixture_check_line_of(second, 1, "session.lost", 7, 1,
			      "\"count\":2,\"by_event\":{\"session.disk\":1,\"session.end\":1},"
			      "\"reason\":\"sink\",\"sink\":\"second\"");
}

static void one_record_of_a_session_that_is_over_has_no_index_either(void **state)
{
	(void)state;
	begin_agent();
	feed_open(1);
	second->error = -ENOBUFS;
	second->backlog = 9;
	assert_int_equal(end_session(1), 0);
	second->error = 0;
	second->backlog = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	expect_agent();
	fixture_check_line_of(second, 2, "session.lost", 7, 1,
			      "\"count\":1,\"by_event\":{\"session.end\":1},\"reason\":\"sink\","
			      "\"sink\":\"second\"");
}

/* Both in one session.lost: then the indexes would be those of some only. */
static void what_the_agent_lacks_itself_is_not_mixed_up_with_it(void **state)
{
	static const struct config_change change = { .key = "file.max_size",
						     .from = "1M",
						     .to = "2M" };
	static const struct agent_config config = { .changes = &change, .changes_count = 1 };
	int64_t first;

	(void)state;
	begin_agent();
	second->error = -ENOBUFS;
	second->backlog = 9;
	assert_int_equal(end_session(0), 0);
	assert_int_equal(pipeline_agent_config(fixture.pipeline, &config), 0);
	second->error = 0;
	second->backlog = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	for (size_t i = 0; i < second->count; i++) {
		json_object_put(fixture.record);
		fixture.record = check_parse(second->lines[i].data, second->lines[i].size - 1);
		if (!check_has(fixture.record, "first_ei"))
			continue;
		first = json_object_get_int64(check_member(fixture.record, "first_ei"));
		assert_int_equal(first, 1); /* agent.config; agent.start has come */
	}
}

/* One sink's failure must not keep the others from hearing what they lack. */
static void the_agent_tells_also_while_another_sink_fails(void **state)
{
	(void)state;
	begin_agent();
	second->error = -ENOBUFS;
	second->backlog = 9;
	assert_int_equal(end_session(0), 0);
	second->error = 0;
	second->backlog = 0;
	fixture.sink->error = -EIO;
	assert_int_equal(pipeline_flush(fixture.pipeline), -EIO);
	fixture.sink->error = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	expect_agent();
	assert_true(second->count >= 2);
	fixture_check_line_of(second, 1, "session.lost", 7, 1,
			      "\"count\":1,\"by_event\":{\"session.end\":1},\"reason\":\"sink\","
			      "\"sink\":\"second\"");
}

static void a_sink_of_best_effort_lacks_nothing(void **state)
{
	(void)state;
	second->sink.best_effort = true;
	second->error = -EIO;
	feed_open(1);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	assert_int_equal(end_session(1), 0);
	check_indexes(fixture.sink, "0 1 2");
}

static void a_sink_can_be_taken_away_and_come_back(void **state)
{
	struct fixture_sink *third = fixture_sink_new();

	(void)state;
	assert_ptr_equal(pipeline_sink(fixture.pipeline, 0), &fixture.sink->sink);
	assert_ptr_equal(pipeline_sink(fixture.pipeline, 1), &second->sink);
	assert_null(pipeline_sink(fixture.pipeline, 2));
	assert_null(pipeline_sink(fixture.pipeline, 99));
	assert_int_equal(pipeline_replace_sink(fixture.pipeline, 1, NULL), 0);
	assert_null(pipeline_sink(fixture.pipeline, 1));
	feed_open(1);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	assert_int_equal(pipeline_add_sink(fixture.pipeline, &third->sink), 1);
	feed_open(2);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	check_indexes(fixture.sink, "0 1 2");
	check_indexes(third, "2");
}

/* What the old one lacked is not the new one's. */
static void a_sink_in_anothers_place_is_not_told_for_it(void **state)
{
	struct fixture_sink *third = fixture_sink_new();

	(void)state;
	third->sink.name = "third";
	second->error = -EIO;
	feed_open(1);
	assert_int_equal(pipeline_replace_sink(fixture.pipeline, 1, &third->sink), -EIO);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	for (size_t i = 0; i < fixture.sink->count; i++)
		assert_null(strstr(fixture.sink->lines[i].data, "\"sink\":\"third\""));
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_one_refuses_is_told_for_that_one),
		CASE(the_first_may_be_the_one_that_refuses),
		CASE(the_very_first_record_may_be_the_one_that_lacks),
		CASE(a_sink_is_told_once_its_backlog_is_written),
		CASE(nothing_is_told_while_the_sink_still_refuses),
		CASE(what_is_refused_in_the_telling_is_one_more),
		CASE(what_both_refuse_is_lost),
		CASE(each_session_tells_of_its_own),
		CASE(the_agent_tells_for_sessions_that_are_over),
		CASE(one_record_of_a_session_that_is_over_has_no_index_either),
		CASE(what_the_agent_lacks_itself_is_not_mixed_up_with_it),
		CASE(the_agent_tells_also_while_another_sink_fails),
		CASE(a_sink_of_best_effort_lacks_nothing),
		CASE(a_sink_can_be_taken_away_and_come_back),
		CASE(a_sink_in_anothers_place_is_not_told_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
