/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "sinks/queue.h"
#include "sinks/stream.h"

/* The sink behind the queue: it keeps the lines that it takes, and fails as it is told. */
static struct gate {
	struct sink sink;
	struct buffer taken;
	uint64_t lines;
	int error;	 /* of everything: write and flush */
	int flush_error; /* of flush alone */
	uint64_t room;	 /* lines until it is busy */
	uint64_t flushes, rotations, rotated_at;
	int due;
	bool closed;
} gate;

static struct sink *queue;

static int gate_write(struct sink *sink, const char *line, size_t size)
{
	(void)sink;
	if (gate.error)
		return gate.error;
	if (size > 10000)
		return -EMSGSIZE;
	if (gate.room == 0)
		return -EAGAIN;
	gate.room--;
	gate.lines++;
	return buffer_append(&gate.taken, line, size);
}

static int gate_flush(struct sink *sink)
{
	(void)sink;
	gate.flushes++;
	return gate.error ? gate.error : gate.flush_error;
}

static int gate_close(struct sink *sink, uint64_t *ret_unwritten)
{
	(void)sink;
	gate.closed = true;
	*ret_unwritten = 0;
	return gate.error;
}

static int gate_rotate(struct sink *sink, bool moved)
{
	(void)sink, (void)moved;
	gate.rotations++;
	gate.rotated_at = gate.lines;
	return 0;
}

static int gate_due(const struct sink *sink)
{
	(void)sink;
	return gate.due;
}

static const struct sink_type gate_type = {
	.name = "gate",
	.write = gate_write,
	.flush = gate_flush,
	.close = gate_close,
	.rotate = gate_rotate,
	.due = gate_due,
};

