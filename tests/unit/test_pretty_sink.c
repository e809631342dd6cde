/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/pretty_sink.h"

static const char tty_record[] =
	"{\"event\":\"session.tty\",\"time\":\"2026-11-21T15:30:00.118904417Z\",\"pid\":1,"
	"\"program\":\"sh\",\"tty\":\"/dev/pts/0\"}\n";
static const char tty_line[] = "15:30:00.118 sh[1]                tty      /dev/pts/0\n";

static const struct pretty_options plain = { .color = false };

static int write_record(struct sink *sink, const char *record)
{
	return sink_write(sink, record, strlen(record));
}

static void test_lines_arrive_with_the_flush(void **state)
{
	struct sink *sink = NULL;
	uint64_t unwritten = 7;
	char got[256] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pretty_sink_new(&sink, fds[1], &plain), 0);
	assert_int_equal(write_record(sink, tty_record), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(read(fds[0], got, sizeof(got)), sizeof(tty_line) - 1);
	assert_string_equal(got, tty_line);
	assert_int_equal(sink_close(sink, &unwritten), 0);
	assert_int_equal(unwritten, 0);
	assert_int_equal(read(fds[0], got, sizeof(got)), 0);
	close(fds[0]);
}

static void test_what_is_no_record_is_refused_and_the_next_is_taken(void **state)
{
	struct sink *sink = NULL;
	char got[256] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pretty_sink_new(&sink, fds[1], &plain), 0);
	assert_int_equal(write_record(sink, "no record\n"), -EBADMSG);
	assert_int_equal(write_record(sink, tty_record), 0);
	assert_int_equal(sink_close(sink, NULL), 0);
	assert_int_equal(read(fds[0], got, sizeof(got)), sizeof(tty_line) - 1);
	assert_string_equal(got, tty_line);
	close(fds[0]);
}

static void test_a_closed_pipe_is_told_and_counted(void **state)
{
	struct sink *sink = NULL;
	uint64_t unwritten = 0;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pretty_sink_new(&sink, fds[1], &plain), 0);
	close(fds[0]);
	assert_int_equal(write_record(sink, tty_record), 0);
	assert_int_equal(sink_flush(sink), -EPIPE);
	assert_int_equal(sink_close(sink, &unwritten), -EPIPE);
	assert_int_equal(unwritten, 1);
}

static void test_no_descriptor(void **state)
{
	struct sink *sink = NULL;

	(void)state;
	assert_int_equal(pretty_sink_new(&sink, -1, &plain), -EBADF);
	assert_null(sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_arrive_with_the_flush),
		cmocka_unit_test(test_what_is_no_record_is_refused_and_the_next_is_taken),
		cmocka_unit_test(test_a_closed_pipe_is_told_and_counted),
		cmocka_unit_test(test_no_descriptor),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
