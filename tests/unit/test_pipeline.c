/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static struct wire_builder *const builder = &fixture.builder;

static void feed_open(uint64_t number)
{
	wb_open(builder, number, "/x", "/x");
	fixture_feed();
}

/* Bytes that say that they are an open of that number, and are not. */
static void feed_broken(uint64_t number)
{
	wb_open(builder, number, "/x", "/x");
	wb_string(builder, WIRE_PART_PATH, "/twice");
	fixture_feed();
}

static void begin_exec(uint64_t number, uint32_t tid)
{
	struct wire_exec exec = { .argc = 1 };

	wb_begin(builder, WIRE_EXEC, number, &exec, sizeof(exec));
	wb_header(builder)->task.tid = tid;
	wb_string(builder, WIRE_PART_PATH, "/bin/x");
	wb_part(builder, WIRE_PART_ARGS, WIRE_PART_MORE, "x", 1);
	fixture_feed();
}

/* Ends the session and looks at session.end: numbered == written + lost must hold. */
static struct json_object *finish(uint64_t numbered, const struct kernel_losses *losses,
				  uint64_t written, uint64_t lost)
{
	struct session_end end = { .time = FIXTURE_START + 1 };
	struct json_object *record, *records;
	int64_t sum = 0;

	if (losses)
		end.losses = *losses;
	end.losses.numbered = numbered;
	assert_int_equal(pipeline_session_end(fixture.pipeline, WB_SESSION, &end), 0);
	record = fixture_look(fixture.sink->count - 1);
	check_string(record, "event", "session.end");
	check_int(record, "numbered", (int64_t)numbered);
	check_int(record, "lost", (int64_t)lost);
	records = check_member(record, "records");
	json_object_object_foreach(records, event, count)
	{
		if (strcmp(event, "session.start") != 0 && strcmp(event, "session.lost") != 0 &&
		    strcmp(event, "session.end") != 0)
			sum += json_object_get_int64(count);
	}
	assert_int_equal(sum, written);
	assert_int_equal(written + lost, numbered);
	return record;
}

/* The session.lost at that place says so. */
static void check_lost(size_t index, const char *reason, int64_t count, const char *by_event,
		       int64_t first, int64_t last)
{
	struct json_object *record = fixture_look(index);

	check_string(record, "event", "session.lost");
	check_string(record, "reason", reason);
	check_int(record, "count", count);
	check_value(record, "by_event", by_event);
	check_int(record, "first", first);
	check_int(record, "last", last);
}

static void indexes_have_no_gap(void **state)
{
	(void)state;
	for (uint64_t number = 1; number <= 5; number++)
		feed_open(number);
	finish(5, NULL, 5, 0);
	for (size_t i = 0; i < fixture.sink->count; i++)
		check_int(fixture_look(i), "ei", (int64_t)i);
}

static void records_of_other_sessions_are_counted_apart(void **state)
{
	struct pipeline_stats stats;

	(void)state;
	wb_open(builder, 1, "/x", "/x");
	wb_header(builder)->session = 99;
	fixture_feed();
	pipeline_stats_get(fixture.pipeline, &stats);
	assert_int_equal(stats.unmatched, 1);
	assert_int_equal(fixture.sink->count, 1);
	finish(0, NULL, 0, 0);
}

static void two_sessions_have_their_own_logs(void **state)
{
	struct session_start start = fixture_start();

	(void)state;
	start.key = 8;
	start.sid = "11111111-2222-4333-8444-555555555555";
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), -EEXIST);
	wb_open(builder, 1, "/x", "/x");
	wb_header(builder)->session = 8;
	check_string(fixture_encode(), "sid", "11111111-2222-4333-8444-555555555555");
	check_int(fixture.record, "ei", 1);
	wb_header(builder)->session = WB_SESSION;
	check_string(fixture_encode(), "sid", FIXTURE_SID);
	check_int(fixture.record, "ei", 1);
}

static void a_broken_record_is_told_as_lost(void **state)
{
	struct pipeline_stats stats;

	(void)state;
	feed_open(1);
	feed_broken(2);
	feed_open(3);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	check_lost(3, "decode", 1, "{\"session.disk\":1}", 2, 2);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	assert_int_equal(fixture.sink->count, 4);
	finish(3, NULL, 2, 1);
	pipeline_stats_get(fixture.pipeline, &stats);
	assert_int_equal(stats.lost[LOSS_DECODE], 1);
	assert_int_equal(stats.written, 5);
}

static void bytes_that_are_nothing_are_told_at_the_end(void **state)
{
	struct pipeline_stats stats;
	uint64_t nothing[20] = { 0 };

	(void)state;
	feed_open(1);
	assert_int_equal(pipeline_feed(fixture.pipeline, nothing, sizeof(nothing)), 0);
	assert_int_equal(pipeline_feed(fixture.pipeline, nothing, 0), 0);
	assert_int_equal(pipeline_feed(fixture.pipeline, nothing, 3), 0);
	pipeline_stats_get(fixture.pipeline, &stats);
	assert_int_equal(stats.undecodable, 3);
	finish(3, NULL, 1, 2);
	check_lost(2, "decode", 2, "{\"unknown\":2}", 2, 3);
}

