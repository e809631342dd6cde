/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session that one pipeline began and another one goes on with, as when the agent is restarted: the log must not show
 * where one ended and the other began.
 */
#include "fixture.h"

static struct wire_builder *const builder = &fixture.builder;

static void feed_open(uint64_t number)
{
	wb_open(builder, number, "/x", "/x");
	fixture_feed();
}

static struct session_progress progress_of(uint64_t key)
{
	struct session_progress progress;

	assert_int_equal(pipeline_session_progress(fixture.pipeline, key, &progress), 0);
	return progress;
}

/* Another pipeline, whose sink is empty, goes on where this one is. Returns the lines of the first. */
static size_t hand_over(void)
{
	struct session_progress progress = progress_of(WB_SESSION);
	struct session_start start = fixture_start();
	size_t lines = fixture.sink->count;

	json_object_put(fixture.record);
	pipeline_free(fixture.pipeline);
	fixture_create(0);
	start.time = 99; /* the progress knows better */
	assert_int_equal(pipeline_session_resume(fixture.pipeline, &start, &progress), 0);
	assert_int_equal(fixture.sink->count, 0);
	return lines;
}

static struct json_object *finish(const struct kernel_losses *losses)
{
	struct session_end end = { .losses = *losses };

	assert_int_equal(pipeline_session_end(fixture.pipeline, WB_SESSION, &end), 0);
	return fixture_look(fixture.sink->count - 1);
}

/* How many records the log of the present pipeline says are lost. */
static int64_t told(void)
{
	int64_t sum = 0;

	for (size_t i = 0; i < fixture.sink->count; i++) {
		struct json_object *record = fixture_look(i);

		if (strcmp(json_object_get_string(check_member(record, "event")), "session.lost") ==
		    0)
			sum += json_object_get_int64(check_member(record, "count"));
	}
	return sum;
}

static void progress_is_how_far_the_log_has_come(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 2 }, .numbered = 5 };
	struct session_progress progress;

	(void)state;
	feed_open(1);
	feed_open(4);
	feed_open(5);
	assert_int_equal(pipeline_losses(fixture.pipeline, WB_SESSION, &now), 0);
	progress = progress_of(WB_SESSION);
	assert_int_equal(progress.start_time, FIXTURE_START);
	assert_int_equal(progress.ei, 5);
	assert_int_equal(progress.records[EVENT_START], 1);
	assert_int_equal(progress.records[WIRE_OPEN], 3);
	assert_int_equal(progress.records[EVENT_LOST], 1);
	assert_int_equal(progress.counted, 2);
	assert_int_equal(progress.highest, 5);
	assert_int_equal(progress.taken.by_kind[WIRE_OPEN], 2);
	assert_int_equal(progress.taken.numbered, 5);
	assert_int_equal(pipeline_session_progress(fixture.pipeline, 99, &progress), -ENOENT);
}

static void nothing_shows_where_another_pipeline_goes_on(void **state)
{
	struct kernel_losses none = { .numbered = 3 };

	(void)state;
	feed_open(1);
	feed_open(2);
	assert_int_equal(hand_over(), 3);
	feed_open(3);
	check_int(fixture_look(0), "ei", 3);
	finish(&none);
	fixture_check_line(1, "session.end", 7, 4,
			   "\"duration_ns\":6000000000,\"records\":{\"session.disk\":3,"
			   "\"session.start\":1,\"session.end\":1},\"lost\":0,\"numbered\":3");
}

static void it_may_change_hands_many_times(void **state)
{
	struct kernel_losses none = { .numbered = 20 };

	(void)state;
	for (uint64_t number = 1; number <= 20; number++) {
		feed_open(number);
		check_int(fixture_look(fixture.sink->count - 1), "ei", (int64_t)number);
		hand_over();
	}
	check_value(finish(&none), "records",
		    "{\"session.disk\":20,\"session.start\":1,\"session.end\":1}");
	check_int(fixture.record, "lost", 0);
	check_int(fixture.record, "ei", 21);
}

static void losses_that_were_told_are_not_told_again(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 2 }, .numbered = 4 };

	(void)state;
	feed_open(1);
	feed_open(4);
	assert_int_equal(pipeline_losses(fixture.pipeline, WB_SESSION, &now), 0);
	assert_int_equal(hand_over(), 4);
	assert_int_equal(pipeline_losses(fixture.pipeline, WB_SESSION, &now), 0);
	assert_int_equal(fixture.sink->count, 0);
	feed_open(6);
	now = (struct kernel_losses){ .by_kind = { [WIRE_OPEN] = 2, [WIRE_EXIT] = 1 },
				      .numbered = 6 };
	assert_int_equal(pipeline_losses(fixture.pipeline, WB_SESSION, &now), 0);
	fixture_check_line(1, "session.lost", 7, 5,
			   "\"count\":1,\"by_event\":{\"session.exit\":1},\"first\":5,\"last\":5,"
			   "\"reason\":\"ring\"");
	check_int(finish(&now), "lost", 3);
	check_int(fixture.record, "numbered", 6);
	assert_int_equal(told(), 1);
}

