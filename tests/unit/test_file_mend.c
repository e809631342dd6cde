/* SPDX-License-Identifier: Apache-2.0 */
/* Files that do not end in a newline. */
#include "log_folder.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

#include "sinks/log_file.h"

#define WHOLE "{\"event\":\"open\",\"ei\":1}\n"
#define HALF  "{\"event\":\"exec\",\"ei\":2,\"ar"
#define NEXT  "{\"event\":\"exit\",\"ei\":3}\n"

enum {
	BLOCK = 65536, /* that is looked back at once */
	MIB = 1 << 20,
};

static int log_open(void)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void append(const char *text)
{
	_cleanup_close_ int fd = log_open();

	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static off_t length(void)
{
	struct stat file;

	assert_int_equal(stat(path, &file), 0);
	return file.st_size;
}

/* The content, once a line has been written behind what was there. */
static void check_mended(const char *before, const char *expected)
{
	make("", before);
	begin();
	check_content("", before); /* not before there is something to say */
	assert_int_equal(sink_flush(sink), 0);
	check_content("", before);
	assert_int_equal(put(NEXT), 0);
	end(0, 0);
	check_content("", expected);
}

static void half_a_record_is_cut_off(void **state)
{
	(void)state;
	check_mended(WHOLE HALF, WHOLE NEXT);
	check_mended(WHOLE WHOLE "{\"event\":\"", WHOLE WHOLE NEXT);
	check_mended("somebody's\n\n" HALF, "somebody's\n\n" NEXT);
	check_mended(WHOLE "{\"event\":\"open\",\"ei\":1}", WHOLE NEXT); /* all but its newline */
}

static void a_record_torn_in_its_first_bytes_is_cut_off(void **state)
{
	(void)state;
	check_mended(WHOLE "{", WHOLE NEXT);
	check_mended(WHOLE "{\"eve", WHOLE NEXT);
	check_mended("{\"event\":", NEXT);
}

static void without_any_newline_nothing_is_left(void **state)
{
	(void)state;
	check_mended(HALF, NEXT);
}

static void what_somebody_else_has_left_gets_a_newline(void **state)
{
	(void)state;
	check_mended(WHOLE "torn", WHOLE "torn\n" NEXT);
	check_mended("torn", "torn\n" NEXT);
	check_mended(WHOLE "{\"even\"", WHOLE "{\"even\"\n" NEXT);
	check_mended(WHOLE " " HALF, WHOLE " " HALF "\n" NEXT);
	check_mended(WHOLE "{}", WHOLE "{}\n" NEXT);
}

static void what_has_a_newline_behind_it_stays(void **state)
{
	(void)state;
	check_mended("", NEXT);
	check_mended("\n", "\n" NEXT);
	check_mended(WHOLE, WHOLE NEXT);
	check_mended(HALF "\n", HALF "\n" NEXT);
}

/* With the last newline around the border of each of two blocks, and half a record from there to the end. */
static void the_look_back_goes_on_over_blocks(void **state)
{
	static const size_t sizes[] = { BLOCK - 1,     BLOCK,	      BLOCK + 1,
					2 * BLOCK - 1, 2 * BLOCK + 5, 3 * MIB + 17 };
	_cleanup_free_ char *half = malloc(4 * MIB);

	(void)state;
	assert_non_null(half);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(half, 'x', sizes[i]);
		half[sizes[i]] = '\0';
		memcpy(half, HALF, strlen(HALF));
		make("", WHOLE);
		append(half);
		begin();
		assert_int_equal(length(), strlen(WHOLE) + sizes[i]);
		assert_int_equal(put(NEXT), 0);
		end(0, 0);
		check_content("", WHOLE NEXT);
		make("", half); /* and no newline at all */
		begin();
		assert_int_equal(put(NEXT), 0);
		end(0, 0);
		check_content("", NEXT);
	}
}

/* A line, and a record without an end, of so many bytes, most of them a hole. */
static void make_giant(off_t size)
{
	make("", WHOLE HALF);
	assert_int_equal(truncate(path, (off_t)strlen(WHOLE) + size), 0);
}

