/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <pthread.h>
#include <unistd.h>

#include "cli/log_files.h"
#include "cli/log_follow.h"
#include "cli/log_scan.h"
#include "folder.h"

enum {
	LIMIT_MS = 20000, /* for what must come */
};

struct fixture {
	struct folder folder;
	struct log_follow *follow;
};

static void begin(struct fixture *fixture)
{
	struct log_files files = { 0 };
	const char *path = folder_path(&fixture->folder, "log");

	assert_int_equal(log_follow_new(&fixture->follow, path), 0);
	assert_int_equal(log_files_open(path, &files), 0);
	log_follow_start(fixture->follow, &files);
	log_files_close(&files);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	folder_make(&fixture->folder);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	log_follow_free(fixture->follow);
	folder_remove(&fixture->folder);
	free(fixture);
	return 0;
}

static void put(struct fixture *fixture, const char *text)
{
	folder_append(&fixture->folder, "log", text);
}

/* The next line is there, or comes after an event. */
static void expect(struct fixture *fixture, const char *expected)
{
	const char *line = NULL;
	size_t size = 0;
	int r;

	while ((r = log_follow_next(fixture->follow, &line, &size)) == 0)
		assert_int_equal(log_follow_wait(fixture->follow, LIMIT_MS), 1);
	assert_int_equal(r, 1);
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(line, expected, size);
}

static void expect_nothing(struct fixture *fixture)
{
	const char *line;
	size_t size;

	assert_int_equal(log_follow_next(fixture->follow, &line, &size), 0);
}

static void lines_come_as_they_are_written(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "one\n");
	begin(fixture);
	expect(fixture, "one\n");
	expect_nothing(fixture);
	assert_int_equal(log_follow_wait(fixture->follow, 0), 0);
	put(fixture, "tw");
	expect_nothing(fixture);
	put(fixture, "o\n");
	expect(fixture, "two\n");
	expect_nothing(fixture);
	assert_int_equal(log_follow_broken(fixture->follow), 0);
}

static void a_file_is_waited_for(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	expect_nothing(fixture);
	put(fixture, "one\n");
	expect(fixture, "one\n");
}

static void rotation_loses_no_line(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "1\n");
	begin(fixture);
	expect(fixture, "1\n");
	put(fixture, "2\n");
	folder_rename(&fixture->folder, "log", "log.1");
	put(fixture, "3\n");
	put(fixture, "4\n");
	expect(fixture, "2\n");
	expect(fixture, "3\n");
	expect(fixture, "4\n");
	expect_nothing(fixture);
}

static void the_old_file_is_read_until_the_new_one_has_something(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "1\n");
	begin(fixture);
	expect(fixture, "1\n");
	folder_rename(&fixture->folder, "log", "log.1");
	put(fixture, "");
	expect_nothing(fixture);
	folder_append(&fixture->folder, "log.1", "2\n");
	expect(fixture, "2\n");
	expect_nothing(fixture);
	folder_append(&fixture->folder, "log.1", "3\n");
	put(fixture, "4\n");
	expect(fixture, "3\n");
	expect(fixture, "4\n");
}

static void several_rotations_at_once_are_followed_in_order(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "1\n");
	begin(fixture);
	expect(fixture, "1\n");
	folder_rename(&fixture->folder, "log", "log.1");
	put(fixture, "2\n");
	folder_rename(&fixture->folder, "log.1", "log.2");
	folder_rename(&fixture->folder, "log", "log.1");
	put(fixture, "3\n");
	expect(fixture, "2\n");
	expect(fixture, "3\n");
}

static void a_truncated_file_begins_anew(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "a long line\nhalf");
	begin(fixture);
	expect(fixture, "a long line\n");
	expect_nothing(fixture);
	assert_int_equal(truncate(folder_path(&fixture->folder, "log"), 0), 0);
	put(fixture, "new\n");
	expect(fixture, "new\n");
	assert_int_equal(log_follow_broken(fixture->follow), 1);
}

static void a_file_that_is_removed_and_made_again_is_followed(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "1\n");
	begin(fixture);
	expect(fixture, "1\n");
	assert_int_equal(unlink(folder_path(&fixture->folder, "log")), 0);
	expect_nothing(fixture);
	put(fixture, "2\n");
	expect(fixture, "2\n");
}

static void what_is_there_can_be_left_out(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "1\n2\n");
	begin(fixture);
	assert_int_equal(log_follow_skip(fixture->follow), 0);
	expect_nothing(fixture);
	put(fixture, "3\n");
	expect(fixture, "3\n");
}

static void *write_later(void *userdata)
{
	folder_append(userdata, "log", "later\n");
	return NULL;
}

static void waiting_ends_with_the_event(void **state)
{
	struct fixture *fixture = *state;
	pthread_t thread;

	put(fixture, "");
	begin(fixture);
	expect_nothing(fixture);
	assert_int_equal(pthread_create(&thread, NULL, write_later, &fixture->folder), 0);
	expect(fixture, "later\n");
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_folder_must_be_there(void **state)
{
	struct log_follow *follow = NULL;

	(void)state;
	assert_int_equal(log_follow_new(&follow, "/nonexistent/log"), -ENOENT);
	assert_null(follow);
	log_follow_free(NULL);
}

struct lines {
	char text[256];
	const char *stop;
};

static int take_line(void *userdata, const char *line, size_t size)
{
	struct lines *lines = userdata;

	strncat(lines->text, line, size);
	return lines->stop && strncmp(line, lines->stop, size - 1) == 0 ? -ECANCELED : 0;
}

static void a_scan_goes_from_the_oldest_file_to_the_newest(void **state)
{
	struct fixture *fixture = *state;
	struct lines lines = { 0 };
	char path[PATH_MAX];
	uint64_t broken = 0;

	strcpy(path, folder_path(&fixture->folder, "log"));
	assert_int_equal(log_scan(path, NULL, take_line, &lines, &broken), -ENOENT);
	folder_append(&fixture->folder, "log.3", "1\n");
	folder_append(&fixture->folder, "log.2", "2\nhalf");
	/* One number is missing, as in the middle of a rotation; log.6 is nobody's. */
	folder_append(&fixture->folder, "log", "4\n5");
	folder_append(&fixture->folder, "log.6", "0\n");
	folder_append(&fixture->folder, "log.new", "0\n");
	assert_int_equal(log_scan(path, "", take_line, &lines, &broken), 0);
	assert_string_equal(lines.text, "1\n2\n4\n");
	assert_int_equal(broken, 2);
	lines = (struct lines){ .stop = "2" };
	assert_int_equal(log_scan(path, NULL, take_line, &lines, NULL), -ECANCELED);
	assert_string_equal(lines.text, "1\n2\n");
	lines = (struct lines){ 0 };
	assert_int_equal(log_scan(path, "2999-01-01T00:00:00.000000000Z", take_line, &lines, NULL),
			 0);
	assert_string_equal(lines.text, "");
}

#define FOLLOW(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLLOW(lines_come_as_they_are_written),
		FOLLOW(a_file_is_waited_for),
		FOLLOW(rotation_loses_no_line),
		FOLLOW(the_old_file_is_read_until_the_new_one_has_something),
		FOLLOW(several_rotations_at_once_are_followed_in_order),
		FOLLOW(a_truncated_file_begins_anew),
		FOLLOW(a_file_that_is_removed_and_made_again_is_followed),
		FOLLOW(what_is_there_can_be_left_out),
		FOLLOW(waiting_ends_with_the_event),
		FOLLOW(a_folder_must_be_there),
		FOLLOW(a_scan_goes_from_the_oldest_file_to_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