static void kernel_losses_are_told_once(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 2 }, .numbered = 4 };

	(void)state;
	feed_open(1);
	feed_open(4);
	assert_int_equal(pipeline_losses(fixture.pipeline, WB_SESSION, &now), 0);
	assert_int_equal(pipeline_losses(fixture.pipeline, WB_SESSION, &now), 0);
	assert_int_equal(fixture.sink->count, 4);
	check_lost(3, "ring", 2, "{\"session.disk\":2}", 2, 3);
	now.by_kind[WIRE_EXEC] = 1;
	finish(5, &now, 2, 3);
	check_lost(4, "ring", 1, "{\"session.command\":1}", 5, 5);
}

static void losses_of_a_session_that_is_not_open_are_refused(void **state)
{
	struct kernel_losses now = { 0 };
	struct session_end end = { 0 };

	(void)state;
	assert_int_equal(pipeline_losses(fixture.pipeline, 99, &now), -ENOENT);
	assert_int_equal(pipeline_session_end(fixture.pipeline, 99, &end), -ENOENT);
}

static void a_record_whose_end_the_kernel_lost_is_counted_once(void **state)
{
	struct kernel_losses losses = { .by_kind = { [WIRE_EXEC] = 1 } };

	(void)state;
	begin_exec(1, 50);
	wb_open(builder, 2, "/x", "/x");
	wb_header(builder)->task.tid = 50;
	fixture_feed();
	finish(2, &losses, 1, 1);
	check_lost(2, "ring", 1, "{\"session.command\":1}", 1, 1);
}

static void a_record_unfinished_at_the_end_is_counted_once(void **state)
{
	struct kernel_losses losses = { .by_kind = { [WIRE_EXEC] = 1 } };

	(void)state;
	begin_exec(1, 50);
	finish(1, &losses, 0, 1);
	check_lost(1, "ring", 1, "{\"session.command\":1}", 1, 1);
}

static void a_record_given_up_for_memory_is_told_as_such(void **state)
{
	static char piece[WIRE_MORE_SIZE];
	struct session_start start = fixture_start();

	(void)state;
	pipeline_free(fixture.pipeline);
	fixture_create(WIRE_MORE_SIZE);
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
	begin_exec(1, 50);
	wb_more(builder, 1, 1, 0, piece, sizeof(piece));
	fixture_feed();
	wb_more(builder, 1, 2, WIRE_MORE_LAST, "x", 1);
	fixture_feed();
	finish(1, NULL, 0, 1);
	check_lost(1, "memory", 1, "{\"session.command\":1}", 1, 1);
}

static void a_broken_piece_is_told_as_lost(void **state)
{
	(void)state;
	begin_exec(1, 50);
	wb_more(builder, 1, 1, 0, "x", 1);
	wb_append(builder, "rubbish", 8);
	fixture_feed();
	finish(1, NULL, 0, 1);
	check_lost(1, "decode", 1, "{\"session.command\":1}", 1, 1);
}

static void a_full_sink_loses_lines_and_says_so_when_it_has_room(void **state)
{
	struct pipeline_stats stats;

	(void)state;
	feed_open(1);
	fixture.sink->error = -ENOSPC;
	feed_open(2);
	feed_open(3);
	assert_int_equal(pipeline_flush(fixture.pipeline), -ENOSPC);
	feed_open(4);
	assert_int_equal(fixture.sink->count, 2);
	fixture.sink->error = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	check_lost(2, "sink", 3, "{\"session.disk\":3}", 2, 4);
	feed_open(5);
	check_int(fixture_look(3), "ei", 3);
	finish(5, NULL, 2, 3);
	pipeline_stats_get(fixture.pipeline, &stats);
	assert_int_equal(stats.lost[LOSS_SINK], 3);
	assert_int_equal(stats.refused, 3);
	assert_int_equal(stats.sink_error, -ENOSPC);
}

static void a_refused_loss_is_told_later_and_only_once(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 1 }, .numbered = 2 };

	(void)state;
	feed_open(2);
	fixture.sink->error = -ENOSPC;
	assert_int_equal(pipeline_losses(fixture.pipeline, WB_SESSION, &now), -ENOSPC);
	assert_int_equal(pipeline_losses(fixture.pipeline, WB_SESSION, &now), -ENOSPC);
	assert_int_equal(fixture.sink->count, 2);
	fixture.sink->error = 0;
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	assert_int_equal(fixture.sink->count, 3);
	check_lost(2, "ring", 1, "{\"session.disk\":1}", 1, 1);
	finish(2, NULL, 1, 1);
}

