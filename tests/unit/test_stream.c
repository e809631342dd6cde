/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sinks/stream.h"

static char name[64];
static struct sink *sink;
static rlim_t file_limit;

/* The file that the sink writes to can grow to that size only: a full disk without a disk. */
static void set_room(rlim_t size)
{
	struct rlimit limit = { .rlim_cur = size, .rlim_max = file_limit };

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int setup(void **state)
{
	struct rlimit limit;
	int fd;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	file_limit = limit.rlim_max;
	strcpy(name, "/tmp/seshat-test-XXXXXX");
	fd = mkostemp(name, O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(stream_new(&sink, fd), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	set_room(file_limit);
	unlink(name);
	return 0;
}

static void put(const char *line)
{
	assert_int_equal(sink_write(sink, line, strlen(line)), 0);
}

/* A line of that size, its newline included. */
static char *line_of(size_t size, char byte)
{
	char *line = malloc(size);

	assert_non_null(line);
	memset(line, byte, size);
	line[size - 1] = '\n';
	return line;
}

static int put_sized(size_t size, char byte)
{
	_cleanup_free_ char *line = line_of(size, byte);

	return sink_write(sink, line, size);
}

static void check_close(int expected, uint64_t expected_unwritten)
{
	uint64_t unwritten = 99;

	assert_int_equal(sink_close(sink, &unwritten), expected);
	assert_int_equal(unwritten, expected_unwritten);
}

static size_t file_size(void)
{
	struct stat status;

	assert_int_equal(stat(name, &status), 0);
	return (size_t)status.st_size;
}

/* The file consists of so many whole lines. */
static void check_lines(size_t expected)
{
	_cleanup_close_ int fd = open(name, O_RDONLY | O_CLOEXEC);
	size_t size = file_size(), lines = 0;
	_cleanup_free_ char *text = malloc(size + 1);

	assert_non_null(text);
	assert_int_equal(fd_read_all(fd, text, size), size);
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, expected);
	assert_true(size == 0 || text[size - 1] == '\n');
}

static void lines_gather_until_they_are_flushed(void **state)
{
	(void)state;
	put("one\n");
	put("two\n");
	assert_int_equal(file_size(), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(file_size(), 8);
	assert_int_equal(sink_flush(sink), 0);
	put("three\n");
	check_close(0, 0);
	check_lines(3);
}

static void a_full_buffer_is_written(void **state)
{
	(void)state;
	for (int i = 0; i < 70; i++)
		assert_int_equal(put_sized(1000, 'x'), 0);
	assert_int_equal(file_size(), 65000);
	check_close(0, 0);
	check_lines(70);
}

static void lines_larger_than_the_buffer_keep_their_place(void **state)
{
	(void)state;
	put("before\n");
	assert_int_equal(put_sized(300000, 'x'), 0);
	put("after\n");
	check_close(0, 0);
	check_lines(3);
	assert_int_equal(file_size(), 300013);
}

static void without_room_lines_are_kept_then_refused(void **state)
{
	int taken = 0;

	(void)state;
	set_room(2500);
	while (put_sized(1000, 'x') == 0)
		taken++;
	assert_true(taken >= 65 && taken <= 68);
	assert_int_equal(put_sized(10, 'y'), -EFBIG); /* though it would fit */
	assert_int_equal(sink_flush(sink), -EFBIG);
	assert_int_equal(file_size(), 2500);

	set_room(file_limit);
	assert_int_equal(put_sized(10, 'y'), 0); /* the flush has failed: tried once more */
	check_close(0, 0);
	check_lines((size_t)taken + 1);
}

static void a_closed_file_never_ends_in_half_a_line(void **state)
{
	(void)state;
	set_room(2500);
	for (int i = 0; i < 5; i++)
		assert_int_equal(put_sized(1000, 'x'), 0);
	check_close(-EFBIG, 3);
	check_lines(2);
}

static void half_a_line_is_taken_back_only_if_nobody_wrote_after_it(void **state)
{
	_cleanup_close_ int other = -1;

	(void)state;
	set_room(1500);
	put_sized(1000, 'x');
	put_sized(1000, 'x');
	assert_int_equal(sink_flush(sink), -EFBIG);
	set_room(1600);
	other = open(name, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(fd_write_all(other, "other", 5), 0);
	set_room(1505);
	check_close(-EFBIG, 1);
	assert_int_equal(file_size(), 1505);
}

static void a_large_line_without_room_leaves_nothing(void **state)
{
	(void)state;
	put("before\n");
	set_room(100000);
	assert_int_equal(put_sized(300000, 'x'), -EFBIG);
	assert_int_equal(file_size(), 7);
	assert_int_equal(put_sized(10, 'y'), 0); /* for this one there is room */
	set_room(file_limit);
	assert_int_equal(put_sized(300000, 'x'), 0);
	check_close(0, 0);
	check_lines(3);
}

static void a_full_device_refuses_and_reports(void **state)
{
	struct sink *full;
	uint64_t unwritten;

	(void)state;
	assert_int_equal(stream_new(&full, open("/dev/full", O_WRONLY | O_CLOEXEC)), 0);
	assert_int_equal(sink_write(full, "line\n", 5), 0);
	assert_int_equal(sink_flush(full), -ENOSPC);
	assert_int_equal(sink_write(full, "line\n", 5), 0);
	assert_int_equal(sink_close(full, &unwritten), -ENOSPC);
	assert_int_equal(unwritten, 2);
	check_close(0, 0);
}

static void a_closed_pipe_is_broken_for_good(void **state)
{
	struct sink *broken;
	uint64_t unwritten;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(stream_new(&broken, ends[1]), 0);
	assert_int_equal(sink_write(broken, "line\n", 5), 0);
	fd_close(ends[0]);
	assert_int_equal(sink_flush(broken), -EPIPE);
	assert_int_equal(sink_write(broken, "line\n", 5), -EPIPE);
	assert_int_equal(sink_flush(broken), -EPIPE);
	assert_int_equal(sink_close(broken, &unwritten), -EPIPE);
	assert_int_equal(unwritten, 1);
	check_close(0, 0);
}

static void a_slow_pipe_gets_every_byte(void **state)
{
	struct sink *slow;
	int ends[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	child = fork();
	if (child == 0) {
		static char bytes[1000001];

		fd_close(ends[1]);
		fcntl(ends[0], F_SETFL, 0);
		_exit(fd_read_all(ends[0], bytes, sizeof(bytes)) == 1000000 ? 0 : 1);
	}
	fd_close(ends[0]);
	assert_int_equal(stream_new(&slow, ends[1]), 0);
	for (int i = 0; i < 700; i++) {
		_cleanup_free_ char *line = line_of(1000, 'x');

		assert_int_equal(sink_write(slow, line, 1000), 0);
	}
	{
		_cleanup_free_ char *line = line_of(300000, 'x');

		assert_int_equal(sink_write(slow, line, 300000), 0);
	}
	assert_int_equal(sink_close(slow, NULL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	check_close(0, 0);
}

static void a_bad_descriptor_is_refused(void **state)
{
	struct sink *none = NULL;

	(void)state;
	assert_int_equal(stream_new(&none, -1), -EBADF);
	assert_null(none);
	check_close(0, 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(lines_gather_until_they_are_flushed),
		CASE(a_full_buffer_is_written),
		CASE(lines_larger_than_the_buffer_keep_their_place),
		CASE(without_room_lines_are_kept_then_refused),
		CASE(a_closed_file_never_ends_in_half_a_line),
		CASE(half_a_line_is_taken_back_only_if_nobody_wrote_after_it),
		CASE(a_large_line_without_room_leaves_nothing),
		CASE(a_full_device_refuses_and_reports),
		CASE(a_closed_pipe_is_broken_for_good),
		CASE(a_slow_pipe_gets_every_byte),
		CASE(a_bad_descriptor_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
