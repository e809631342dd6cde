/* SPDX-License-Identifier: Apache-2.0 */
#include "log_folder.h"

#include <time.h>

#include "sinks/queue.h"

static void size_rotates_between_lines(void **state)
{
	(void)state;
	config.max_size = 12;
	begin();
	assert_int_equal(put("aaaaa\n"), 0);
	assert_int_equal(put("bbbbb\n"), 0); /* just fits */
	assert_int_equal(put("c\n"), 0);
	assert_int_equal(put("a line that is longer than any file may be\n"), 0);
	assert_int_equal(put("d\n"), 0);
	assert_int_equal(put("e\n"), 0);
	end(0, 0);
	check_list("audit.jsonl audit.jsonl.1 audit.jsonl.2 audit.jsonl.3");
	check_content(".3", "aaaaa\nbbbbb\n");
	check_content(".2", "c\n");
	check_content(".1", "a line that is longer than any file may be\n");
	check_content("", "d\ne\n");
}

static void so_many_are_kept(void **state)
{
	char line[16];

	(void)state;
	config.max_size = 1;
	make(".4", "of a time when more were kept\n");
	make(".5", "too\n");
	begin();
	for (int i = 0; i < 9; i++) {
		(void)snprintf(line, sizeof(line), "%d\n", i);
		assert_int_equal(put(line), 0);
	}
	end(0, 0);
	check_list("audit.jsonl audit.jsonl.1 audit.jsonl.2 audit.jsonl.3");
	check_content("", "8\n");
	check_content(".1", "7\n");
	check_content(".3", "5\n");
}

/* A reload must not push the oldest out. */
static void what_nobody_has_moved_stays(void **state)
{
	(void)state;
	begin();
	assert_int_equal(put("1\n"), 0);
	assert_int_equal(sink_rotate(sink, true), 0);
	assert_int_equal(put("2\n"), 0);
	assert_int_equal(sink_flush(sink), 0);
	check_list("audit.jsonl");
	assert_int_equal(rename(path, named(".moved")), 0);
	assert_int_equal(sink_rotate(sink, true), 0);
	assert_int_equal(put("3\n"), 0);
	end(0, 0);
	check_content("", "3\n");
}

static void one_is_kept(void **state)
{
	(void)state;
	config.max_size = 1;
	config.keep = 1;
	begin();
	assert_int_equal(put("1\n"), 0);
	assert_int_equal(put("2\n"), 0);
	assert_int_equal(put("3\n"), 0);
	end(0, 0);
	check_list("audit.jsonl audit.jsonl.1");
	check_content(".1", "2\n");
}

static void all_are_kept(void **state)
{
	char line[16], suffix[16];

	(void)state;
	config.max_size = 1;
	config.keep = 0;
	begin();
	for (int i = 0; i < 40; i++) {
		(void)snprintf(line, sizeof(line), "%d\n", i);
		assert_int_equal(put(line), 0);
	}
	end(0, 0);
	for (int i = 0; i < 39; i++) {
		(void)snprintf(line, sizeof(line), "%d\n", 38 - i);
		(void)snprintf(suffix, sizeof(suffix), ".%d", i + 1);
		check_content(suffix, line);
	}
}

/* As after a crash in the middle of a rotation. */
static void a_number_left_out_is_used_first(void **state)
{
	(void)state;
	make(".1", "1\n");
	make(".3", "3\n");
	make(".new", "stale");
	make("", "0\n");
	begin();
	assert_int_equal(sink_rotate(sink, false), 0);
	end(0, 0);
	check_list("audit.jsonl audit.jsonl.1 audit.jsonl.2 audit.jsonl.3");
	check_content("", "");
	check_content(".1", "0\n");
	check_content(".2", "1\n");
	check_content(".3", "3\n");
}

static void rotation_on_demand(void **state)
{
	(void)state;
	begin();
	assert_int_equal(sink_rotate(sink, false), 0); /* nothing in it: nothing to rotate */
	check_list("audit.jsonl");
	assert_int_equal(put("one\n"), 0);
	assert_int_equal(sink_rotate(sink, false), 0);
	assert_int_equal(put("two\n"), 0);
	end(0, 0);
	check_content(".1", "one\n");
	check_content("", "two\n");
}