static int setup(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	gate = (struct gate){
		.sink = { .type = &gate_type, .name = "gate" },
		.taken = BUFFER_INIT(1 << 28),
		.room = UINT64_MAX,
		.due = -1,
	};
	assert_int_equal(queue_new(&queue, &gate.sink, 100000), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buffer_free(&gate.taken);
	return 0;
}

static int put(unsigned int number)
{
	char line[32];
	int size = snprintf(line, sizeof(line), "line %u\n", number);

	return sink_write(queue, line, (size_t)size);
}

static void put_range(unsigned int from, unsigned int to)
{
	for (unsigned int number = from; number < to; number++)
		assert_int_equal(put(number), 0);
}

/* What has arrived are these lines, in order. */
static void check_taken(unsigned int from, unsigned int to)
{
	const char *at = gate.taken.data, *end = at + gate.taken.size;

	for (unsigned int number = from; number < to; number++) {
		char line[32];
		int size = snprintf(line, sizeof(line), "line %u\n", number);

		assert_true(end - at >= size);
		assert_memory_equal(at, line, (size_t)size);
		at += size;
	}
	assert_true(at == end);
}

static struct sink_status status(void)
{
	struct sink_status now;

	sink_status_get(queue, &now);
	return now;
}

/* As the agent's loop does: comes back when it is told to, until nothing is left. */
static void flush_when_due(void)
{
	int r = sink_flush(queue);

	while (r < 0) {
		assert_true(sink_due(queue) >= 0);
		(void)poll(NULL, 0, sink_due(queue));
		r = sink_flush(queue);
	}
}

static void check_close(int expected, uint64_t expected_unwritten)
{
	uint64_t unwritten = 99;

	assert_int_equal(sink_close(queue, &unwritten), expected);
	assert_int_equal(unwritten, expected_unwritten);
	assert_true(gate.closed);
}

static void lines_go_through_while_all_is_well(void **state)
{
	(void)state;
	assert_string_equal(queue->name, "gate");
	put_range(0, 10);
	check_taken(0, 10);
	assert_int_equal(sink_flush(queue), 0);
	assert_int_equal(gate.flushes, 1);
	assert_int_equal(sink_due(queue), -1);
	gate.due = 77;
	assert_int_equal(sink_due(queue), 77);
	assert_int_equal(status().written, 10);
	check_close(0, 0);
}

static void lines_wait_while_it_fails_and_keep_their_order(void **state)
{
	(void)state;
	put_range(0, 5);
	gate.error = -ENOSPC;
	put_range(5, 1000);
	assert_int_equal(status().error, -ENOSPC);
	assert_int_equal(status().backlog_lines, 995);
	assert_int_equal(status().backlog_bytes, 5 * 7 + 90 * 8 + 900 * 9);
	assert_int_equal(status().written, 5);
	assert_int_equal(sink_flush(queue), -ENOSPC);
	gate.error = 0;
	put_range(1000, 1001); /* not before the others */
	flush_when_due();
	check_taken(0, 1001);
	assert_int_equal(status().error, 0);
	assert_int_equal(status().backlog_lines, 0);
	assert_int_equal(status().backlog_bytes, 0);
	assert_int_equal(status().written, 1001);
	assert_int_equal(status().refused, 0);
	check_close(0, 0);
}

static void tries_are_spaced_and_further_apart_each_time(void **state)
{
	int delay = QUEUE_RETRY_MS;

	(void)state;
	gate.error = -ENOENT;
	put_range(0, 1);
	for (int i = 0; i < 3; i++, delay *= 2) {
		uint64_t flushes = gate.flushes;

		assert_in_range(sink_due(queue), delay / 2, delay);
		assert_int_equal(sink_flush(queue), -ENOENT);
		assert_int_equal(gate.flushes, flushes); /* too early: nothing was tried */
		(void)poll(NULL, 0, sink_due(queue));
		assert_int_equal(sink_due(queue), 0);
		assert_int_equal(sink_flush(queue), -ENOENT);
		assert_int_equal(gate.flushes, flushes + 1);
	}
	gate.error = 0;
	flush_when_due();
	gate.error = -ENOENT; /* it has gone well since: the first in a row again */
	put_range(1, 2);
	assert_in_range(sink_due(queue), QUEUE_RETRY_MS / 2, QUEUE_RETRY_MS);
	gate.error = 0;
	check_close(0, 0);
	check_taken(0, 2);
}

static void a_busy_sink_is_tried_again_soon(void **state)
{
	(void)state;
	gate.room = 3;
	put_range(0, 50);
	assert_in_range(sink_due(queue), 0, QUEUE_BUSY_MS);
	while (gate.lines < 50) {
		gate.room = 10;
		(void)poll(NULL, 0, sink_due(queue));
		(void)sink_flush(queue);
		assert_in_range(sink_due(queue) + 1, 0,
				QUEUE_BUSY_MS + 1); /* -1: nothing is left */
	}
	check_taken(0, 50);
	check_close(0, 0);
}

static void a_full_queue_refuses_until_it_is_half_empty(void **state)
{
	unsigned int taken = 0;

	(void)state;
	gate.error = -ENOSPC;
	while (put(taken) == 0)
		taken++;
	assert_in_range(taken, 100000 / 19, 100000 / 14);
	assert_int_equal(put(taken), -ENOBUFS);
	assert_int_equal(status().refused, 2);
	assert_int_equal(status().backlog_lines, taken);

	gate.error = 0;
	gate.room = taken / 4; /* there is room now, but not enough: the gap goes on */
	(void)poll(NULL, 0, sink_due(queue));
	assert_int_equal(sink_flush(queue), -EAGAIN);
	assert_int_equal(gate.lines, taken / 4);
	assert_int_equal(put(taken), -ENOBUFS);
	gate.room = taken / 3;
	(void)poll(NULL, 0, sink_due(queue));
	assert_int_equal(sink_flush(queue), -EAGAIN);
	assert_int_equal(put(taken), 0);
	gate.room = UINT64_MAX;
	flush_when_due();
	check_taken(0, taken + 1);
	assert_int_equal(status().refused, 3);
	check_close(0, 0);
}

static void a_line_larger_than_the_queue_is_a_gap_of_one(void **state)
{
	static char line[9000];
	struct sink *small;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(sink_close(queue, NULL), 0);
	assert_int_equal(queue_new(&small, &gate.sink, 1000), 0);
	queue = small;
	gate.error = -ENOSPC;
	assert_int_equal(sink_write(queue, line, sizeof(line)), -ENOBUFS);
	put_range(0, 3);
	gate.error = 0;
	flush_when_due();
	check_taken(0, 3);
	check_close(0, 0);
}

static void one_flush_writes_so_many_lines_at_most(void **state)
{
	(void)state;
	gate.error = -ENOSPC;
	put_range(0, QUEUE_FLUSH_LINES + 10);
	gate.error = 0;
	(void)poll(NULL, 0, sink_due(queue));
	assert_int_equal(sink_flush(queue), -EAGAIN);
	assert_int_equal(gate.lines, QUEUE_FLUSH_LINES);
	assert_int_equal(sink_due(queue), 0);
	assert_int_equal(status().error, 0);
	assert_int_equal(sink_flush(queue), 0);
	check_taken(0, QUEUE_FLUSH_LINES + 10);
	check_close(0, 0);
}

static void a_line_that_can_never_be_taken_does_not_block_the_others(void **state)
{
	static char line[20000];

	(void)state;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(sink_write(queue, line, sizeof(line)), -EMSGSIZE);
	assert_int_equal(sink_due(queue), -1);
	gate.error = -ENOENT;
	put_range(0, 3);
	assert_int_equal(sink_write(queue, line, sizeof(line)), 0);
	put_range(3, 6);
	gate.error = 0;
	flush_when_due();
	check_taken(0, 6);
	assert_int_equal(status().written, 6);
	assert_int_equal(status().refused, 2);
	check_close(0, 1);
}

static void a_failing_flush_is_tried_again_too(void **state)
{
	(void)state;
	put_range(0, 1);
	gate.flush_error = -EIO;
	assert_int_equal(sink_flush(queue), -EIO);
	assert_int_equal(status().error, -EIO);
	assert_in_range(sink_due(queue), 0, QUEUE_RETRY_MS);
	put_range(1, 2); /* which the sink takes all the same */
	gate.flush_error = 0;
	flush_when_due();
	assert_int_equal(status().error, 0);
	check_taken(0, 2);
	check_close(0, 0);
}

static void rotation_comes_after_what_waits(void **state)
{
	(void)state;
	gate.error = -ENOSPC;
	put_range(0, 20);
	gate.error = 0;
	assert_int_equal(sink_rotate(queue, false), 0);
	assert_int_equal(gate.rotations, 1);
	assert_int_equal(gate.rotated_at, 20);
	check_close(0, 0);
}

static void closing_tries_once_more_and_counts_the_rest(void **state)
{
	(void)state;
	gate.error = -ENOSPC;
	put_range(0, 10);
	gate.error = 0;
	gate.room = 4; /* and then it is busy for good: this is waited for, but not for ever */
	check_close(-EAGAIN, 6);
	check_taken(0, 4);
}

static void closing_does_not_wait_for_what_fails(void **state)
{
	uint64_t begun = clock_boottime_ns();

	(void)state;
	gate.error = -ENOENT;
	put_range(0, 10);
	check_close(-ENOENT, 10);
	assert_true(clock_boottime_ns() - begun < (uint64_t)QUEUE_CLOSE_IDLE_MS * 1000000);
}

static void a_real_file_without_room_gets_everything_in_the_end(void **state)
{
	char name[] = "/tmp/seshat-test-XXXXXX", text[64];
	struct rlimit limit, small;
	struct sink *stream;
	int fd = mkostemp(name, O_APPEND | O_CLOEXEC);

	(void)state;
	check_close(0, 0);
	assert_true(fd >= 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){ .rlim_cur = 100000, .rlim_max = limit.rlim_max };
	assert_int_equal(stream_new(&stream, fd), 0);
	assert_int_equal(queue_new(&queue, stream, 1000000), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (unsigned int number = 0; number < 20000; number++) {
		assert_int_equal(put(number), 0);
		if (number % 100 == 0)
			(void)sink_flush(queue);
	}
	assert_int_equal(status().error, -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	flush_when_due();
	assert_int_equal(sink_close(queue, NULL), 0);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	gate.taken.size = 0;
	for (ssize_t n; (n = read(fd, text, sizeof(text))) > 0;)
		assert_int_equal(buffer_append(&gate.taken, text, (size_t)n), 0);
	fd_close(fd);
	unlink(name);
	check_taken(0, 20000);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(lines_go_through_while_all_is_well),
		CASE(lines_wait_while_it_fails_and_keep_their_order),
		CASE(tries_are_spaced_and_further_apart_each_time),
		CASE(a_busy_sink_is_tried_again_soon),
		CASE(a_full_queue_refuses_until_it_is_half_empty),
		CASE(a_line_larger_than_the_queue_is_a_gap_of_one),
		CASE(one_flush_writes_so_many_lines_at_most),
		CASE(a_line_that_can_never_be_taken_does_not_block_the_others),
		CASE(a_failing_flush_is_tried_again_too),
		CASE(rotation_comes_after_what_waits),
		CASE(closing_tries_once_more_and_counts_the_rest),
		CASE(closing_does_not_wait_for_what_fails),
		CASE(a_real_file_without_room_gets_everything_in_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
