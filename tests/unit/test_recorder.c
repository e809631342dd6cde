/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <fcntl.h>

#include "base/log.h"
#include "cli/recorder.h"
#include "cli/status.h"

static int setup(void **state)
{
	(void)state;
	log_set_program("seshat");
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

/* One that does nothing but end so. */
static struct recorder ended_recorder(int status)
{
	struct recorder recorder = { .pid = child_fork(), .ready = -1, .orders = -1 };

	if (recorder.pid == 0) {
		if (status > CHILD_SIGNAL)
			(void)raise(status - CHILD_SIGNAL);
		_exit(status);
	}
	return recorder;
}

static void wait_in_child(void *status)
{
	struct recorder recorder = ended_recorder(*(int *)status);

	_exit(recorder_wait(&recorder));
}

/* Returns what a front gets that waits for one which ends so, and what it says. */
static int wait_for(int status, char *text, size_t size)
{
	return child_output(wait_in_child, &status, text, size);
}

static void its_failure_is_the_exit_status(void **state)
{
	static const int FAILURES[] = { STATUS_FILE, STATUS_CAPABILITY, STATUS_FAILED };
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(FAILURES); i++) {
		assert_int_equal(wait_for(FAILURES[i], text, sizeof(text)), FAILURES[i]);
		assert_string_equal(text, "");
	}
}

static void an_end_without_a_reason_is_told(void **state)
{
	static const char TOLD[] = "seshat: the recorder was ended before the session began\n";
	char text[256];

	(void)state;
	assert_int_equal(wait_for(CHILD_SIGNAL + SIGKILL, text, sizeof(text)), STATUS_FAILED);
	assert_string_equal(text, TOLD);
	assert_int_equal(wait_for(0, text, sizeof(text)), STATUS_FAILED);
	assert_string_equal(text, TOLD);
}

static void ready_is_one_byte(void **state)
{
	struct recorder recorder = { .orders = -1 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	recorder.ready = ends[0];
	assert_int_equal(fd_write_all(ends[1], "r", 1), 0);
	assert_true(recorder_wait_ready(&recorder));
	assert_int_equal(recorder.ready, -1);
	assert_int_equal(fcntl(ends[0], F_GETFD), -1);
	fd_close(ends[1]);
}

static void without_a_byte_it_has_failed(void **state)
{
	struct recorder recorder = { .orders = -1 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	recorder.ready = ends[0];
	fd_close(ends[1]);
	assert_false(recorder_wait_ready(&recorder));
	assert_int_equal(recorder.ready, -1);
}

static void an_order_is_given_once(void **state)
{
	struct recorder recorder = { .ready = -1 };
	char text[8];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	recorder.orders = ends[1];
	recorder_stop(&recorder);
	assert_int_equal(recorder.orders, -1);
	recorder_stop(&recorder);
	assert_int_equal(recorder.orders, -1);
	assert_int_equal(fd_read_all(ends[0], text, sizeof(text)), 1);
	fd_close(ends[0]);
}

static void an_order_to_nobody_is_no_error(void **state)
{
	struct recorder recorder = { .ready = -1 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fd_close(ends[0]);
	recorder.orders = ends[1];
	recorder_stop(&recorder);
	assert_int_equal(recorder.orders, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_failure_is_the_exit_status),
		TEST(an_end_without_a_reason_is_told),
		TEST(ready_is_one_byte),
		TEST(without_a_byte_it_has_failed),
		TEST(an_order_is_given_once),
		TEST(an_order_to_nobody_is_no_error),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