static void what_logrotate_has_moved_is_let_go(void **state)
{
	(void)state;
	begin();
	assert_int_equal(put("one\n"), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(rename(path, named(".moved")), 0);
	assert_int_equal(put("two\n"), 0); /* still to the old one, whole */
	assert_int_equal(sink_rotate(sink, false), 0);
	assert_int_equal(put("three\n"), 0);
	assert_int_equal(sink_flush(sink), 0);
	check_content(".moved", "one\ntwo\n");
	check_content("", "three\n");
	assert_int_equal(rename(path, named(".again")), 0);
	make("", "made by somebody else");
	assert_int_equal(sink_rotate(sink, false), 0);
	assert_int_equal(put("four\n"), 0);
	end(0, 0);
	check_list("audit.jsonl audit.jsonl.again audit.jsonl.moved");
	check_content("", "made by somebody else\nfour\n");
}

static void a_truncated_file_has_room_again(void **state)
{
	(void)state;
	config.max_size = 10;
	begin();
	assert_int_equal(put("12345678\n"), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(put("abcdefgh\n"), 0);
	end(0, 0);
	check_list("audit.jsonl");
	check_content("", "abcdefgh\n");
}

static void while_rotation_fails_the_log_goes_on_in_the_old_file(void **state)
{
	(void)state;
	config.max_size = 4;
	assert_int_equal(mkdir(named(".new"), 0700), 0); /* in the way of every rotation */
	begin();
	assert_int_equal(put("one\n"), 0);
	assert_int_equal(put("two\n"), 0);
	assert_int_equal(status().error, -EISDIR);
	assert_int_equal(sink_rotate(sink, false), -EISDIR);
	assert_int_equal(put("three\n"), 0);
	assert_int_equal(sink_flush(sink), 0);
	check_content("", "one\ntwo\nthree\n");
	assert_int_equal(remove(named(".new")), 0);
	wait_until_due(); /* what was asked for comes by itself */
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(status().error, 0);
	assert_int_equal(put("four\n"), 0);
	end(0, 0);
	check_content(".1", "one\ntwo\nthree\n");
	check_content("", "four\n");
	check_list("audit.jsonl audit.jsonl.1");
}

static void a_rotation_that_fails_half_way_changes_nothing_but_numbers(void **state)
{
	(void)state;
	config.keep = 1;
	make(".2", "");
	assert_int_equal(mkdir(named(".1"), 0700), 0); /* no file can be moved there */
	begin();
	assert_int_equal(put("one\n"), 0);
	assert_int_equal(sink_rotate(sink, false), -EISDIR);
	assert_int_equal(put("two\n"), 0);
	end(0, 0);
	check_content("", "one\ntwo\n");
	check_list("audit.jsonl audit.jsonl.1 audit.jsonl.2");
}

static void age_rotates_by_itself(void **state)
{
	(void)state;
	config.max_age_s = 1;
	begin();
	assert_int_equal(sink_due(sink), -1); /* there is nothing in it */
	assert_int_equal(put("one\n"), 0);
	assert_int_equal(sink_flush(sink), 0);
	check_list("audit.jsonl");
	assert_in_range(sink_due(sink), 0, 1000);
	wait_until_due();
	assert_int_equal(sink_flush(sink), 0);
	check_list("audit.jsonl audit.jsonl.1");
	assert_int_equal(sink_due(sink), -1);
	assert_int_equal(put("two\n"), 0);
	end(0, 0);
	check_content(".1", "one\n");
	check_content("", "two\n");
}

static void age_counts_from_before_this_process(void **state)
{
	struct statx made;

	(void)state;
	make("", "old\n");
	assert_int_equal(statx(AT_FDCWD, path, 0, STATX_BTIME, &made), 0);
	if (!(made.stx_mask & STATX_BTIME))
		check_skip("a file system in /tmp that knows when a file was made");
	for (int left = 1000; left > 0;) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		left = (int)((made.stx_btime.tv_sec + 1 - now.tv_sec) * 1000 +
			     ((int64_t)made.stx_btime.tv_nsec - now.tv_nsec) / 1000000 + 1);
		if (left > 0)
			(void)poll(NULL, 0, left);
	}
	config.max_age_s = 1;
	begin();
	assert_int_equal(sink_due(sink), 0);
	assert_int_equal(sink_flush(sink), 0);
	end(0, 0);
	check_list("audit.jsonl audit.jsonl.1");
	check_content(".1", "old\n");
}

static void fill(const char *name)
{
	static const char zeroes[4096];
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	while (write(fd, zeroes, sizeof(zeroes)) > 0)
		;
	child_check(errno == ENOSPC);
	fd_close(fd);
}

/* So many lines, each once and whole, in order, from the oldest file to the newest. */
static void check_sequence(int last, unsigned int expected)
{
	unsigned int number = 0;
	char name[160];

	for (int i = last; i >= 0; i--) {
		unsigned int found;
		FILE *file;

		(void)snprintf(name, sizeof(name), i ? "%s.%d" : "%s", path, i);
		file = fopen(name, "re");
		child_check(file != NULL);
		while (file && fscanf(file, "{\"number\":%u}\n", &found) == 1)
			child_check(found == number++);
		child_check(file && feof(file));
		if (file)
			(void)fclose(file);
	}
	if (number != expected)
		dprintf(STDERR_FILENO, "%u lines\n", number);
	child_check(number == expected);
}

static void put_numbers(unsigned int from, unsigned int to)
{
	char line[64];

	for (unsigned int number = from; number < to; number++) {
		(void)snprintf(line, sizeof(line), "{\"number\":%u}\n", number);
		child_check(put(line) == 0);
		if (number % 100 == 0)
			(void)sink_flush(sink);
	}
}

static int count_files(void)
{
	char name[160];
	int count = 0;

	do
		(void)snprintf(name, sizeof(name), "%s.%d", path, count + 1);
	while (access(name, F_OK) == 0 && ++count);
	return count;
}

/* A disk of 256 KiB and 8 files, one of which is the folder: first there is no room for bytes, then none for a file. */
static void on_a_small_disk(void)
{
	unsigned int number = 9000;
	struct sink *file;
	char filler[160];

	child_own_mounts();
	if (mount("seshat-test", folder, "tmpfs", 0, "size=256k,nr_inodes=8,mode=0755") < 0)
		child_unable("the right to mount");
	(void)snprintf(filler, sizeof(filler), "%s/filler", folder);
	config.max_size = 30000;
	config.keep = 0;
	child_check(file_new(&file, &config) == 0);
	child_check(queue_new(&sink, file, 1000000) == 0);
	put_numbers(0, 3000);
	fill(filler);
	put_numbers(3000, 9000);
	child_check(status().error == -ENOSPC && status().refused == 0);
	child_check(unlink(filler) == 0);
	for (int i = 0; sink_flush(sink) < 0 && i < 100; i++)
		(void)poll(NULL, 0, sink_due(sink));
	child_check(status().backlog_lines == 0 && status().written == 9000);
	do
		put_numbers(number, number + 1);
	while (++number && sink_rotate(sink, false) == 0);
	put_numbers(number, number + 1000);
	child_check(sink_flush(sink) == 0);
	child_check(status().error == -ENOSPC); /* of the rotation */
	child_check(count_files() == 6);
	check_sequence(6, number + 1000);
	child_check(sink_close(sink, NULL) == 0);
}

static void without_room_on_the_disk_no_line_is_split_or_lost(void **state)
{
	(void)state;
	child_run(on_a_small_disk);
}

/* Killed at any point of a rotation: every line that was written is there, whole, once, and in order. */
static void rotate_for_ever(int ready)
{
	char line[64];

	config.max_size = 100;
	config.keep = 0;
	child_check(file_new(&sink, &config) == 0);
	child_check(fd_write_all(ready, "r", 1) == 0);
	for (unsigned int number = 0;; number++) {
		(void)snprintf(line, sizeof(line), "{\"number\":%u}\n", number);
		child_check(put(line) == 0);
		child_check(sink_flush(sink) == 0);
		(void)fd_write(ready, ".", 1);
	}
}

static void check_survivors(void)
{
	unsigned int number = 0, found;
	char name[160];
	int last = 2000;

	for (int i = last; i >= 0; i--) {
		FILE *file;

		(void)snprintf(name, sizeof(name), i ? "%s.%d" : "%s", path, i);
		file = fopen(name, "re");
		if (!file)
			continue; /* a number may be left out */
		while (fscanf(file, "{\"number\":%u}\n", &found) == 1)
			assert_int_equal(found, number++);
		assert_true(feof(file));
		(void)fclose(file);
	}
	assert_true(number > 0);
}

static void a_crash_in_a_rotation_loses_nothing(void **state)
{
	(void)state;
	for (size_t round = 1; round <= 20; round++) {
		char bytes[1024], names[32768];
		int ends[2];
		pid_t pid;

		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		pid = child_fork();
		if (pid == 0) {
			fd_close(ends[0]);
			rotate_for_ever(ends[1]);
		}
		fd_close(ends[1]);
		assert_int_equal(fd_read_all(ends[0], bytes, round * 37), round * 37);
		kill(pid, SIGKILL);
		assert_int_equal(child_status(pid), CHILD_SIGNAL + SIGKILL);
		fd_close(ends[0]);
		check_survivors();
		begin(); /* and the next process goes on */
		assert_int_equal(put("{\"number\":0}\n"), 0);
		assert_int_equal(sink_rotate(sink, false), 0);
		end(0, 0);
		list(names, sizeof(names), true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(size_rotates_between_lines),
		CASE(so_many_are_kept),
		CASE(what_nobody_has_moved_stays),
		CASE(one_is_kept),
		CASE(all_are_kept),
		CASE(a_number_left_out_is_used_first),
		CASE(rotation_on_demand),
		CASE(what_logrotate_has_moved_is_let_go),
		CASE(a_truncated_file_has_room_again),
		CASE(while_rotation_fails_the_log_goes_on_in_the_old_file),
		CASE(a_rotation_that_fails_half_way_changes_nothing_but_numbers),
		CASE(age_rotates_by_itself),
		CASE(age_counts_from_before_this_process),
		CASE(without_room_on_the_disk_no_line_is_split_or_lost),
		CASE(a_crash_in_a_rotation_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