static void an_end_that_cannot_be_written_is_an_error_and_an_end(void **state)
{
	struct session_end end = { 0 };

	(void)state;
	fixture.sink->error = -EPIPE;
	assert_int_equal(pipeline_session_end(fixture.pipeline, WB_SESSION, &end), -EPIPE);
	assert_int_equal(pipeline_session_end(fixture.pipeline, WB_SESSION, &end), -ENOENT);
	assert_int_equal(pipeline_close(fixture.pipeline), -EPIPE);
}

static void a_start_that_cannot_be_written_opens_no_session(void **state)
{
	struct session_start start = fixture_start();

	(void)state;
	start.key = 8;
	fixture.sink->error = -ENOSPC;
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), -ENOSPC);
	fixture.sink->error = 0;
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
}

static void a_sink_of_best_effort_loses_nothing(void **state)
{
	struct fixture_sink *second = fixture_sink_new();
	struct pipeline_stats stats;

	(void)state;
	second->sink.best_effort = true;
	assert_int_equal(pipeline_add_sink(fixture.pipeline, &second->sink), 1);
	feed_open(1);
	assert_int_equal(second->count, 1);
	second->error = -EPIPE;
	feed_open(2);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	finish(2, NULL, 2, 0);
	pipeline_stats_get(fixture.pipeline, &stats);
	assert_int_equal(stats.refused, 2);
	assert_int_equal(stats.sink_error, 0);
	assert_int_equal(pipeline_close(fixture.pipeline), 0);
}

static void the_clock_follows_when_it_is_set(void **state)
{
	(void)state;
	feed_open(1);
	check_string(fixture_look(1), "time", "2026-11-21T15:30:05.000001000Z");
	fixture.offset += 3000; /* the measurement's fault */
	pipeline_flush(fixture.pipeline);
	feed_open(2);
	check_string(fixture_look(2), "time", "2026-11-21T15:30:05.000002000Z");
	fixture.offset += 3600000000000;
	pipeline_flush(fixture.pipeline);
	feed_open(3);
	check_string(fixture_look(3), "time", "2026-11-21T16:30:05.000006000Z");
}

static void the_largest_arguments_make_one_line(void **state)
{
	static char piece[WIRE_MORE_SIZE];
	struct wire_exec exec = { .argc = 17 };
	struct json_object *record;

	(void)state;
	memset(piece, '\x01', sizeof(piece));
	wb_begin(builder, WIRE_EXEC, 1, &exec, sizeof(exec));
	wb_string(builder, WIRE_PART_PATH, "/bin/x");
	wb_part(builder, WIRE_PART_ARGS, WIRE_PART_MORE, "x", 2);
	fixture_feed();
	for (uint32_t index = 1; index <= 256; index++) {
		piece[sizeof(piece) - 1] = index % 16 == 0 ? '\0' : '\xff';
		wb_more(builder, 1, index, index == 256 ? WIRE_MORE_LAST : 0, piece, sizeof(piece));
		fixture_feed();
	}
	record = fixture_look(1);
	assert_int_equal(json_object_array_length(check_member(record, "argv")), 16);
	assert_int_equal(json_object_object_length(check_member(record, "raw")), 16);
	assert_false(check_has(record, "argv_truncated"));
	assert_true(fixture.sink->lines[1].size > 12000000);
	finish(1, NULL, 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(indexes_have_no_gap),
		FIXTURE_TEST(records_of_other_sessions_are_counted_apart),
		FIXTURE_TEST(two_sessions_have_their_own_logs),
		FIXTURE_TEST(a_broken_record_is_told_as_lost),
		FIXTURE_TEST(bytes_that_are_nothing_are_told_at_the_end),
		FIXTURE_TEST(kernel_losses_are_told_once),
		FIXTURE_TEST(losses_of_a_session_that_is_not_open_are_refused),
		FIXTURE_TEST(a_record_whose_end_the_kernel_lost_is_counted_once),
		FIXTURE_TEST(a_record_unfinished_at_the_end_is_counted_once),
		FIXTURE_TEST(a_record_given_up_for_memory_is_told_as_such),
		FIXTURE_TEST(a_broken_piece_is_told_as_lost),
		FIXTURE_TEST(a_full_sink_loses_lines_and_says_so_when_it_has_room),
		FIXTURE_TEST(a_refused_loss_is_told_later_and_only_once),
		FIXTURE_TEST(an_end_that_cannot_be_written_is_an_error_and_an_end),
		FIXTURE_TEST(a_start_that_cannot_be_written_opens_no_session),
		FIXTURE_TEST(a_sink_of_best_effort_loses_nothing),
		FIXTURE_TEST(the_clock_follows_when_it_is_set),
		FIXTURE_TEST(the_largest_arguments_make_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