/* The kernel's totals were known, but not yet which numbers are missing. */
static void losses_that_wait_for_their_numbers_are_told_by_the_next(void **state)
{
	struct kernel_losses now = { .by_kind = { [WIRE_OPEN] = 2 }, .numbered = 5 };

	(void)state;
	feed_open(1);
	assert_int_equal(pipeline_losses(fixture.pipeline, WB_SESSION, &now), 0);
	assert_int_equal(hand_over(), 2);
	feed_open(2);
	feed_open(3);
	check_int(finish(&now), "lost", 2);
	assert_int_equal(told(), 2);
}

static void what_was_on_its_way_meanwhile_is_no_loss(void **state)
{
	struct kernel_losses none = { .numbered = 3 };

	(void)state;
	feed_open(1);
	feed_open(3); /* 2 is on another processor */
	assert_int_equal(hand_over(), 3);
	feed_open(2);
	check_int(finish(&none), "lost", 0);
	assert_int_equal(told(), 0);
}

static void a_record_of_which_one_half_is_gone_is_told_as_lost(void **state)
{
	struct wire_exec exec = { .argc = 1 };
	struct kernel_losses none = { .numbered = 1 };

	(void)state;
	wb_begin(builder, WIRE_EXEC, 1, &exec, sizeof(exec));
	wb_part(builder, WIRE_PART_ARGS, WIRE_PART_MORE, "x", 1);
	fixture_feed();
	assert_int_equal(hand_over(), 1);
	wb_more(builder, 1, 1, WIRE_MORE_LAST, "y", 1);
	fixture_feed();
	check_int(finish(&none), "lost", 1);
	assert_int_equal(told(), 1);
}

static void losses_that_could_not_be_told_are_told_by_the_next(void **state)
{
	struct kernel_losses none = { .numbered = 2 };

	(void)state;
	feed_open(1);
	fixture.sink->error = -ENOSPC;
	feed_open(2);
	assert_int_equal(pipeline_flush(fixture.pipeline), -ENOSPC);
	assert_int_equal(hand_over(), 2);
	check_int(finish(&none), "lost", 1);
	assert_int_equal(told(), 1);
}

static void what_one_sink_lacks_is_told_by_the_next(void **state)
{
	struct fixture_sink *second = fixture_sink_new();

	(void)state;
	second->sink.name = "second";
	assert_int_equal(pipeline_add_sink(fixture.pipeline, &second->sink), 1);
	second->error = -ENOSPC;
	feed_open(1);
	assert_int_equal(hand_over(), 2);
	second = fixture_sink_new();
	second->sink.name = "second";
	assert_int_equal(pipeline_add_sink(fixture.pipeline, &second->sink), 1);
	assert_int_equal(pipeline_flush(fixture.pipeline), 0);
	fixture_check_line_of(
		second, 0, "session.lost", 7, 2,
		"\"count\":1,\"by_event\":{\"session.disk\":1},\"first_ei\":1,\"last_ei\":1,"
		"\"reason\":\"sink\",\"sink\":\"second\"");
}

static void what_cannot_be_resumed_is_refused(void **state)
{
	struct session_progress progress = progress_of(WB_SESSION);
	struct session_start start = fixture_start();

	(void)state;
	assert_int_equal(pipeline_session_resume(fixture.pipeline, &start, &progress), -EEXIST);
	start.key = 8;
	start.sid = "short";
	assert_int_equal(pipeline_session_resume(fixture.pipeline, &start, &progress), -EINVAL);
	assert_int_equal(pipeline_session_progress(fixture.pipeline, 8, &progress), -ENOENT);
	assert_int_equal(fixture.sink->count, 1);
	/* The session that there is goes on undisturbed. */
	feed_open(1);
	check_int(fixture_look(1), "ei", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(progress_is_how_far_the_log_has_come),
		FIXTURE_TEST(nothing_shows_where_another_pipeline_goes_on),
		FIXTURE_TEST(it_may_change_hands_many_times),
		FIXTURE_TEST(losses_that_were_told_are_not_told_again),
		FIXTURE_TEST(losses_that_wait_for_their_numbers_are_told_by_the_next),
		FIXTURE_TEST(what_was_on_its_way_meanwhile_is_no_loss),
		FIXTURE_TEST(a_record_of_which_one_half_is_gone_is_told_as_lost),
		FIXTURE_TEST(losses_that_could_not_be_told_are_told_by_the_next),
		FIXTURE_TEST(what_one_sink_lacks_is_told_by_the_next),
		FIXTURE_TEST(what_cannot_be_resumed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
