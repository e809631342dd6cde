/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "sinks/set.h"

/* A sink that does what the test says, and says what was done. */
struct toy {
	struct sink sink;
	int error; /* what everything returns */
	int due;
	uint64_t unwritten;
	unsigned int written, flushed, rotated;
};

static unsigned int closed; /* toys */

static struct toy *toy_of(struct sink *sink)
{
	return (struct toy *)(void *)sink;
}

static int toy_write(struct sink *sink, const char *line, size_t size)
{
	assert_string_equal(line, "line\n");
	assert_int_equal(size, 5);
	toy_of(sink)->written += toy_of(sink)->error == 0;
	return toy_of(sink)->error;
}

static int toy_flush(struct sink *sink)
{
	toy_of(sink)->flushed++;
	return toy_of(sink)->error;
}

static int toy_rotate(struct sink *sink, bool moved)
{
	(void)moved;
	toy_of(sink)->rotated++;
	return toy_of(sink)->error;
}

static int toy_close(struct sink *sink, uint64_t *ret_unwritten)
{
	int r = toy_of(sink)->error;

	*ret_unwritten = toy_of(sink)->unwritten;
	free(toy_of(sink));
	closed++;
	return r;
}

static int toy_due(const struct sink *sink)
{
	return ((const struct toy *)(const void *)sink)->due;
}

static const struct sink_type FULL = {
	.name = "full",
	.write = toy_write,
	.flush = toy_flush,
	.close = toy_close,
	.rotate = toy_rotate,
	.due = toy_due,
};

/* What may be NULL is. */
static const struct sink_type PLAIN = {
	.name = "plain", .write = toy_write, .flush = toy_flush, .close = toy_close
};

static struct toy *toy_new(const struct sink_type *type)
{
	struct toy *toy = calloc(1, sizeof(*toy));

	assert_non_null(toy);
	toy->sink.type = type;
	toy->sink.name = type->name;
	toy->due = -1;
	return toy;
}

static struct sink_set set;
static struct toy *toys[SINK_SET_PLACES];

static void fill(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		toys[i] = toy_new(&FULL);
		assert_int_equal(sink_set_add(&set, &toys[i]->sink), i);
	}
}

static int setup(void **state)
{
	(void)state;
	set = (struct sink_set){ 0 };
	closed = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)sink_set_close(&set);
	return 0;
}

static void check_verdict(struct sink_verdict verdict, bool any, unsigned int failed, int error)
{
	assert_int_equal(verdict.any, any);
	assert_int_equal(verdict.failed, failed);
	assert_int_equal(verdict.error, error);
}

static struct sink_verdict write_line(void)
{
	return sink_set_write(&set, "line\n", 5);
}

static void a_set_without_a_sink_does_nothing(void **state)
{
	(void)state;
	check_verdict(write_line(), false, 0, 0);
	check_verdict(sink_set_flush(&set), false, 0, 0);
	assert_int_equal(sink_set_rotate(&set, false), 0);
	assert_int_equal(sink_set_due(&set), -1);
	assert_int_equal(sink_set_replace(&set, 2, NULL), 0);
	assert_int_equal(sink_set_close(&set), 0);
}

static void places_are_given_in_order_and_are_few(void **state)
{
	struct toy *more = toy_new(&FULL);

	(void)state;
	fill(SINK_SET_PLACES);
	assert_int_equal(sink_set_add(&set, &more->sink), -ENOSPC);
	/* It is still the caller's. */
	assert_int_equal(sink_close(&more->sink, NULL), 0);
	assert_int_equal(closed, 1);
}

static void a_place_that_is_free_again_is_given_first(void **state)
{
	struct toy *other = toy_new(&FULL), *last = toy_new(&FULL);

	(void)state;
	fill(3);
	assert_int_equal(sink_set_replace(&set, 1, NULL), 0);
	assert_int_equal(closed, 1);
	check_verdict(write_line(), true, 0, 0);
	assert_int_equal(toys[2]->written, 1);
	assert_int_equal(sink_set_add(&set, &other->sink), 1);
	assert_int_equal(sink_set_add(&set, &last->sink), 3);
	assert_ptr_equal(set.sinks[1], &other->sink);
}

static void all_get_each_line(void **state)
{
	(void)state;
	fill(3);
	check_verdict(write_line(), true, 0, 0);
	check_verdict(write_line(), true, 0, 0);
	check_verdict(sink_set_flush(&set), true, 0, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(toys[i]->written, 2);
		assert_int_equal(toys[i]->flushed, 1);
	}
	assert_int_equal(set.refused, 0);
	assert_int_equal(set.error, 0);
}

static void a_verdict_names_the_places_that_failed(void **state)
{
	(void)state;
	fill(4);
	toys[1]->error = -ENOSPC;
	toys[3]->error = -EIO;
	check_verdict(write_line(), true, 0xa, -ENOSPC);
	check_verdict(sink_set_flush(&set), true, 0xa, -ENOSPC);
	assert_int_equal(set.refused, 2);
	assert_int_equal(set.error, -EIO); /* the latest */
	toys[0]->error = toys[2]->error = -EAGAIN;
	check_verdict(write_line(), false, 0xf, -EAGAIN);
	assert_int_equal(set.refused, 6);
	for (size_t i = 0; i < 4; i++)
		toys[i]->error = 0;
	check_verdict(write_line(), true, 0, 0);
}