static void a_record_that_is_as_long_as_any_is_cut_off(void **state)
{
	_cleanup_close_ int fd = -1;
	uint64_t size;

	(void)state;
	make_giant(LOG_FILE_LOOK_BACK - 1); /* its newline is the first byte of the look back */
	fd = log_open();
	assert_int_equal(log_file_mend(fd, &size), 0);
	assert_int_equal(size, strlen(WHOLE));
	check_content("", WHOLE);
}

static void what_is_longer_than_any_record_gets_a_newline(void **state)
{
	off_t before;
	struct log_tail tail;
	_cleanup_close_ int fd = -1;
	char last[1 + sizeof(NEXT)] = "";

	(void)state;
	make_giant(LOG_FILE_LOOK_BACK); /* whether a line begins there is not to be seen any more */
	before = length();
	fd = log_open();
	assert_int_equal(log_file_look(fd, &tail), 0);
	assert_int_equal(tail.size - tail.start, LOG_FILE_LOOK_BACK);
	assert_false(tail.ours);
	begin();
	assert_int_equal(put(NEXT), 0);
	end(0, 0);
	assert_int_equal(length(), (size_t)before + strlen("\n" NEXT));
	assert_int_equal(pread(fd, last, strlen("\n" NEXT), before), strlen("\n" NEXT));
	assert_string_equal(last, "\n" NEXT);
}

static void nothing_is_cut_once_the_file_has_changed(void **state)
{
	_cleanup_close_ int fd = -1;
	struct log_tail tail;
	uint64_t size;

	(void)state;
	make("", WHOLE HALF);
	fd = log_open();
	assert_int_equal(log_file_look(fd, &tail), 0);
	assert_int_equal(tail.size, strlen(WHOLE HALF));
	assert_int_equal(tail.start, strlen(WHOLE));
	assert_true(tail.ours);
	append("gs\":[]}\n"); /* its writer is there after all */
	assert_int_equal(log_file_cut(fd, &tail), -EAGAIN);
	check_content("", WHOLE HALF "gs\":[]}\n");
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(log_file_cut(fd, &tail), -EAGAIN);
	check_content("", "{\"e");
	assert_int_equal(log_file_mend(fd, &size), 0);
	assert_int_equal(size, 0);
}

/* As at a reload: the new sink is made while the old one has written half a line, which that takes back. */
static void what_the_sink_before_takes_back_is_not_mended(void **state)
{
	struct sink *before;

	(void)state;
	begin();
	before = sink;
	set_room(strlen(WHOLE) + 5);
	assert_int_equal(put(WHOLE), 0);
	assert_int_equal(put(NEXT), 0);
	assert_int_equal(sink_flush(sink), -EFBIG);
	check_content("", WHOLE "{\"eve");
	begin();
	assert_int_equal(sink_close(before, NULL), -EFBIG);
	set_room(file_limit);
	assert_int_equal(put(NEXT), 0);
	end(0, 0);
	check_content("", WHOLE NEXT);
}

/* The same, in other people's words. */
static void what_the_sink_before_takes_back_leaves_no_empty_line(void **state)
{
	struct sink *before;

	(void)state;
	begin();
	before = sink;
	set_room(8);
	assert_int_equal(put("12345\n"), 0);
	assert_int_equal(put("67890\n"), 0);
	assert_int_equal(sink_flush(sink), -EFBIG);
	check_content("", "12345\n67");
	config.max_size = 12; /* which the half line would be counted in */
	begin();
	assert_int_equal(sink_close(before, NULL), -EFBIG);
	set_room(file_limit);
	assert_int_equal(put("abcde\n"), 0);
	end(0, 0);
	check_content("", "12345\nabcde\n");
	check_list("audit.jsonl");
}

static void be_killed_on_a_full_disk(void)
{
	child_check(file_new(&sink, &config) == 0);
	set_room(strlen(WHOLE) + 15);
	child_check(put(WHOLE) == 0 && put(NEXT) == 0);
	child_check(sink_flush(sink) == -EFBIG);
	_exit(0);
}

