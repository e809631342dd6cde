/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

static void all_bytes_come_through_a_pipe(void **state)
{
	char text[16] = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fd_write_all(ends[1], "hello", 5), 0);
	assert_int_equal(fd_close(ends[1]), -1);
	assert_int_equal(fd_read_all(ends[0], text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	fd_close(ends[0]);
}

static void a_full_non_blocking_pipe_is_waited_for(void **state)
{
	static char data[200000], copy[sizeof(data)];
	int ends[2], status;
	pid_t child;

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	child = fork();
	if (child == 0)
		_exit(fd_write_all(ends[1], data, sizeof(data)) == 0 ? 0 : 1);
	fd_close(ends[1]);
	assert_int_equal(fcntl(ends[0], F_SETFL, 0), 0);
	assert_int_equal(fd_read_all(ends[0], copy, sizeof(copy)), sizeof(copy));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	fd_close(ends[0]);
}

static void errors_are_returned(void **state)
{
	_cleanup_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	char byte;

	(void)state;
	assert_int_equal(fd_write_all(full, "x", 1), -ENOSPC);
	assert_int_equal(fd_write(-1, "x", 1), -EBADF);
	assert_int_equal(fd_read_all(-1, &byte, 1), -EBADF);
}

static void a_closed_pipe_is_an_error_and_no_signal(void **state)
{
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	fd_close(ends[0]);
	assert_int_equal(fd_write_all(ends[1], "x", 1), -EPIPE);
	fd_close(ends[1]);
}

static void closing_leaves_errno_alone(void **state)
{
	(void)state;
	errno = EXDEV;
	assert_int_equal(fd_close(987654), -1);
	assert_int_equal(fd_close(-1), -1);
	assert_int_equal(errno, EXDEV);
}

static int open_null(void)
{
	_cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	return TAKE_FD(fd);
}

static void taken_resources_survive_their_scope(void **state)
{
	int fd = open_null(), closed;
	char *text;

	(void)state;
	assert_true(fcntl(fd, F_GETFD) >= 0);
	{
		_cleanup_close_ int scoped = fd;
		_cleanup_free_ char *owned = strdup("kept"), *dropped = strdup("freed");

		assert_non_null(dropped);
		text = TAKE_PTR(owned);
		assert_null(owned);
		closed = scoped;
	}
	assert_string_equal(text, "kept");
	free(text);
	assert_int_equal(fcntl(closed, F_GETFD), -1);
}

static void a_small_text_ends_with_a_nul(void **state)
{
	char text[8] = "xxxxxxx";

	(void)state;
	assert_int_equal(fd_read_text("/proc/sys/kernel/ostype", text, sizeof(text)), 6);
	assert_string_equal(text, "Linux\n");
	assert_int_equal(fd_read_text("/proc/sys/kernel/ostype", text, 4), 3);
	assert_string_equal(text, "Lin");
	assert_int_equal(fd_read_text("/dev/null", text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(fd_read_text("/nonexistent", text, sizeof(text)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_bytes_come_through_a_pipe), TEST(a_full_non_blocking_pipe_is_waited_for),
		TEST(errors_are_returned),	     TEST(a_closed_pipe_is_an_error_and_no_signal),
		TEST(closing_leaves_errno_alone),    TEST(taken_resources_survive_their_scope),
		TEST(a_small_text_ends_with_a_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