static void best_effort_is_no_part_of_a_verdict(void **state)
{
	(void)state;
	fill(2);
	toys[0]->sink.best_effort = true;
	toys[0]->error = -EPIPE;
	check_verdict(write_line(), true, 0, 0);
	check_verdict(sink_set_flush(&set), true, 0, 0);
	assert_int_equal(set.refused, 1);
	assert_int_equal(set.error, 0);
	toys[0]->error = 0;
	toys[1]->error = -EIO;
	check_verdict(write_line(), false, 2, -EIO);
}

static void a_set_of_best_effort_has_nothing_to_answer_for(void **state)
{
	(void)state;
	fill(1);
	toys[0]->sink.best_effort = true;
	check_verdict(write_line(), false, 0, 0);
	assert_int_equal(toys[0]->written, 1);
	toys[0]->error = -EPIPE;
	check_verdict(write_line(), false, 0, 0);
	check_verdict(sink_set_flush(&set), false, 0, 0);
}

static void all_rotate_whatever_the_others_say(void **state)
{
	struct toy *plain = toy_new(&PLAIN);

	(void)state;
	fill(3);
	assert_int_equal(sink_set_add(&set, &plain->sink), 3);
	assert_int_equal(sink_set_rotate(&set, false), 0);
	toys[0]->error = -EROFS;
	toys[2]->error = -EIO;
	assert_int_equal(sink_set_rotate(&set, false), -EROFS);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(toys[i]->rotated, 2);
}

static void best_effort_fails_to_rotate_unseen(void **state)
{
	(void)state;
	fill(1);
	toys[0]->sink.best_effort = true;
	toys[0]->error = -EROFS;
	(void)sink_set_rotate(&set, false);
	/* The error of a sink that counts, and this one does not. */
	assert_int_equal(set.error, 0);
}

static void the_soonest_is_due(void **state)
{
	struct toy *plain = toy_new(&PLAIN);

	(void)state;
	assert_int_equal(sink_set_add(&set, &plain->sink), 0);
	for (size_t i = 1; i < 4; i++) {
		toys[i] = toy_new(&FULL);
		assert_int_equal(sink_set_add(&set, &toys[i]->sink), i);
	}
	assert_int_equal(sink_set_due(&set), -1);
	toys[3]->due = 5000;
	assert_int_equal(sink_set_due(&set), 5000);
	toys[1]->due = 100;
	assert_int_equal(sink_set_due(&set), 100);
	toys[2]->due = 0;
	assert_int_equal(sink_set_due(&set), 0);
}

static void what_is_replaced_is_closed(void **state)
{
	struct toy *other = toy_new(&FULL), *third = toy_new(&FULL);

	(void)state;
	fill(2);
	toys[1]->unwritten = 7;
	assert_int_equal(sink_set_replace(&set, 1, &other->sink), 0);
	assert_int_equal(closed, 1);
	assert_int_equal(set.unwritten, 7);
	check_verdict(write_line(), true, 0, 0);
	assert_int_equal(other->written, 1);
	other->error = -EIO;
	other->unwritten = 2;
	assert_int_equal(sink_set_replace(&set, 1, &third->sink), -EIO);
	assert_int_equal(set.unwritten, 9);
	assert_int_equal(set.error, -EIO);
	check_verdict(write_line(), true, 0, 0);
	assert_int_equal(third->written, 1);
	/* An empty place, too. */
	other = toy_new(&FULL);
	assert_int_equal(sink_set_replace(&set, 3, &other->sink), 0);
	check_verdict(write_line(), true, 0, 0);
	assert_int_equal(other->written, 1);
}

static void closing_closes_all_and_returns_the_first_error(void **state)
{
	(void)state;
	fill(4);
	toys[0]->sink.best_effort = true;
	toys[0]->error = -EPIPE;
	toys[0]->unwritten = 100;
	toys[1]->error = -ENOSPC;
	toys[1]->unwritten = 3;
	toys[2]->error = -EIO;
	toys[3]->unwritten = 1;
	assert_int_equal(sink_set_close(&set), -ENOSPC);
	assert_int_equal(closed, 4);
	assert_int_equal(set.unwritten, 4);
	assert_int_equal(set.error, -EIO);
	assert_int_equal(sink_set_close(&set), 0);
	assert_int_equal(closed, 4);
}

static void a_sink_that_does_not_say_has_a_status_of_zeroes(void **state)
{
	struct toy *plain = toy_new(&PLAIN);
	struct sink_status status = { .written = 1, .error = -1 };

	(void)state;
	sink_status_get(&plain->sink, &status);
	assert_int_equal(status.written, 0);
	assert_int_equal(status.refused, 0);
	assert_int_equal(status.backlog_lines, 0);
	assert_int_equal(status.backlog_bytes, 0);
	assert_int_equal(status.error, 0);
	assert_int_equal(sink_rotate(&plain->sink, false), 0);
	assert_int_equal(sink_due(&plain->sink), -1);
	assert_int_equal(sink_close(&plain->sink, NULL), 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_set_without_a_sink_does_nothing),
		CASE(places_are_given_in_order_and_are_few),
		CASE(a_place_that_is_free_again_is_given_first),
		CASE(all_get_each_line),
		CASE(a_verdict_names_the_places_that_failed),
		CASE(best_effort_is_no_part_of_a_verdict),
		CASE(a_set_of_best_effort_has_nothing_to_answer_for),
		CASE(all_rotate_whatever_the_others_say),
		CASE(best_effort_fails_to_rotate_unseen),
		CASE(the_soonest_is_due),
		CASE(what_is_replaced_is_closed),
		CASE(closing_closes_all_and_returns_the_first_error),
		CASE(a_sink_that_does_not_say_has_a_status_of_zeroes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