static void the_next_agent_mends_what_a_killed_one_has_left(void **state)
{
	(void)state;
	child_run(be_killed_on_a_full_disk);
	check_content("", WHOLE "{\"event\":\"exit\"");
	set_room(strlen(WHOLE) + 15); /* the disk is full still: to cut needs no room */
	begin();
	assert_int_equal(put(NEXT), 0);
	assert_int_equal(sink_flush(sink), -EFBIG);
	set_room(file_limit);
	end(0, 0);
	check_content("", WHOLE NEXT);
}

static void a_rotated_file_is_mended_too(void **state)
{
	(void)state;
	make("", WHOLE HALF);
	begin();
	assert_int_equal(sink_rotate(sink, false), 0);
	assert_int_equal(put(NEXT), 0);
	end(0, 0);
	check_content(".1", WHOLE);
	check_content("", NEXT);
	make("", HALF);
	begin();
	assert_int_equal(sink_rotate(sink, false), 0); /* nothing is left that is worth a file */
	end(0, 0);
	check_list("audit.jsonl audit.jsonl.1");
}

static void what_is_cut_off_makes_room(void **state)
{
	(void)state;
	config.max_size = strlen(WHOLE NEXT);
	make("", WHOLE HALF);
	begin();
	assert_int_equal(put(NEXT), 0);
	end(0, 0);
	check_content("", WHOLE NEXT);
	append(HALF);
	begin();
	assert_int_equal(put(NEXT), 0);
	end(0, 0);
	check_content(".1", WHOLE NEXT);
	check_content("", NEXT);
}

static void a_file_that_is_opened_anew_is_mended(void **state)
{
	(void)state;
	begin();
	assert_int_equal(put(WHOLE), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(rename(path, named(".moved")), 0);
	make("", NEXT HALF);
	assert_int_equal(sink_rotate(sink, false), 0);
	assert_int_equal(put(WHOLE), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(put(WHOLE), 0);
	end(0, 0);
	check_content("", NEXT WHOLE WHOLE);
}

static void a_file_that_a_long_line_opens_anew_is_mended(void **state)
{
	(void)state;
	config.max_size = strlen(WHOLE);
	begin();
	assert_int_equal(put(WHOLE), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(rename(path, named(".moved")), 0);
	make("", HALF);
	assert_int_equal(put(NEXT), 0);
	end(0, 0);
	check_content("", NEXT);
}

/* chattr +a, or -a. */
static bool set_append_only(bool wanted)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	int flags = 0;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return false;
	flags = wanted ? flags | FS_APPEND_FL : flags & ~FS_APPEND_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

static void what_cannot_be_cut_off_gets_a_newline(void **state)
{
	int r;

	(void)state;
	make("", WHOLE HALF);
	if (!set_append_only(true))
		check_skip(
			"a file system in /tmp that knows append-only files (chattr +a), and the right to make them");
	r = file_new(&sink, &config);
	if (r == 0)
		r = put(NEXT);
	(void)set_append_only(false); /* first of all: nobody could remove it */
	assert_int_equal(r, 0);
	end(0, 0);
	check_content("", WHOLE HALF "\n" NEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(half_a_record_is_cut_off),
		CASE(a_record_torn_in_its_first_bytes_is_cut_off),
		CASE(without_any_newline_nothing_is_left),
		CASE(what_somebody_else_has_left_gets_a_newline),
		CASE(what_has_a_newline_behind_it_stays),
		CASE(the_look_back_goes_on_over_blocks),
		CASE(a_record_that_is_as_long_as_any_is_cut_off),
		CASE(what_is_longer_than_any_record_gets_a_newline),
		CASE(nothing_is_cut_once_the_file_has_changed),
		CASE(what_the_sink_before_takes_back_is_not_mended),
		CASE(what_the_sink_before_takes_back_leaves_no_empty_line),
		CASE(the_next_agent_mends_what_a_killed_one_has_left),
		CASE(a_rotated_file_is_mended_too),
		CASE(what_is_cut_off_makes_room),
		CASE(a_file_that_is_opened_anew_is_mended),
		CASE(a_file_that_a_long_line_opens_anew_is_mended),
		CASE(what_cannot_be_cut_off_gets_a_newline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
