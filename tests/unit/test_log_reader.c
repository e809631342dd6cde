/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/log_last.h"
#include "cli/log_reader.h"

static int make_file(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void put(int fd, const char *text)
{
	off_t at = lseek(fd, 0, SEEK_CUR);

	assert_true(lseek(fd, 0, SEEK_END) >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(lseek(fd, at, SEEK_SET), at);
}

static void expect_line(struct log_reader *reader, const char *expected)
{
	const char *line = NULL;
	size_t size = 0;

	assert_int_equal(log_reader_next(reader, &line, &size), expected ? 1 : 0);
	if (!expected)
		return;
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(line, expected, size);
}

static void half_a_line_waits_for_its_end(void **state)
{
	struct log_reader reader = { 0 };
	int fd = make_file();

	(void)state;
	put(fd, "one\n\ntw");
	log_reader_begin(&reader, fd);
	expect_line(&reader, "one\n");
	expect_line(&reader, "\n");
	expect_line(&reader, NULL);
	expect_line(&reader, NULL);
	put(fd, "o");
	expect_line(&reader, NULL);
	put(fd, "\nthree\n");
	expect_line(&reader, "two\n");
	expect_line(&reader, "three\n");
	expect_line(&reader, NULL);
	log_reader_finish(&reader);
	assert_int_equal(reader.broken, 0);
	put(fd, "rest");
	expect_line(&reader, NULL);
	log_reader_finish(&reader);
	assert_int_equal(reader.broken, 1);
	log_reader_free(&reader);
	fd_close(fd);
}

static void lines_longer_than_a_read_come_whole(void **state)
{
	struct log_reader reader = { 0 };
	size_t length = 3000000, size = 0;
	char *text = malloc(length + 2);
	const char *line = NULL;
	int fd = make_file();

	(void)state;
	assert_non_null(text);
	memset(text, 'x', length);
	strcpy(text + length, "\n");
	put(fd, "first\n");
	put(fd, text);
	put(fd, "last\n");
	log_reader_begin(&reader, fd);
	expect_line(&reader, "first\n");
	assert_int_equal(log_reader_next(&reader, &line, &size), 1);
	assert_int_equal(size, length + 1);
	assert_memory_equal(line, text, size);
	expect_line(&reader, "last\n");
	expect_line(&reader, NULL);
	assert_int_equal(reader.broken, 0);
	log_reader_free(&reader);
	free(text);
	fd_close(fd);
}

static void a_line_beyond_the_limit_is_skipped_and_counted(void **state)
{
	struct log_reader reader = { 0 };
	int fd = make_file();

	(void)state;
	put(fd, "first\n");
	/* A hole: zeroes that take no room on the disk. */
	assert_int_equal(ftruncate(fd, (off_t)LOG_LINE_MAX + 1000000), 0);
	put(fd, "\nlast\n");
	log_reader_begin(&reader, fd);
	expect_line(&reader, "first\n");
	expect_line(&reader, "last\n");
	expect_line(&reader, NULL);
	assert_int_equal(reader.broken, 1);
	log_reader_free(&reader);
	fd_close(fd);
}

static void errors_of_reading_are_returned(void **state)
{
	struct log_reader reader = { 0 };
	const char *line;
	size_t size;

	(void)state;
	log_reader_begin(&reader, -1);
	assert_int_equal(log_reader_next(&reader, &line, &size), -EBADF);
	log_reader_free(&reader);
}

static void only_the_last_lines_are_kept(void **state)
{
	struct log_last last = { .limit = 3 }, none = { 0 };
	char text[16];

	(void)state;
	for (int i = 0; i < 8; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(log_last_add(&last, text, 1), 0);
		assert_int_equal(last.count, i < 3 ? i + 1 : 3);
	}
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(log_last_get(&last, i).data[0], '5' + (int)i);
	log_last_free(&last);
	assert_int_equal(log_last_add(&none, "x", 1), 0);
	assert_int_equal(none.count, 0);
	log_last_free(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(half_a_line_waits_for_its_end),
		TEST(lines_longer_than_a_read_come_whole),
		TEST(a_line_beyond_the_limit_is_skipped_and_counted),
		TEST(errors_of_reading_are_returned),
		TEST(only_the_last_lines_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
