/* SPDX-License-Identifier: Apache-2.0 */
#include "log_folder.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

enum {
	GROUP = 4321, /* any that this process is not in */
	NOBODY = 65534,
};

static unsigned int syncs, folder_syncs;
static int sync_error;

/* In place of the C library's: they do the same, and count. */
int fdatasync(int fd)
{
	syncs++;
	if (sync_error) {
		errno = sync_error;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	struct stat status_of_it;

	folder_syncs += fstat(fd, &status_of_it) == 0 && S_ISDIR(status_of_it.st_mode);
	return (int)syscall(SYS_fsync, fd);
}

static void lines_are_appended_and_the_file_is_private(void **state)
{
	struct stat file;
	mode_t mask = umask(0777);

	(void)state;
	begin();
	umask(mask);
	assert_string_equal(sink->name, "file");
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode, S_IFREG | 0640);
	assert_int_equal(put("one\n"), 0);
	assert_int_equal(status().backlog_lines, 1);
	assert_int_equal(status().backlog_bytes, 4);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(status().backlog_lines, 0);
	assert_int_equal(status().written, 1);
	assert_int_equal(sink_due(sink), -1);
	end(0, 0);
	begin();
	assert_int_equal(put("two\n"), 0);
	end(0, 0);
	check_content("", "one\ntwo\n");
	check_list("audit.jsonl");
}

static void only_a_regular_file_is_written_to(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	make(".target", "");
	assert_int_equal(symlink("audit.jsonl.target", path), 0);
	assert_int_equal(file_new(&sink, &config), -ELOOP);
	assert_int_equal(remove(named(".target")), 0);
	assert_int_equal(file_new(&sink, &config), -ELOOP); /* one that leads nowhere */
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_new(&sink, &config), -EINVAL);
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_new(&sink, &config), -EINVAL);
	assert_int_equal(remove(path), 0);
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(file_new(&sink, &config), -EINVAL);
	config.path = "/dev/null";
	assert_int_equal(file_new(&sink, &config), -EINVAL);
	config.path = "/nowhere/at/all";
	assert_int_equal(file_new(&sink, &config), -ENOENT);
	assert_null(sink);
}

static void a_path_must_leave_room_for_numbers(void **state)
{
	char name[PATH_MAX];

	(void)state;
	memset(name, '/', sizeof(name));
	name[sizeof(name) - 5] = '\0';
	config.path = name;
	assert_int_equal(file_new(&sink, &config), -ENAMETOOLONG);
}

static void a_torn_line_gets_its_newline_first(void **state)
{
	(void)state;
	make("", "whole\ntorn");
	begin();
	check_content("", "whole\ntorn"); /* not before there is something to say */
	assert_int_equal(put("next\n"), 0);
	end(0, 0);
	check_content("", "whole\ntorn\nnext\n");
}

static void a_removed_file_is_made_anew(void **state)
{
	(void)state;
	begin();
	assert_int_equal(put("one\n"), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(remove(path), 0);
	assert_int_equal(put("two\n"), 0);
	assert_int_equal(sink_flush(sink), 0); /* notices it */
	assert_int_equal(put("three\n"), 0);
	end(0, 0);
	check_content("", "three\n");
	check_list("audit.jsonl");
}

static void a_full_disk_refuses_and_recovers(void **state)
{
	char expected[400] = "";

	(void)state;
	config.max_size = 1000;
	begin();
	set_room(10);
	for (int i = 0; i < 5; i++)
		assert_int_equal(put("12345\n"), 0);
	assert_int_equal(sink_flush(sink), -EFBIG);
	assert_int_equal(status().error, -EFBIG);
	assert_int_equal(status().written, 0);
	assert_int_equal(sink_due(sink), FILE_RETRY_MS);
	assert_int_equal(sink_rotate(sink, false),
			 -EFBIG); /* the old one has half a line: it must not be left */
	check_list("audit.jsonl");
	set_room(file_limit);
	wait_until_due();
	assert_int_equal(sink_flush(sink), 0); /* and then rotates, as it was asked to */
	assert_int_equal(put("after\n"), 0);
	end(0, 0);
	for (int i = 0; i < 5; i++)
		strcat(expected, "12345\n");
	check_content(".1", expected);
	check_content("", "after\n");
}

static void what_cannot_be_written_at_the_end_is_counted(void **state)
{
	(void)state;
	begin();
	set_room(10);
	for (int i = 0; i < 5; i++)
		assert_int_equal(put("12345\n"), 0);
	end(-EFBIG, 4);
	check_content("", "12345\n");
}

static void a_torn_line_on_a_full_disk_waits_for_its_newline(void **state)
{
	(void)state;
	make("", "torn");
	begin();
	set_room(4);
	assert_int_equal(put("one\n"), -EFBIG);
	assert_int_equal(status().refused, 1);
	set_room(file_limit);
	assert_int_equal(put("two\n"), 0);
	end(0, 0);
	check_content("", "torn\ntwo\n");
}

static void nothing_is_forced_unless_asked(void **state)
{
	(void)state;
	syncs = folder_syncs = 0;
	config.max_size = 5;
	begin();
	assert_int_equal(put("one\n"), 0);
	assert_int_equal(put("two\n"), 0);
	end(0, 0);
	assert_int_equal(syncs, 0);
	assert_int_equal(folder_syncs, 0);
}

static void each_flush_reaches_the_disk(void **state)
{
	(void)state;
	syncs = folder_syncs = 0;
	config.sync = FILE_SYNC_EACH;
	config.max_size = 9;
	begin();
	assert_int_equal(folder_syncs, 1); /* the name of the file that was made */
	assert_int_equal(put("one\n"), 0);
	assert_int_equal(put("two\n"), 0);
	assert_int_equal(syncs, 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(syncs, 1);
	assert_int_equal(sink_due(sink), -1);
	assert_int_equal(put("3\n"), 0);
	assert_int_equal(folder_syncs, 2); /* rotated; there was nothing to force */
	assert_int_equal(put("4\n"), 0);
	assert_int_equal(sink_rotate(sink, false), 0);
	assert_int_equal(syncs, 2);
	assert_int_equal(put("5\n"), 0);
	end(0, 0);
	assert_int_equal(syncs, 3);
	check_list("audit.jsonl audit.jsonl.1 audit.jsonl.2");
}

static void a_disk_that_fails_is_reported_and_tried_again(void **state)
{
	(void)state;
	config.sync = FILE_SYNC_EACH;
	begin();
	assert_int_equal(put("one\n"), 0);
	sync_error = EIO;
	assert_int_equal(sink_flush(sink), -EIO);
	assert_int_equal(status().error, -EIO);
	assert_int_equal(sink_due(sink), FILE_RETRY_MS);
	sync_error = 0;
	syncs = 0;
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(syncs, 1);
	assert_int_equal(status().error, 0);
	end(0, 0);
}

static void the_interval_is_kept_without_lines(void **state)
{
	(void)state;
	syncs = 0;
	config.sync = FILE_SYNC_INTERVAL;
	config.sync_interval_ms = 300;
	begin();
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(sink_due(sink), -1); /* nothing to force */
	assert_int_equal(put("one\n"), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(syncs, 0);
	assert_in_range(sink_due(sink), 0, 300);
	wait_until_due();
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(syncs, 1);
	assert_int_equal(sink_due(sink), -1);
	end(0, 0);
	assert_int_equal(syncs, 1);
}

static void the_group_is_set(void **state)
{
	struct stat file;

	(void)state;
	if (geteuid() != 0)
		check_skip("root");
	config.group = GROUP;
	config.max_size = 1;
	begin();
	assert_int_equal(put("1\n"), 0);
	assert_int_equal(put("2\n"), 0);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_gid, GROUP);
	assert_int_equal(stat(named(".1"), &file), 0);
	assert_int_equal(file.st_gid, GROUP);
	end(0, 0);
	assert_int_equal(chown(path, 0, 0), 0); /* somebody has decided otherwise */
	begin();
	end(0, 0);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_gid, 0);
}

/* Without CAP_CHOWN, and in no group but its own. */
static void be_nobody(void)
{
	child_check(chmod(folder, 0777) == 0);
	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		child_unable("root");
}

static void without_the_right_no_file_is_left(void)
{
	config.group = GROUP;
	be_nobody();
	child_check(file_new(&sink, &config) == -EPERM);
	child_check(access(path, F_OK) < 0 && errno == ENOENT);
}

static void a_group_that_cannot_be_given_is_an_error(void **state)
{
	(void)state;
	child_run(without_the_right_no_file_is_left);
}

static void the_folder_gives_the_group(void)
{
	struct stat file;

	config.group = GROUP;
	config.max_size = 1;
	if (chown(folder, 0, GROUP) < 0)
		child_unable("root");
	child_check(chmod(folder, 02777) == 0);
	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		child_unable("root");
	child_check(file_new(&sink, &config) == 0);
	child_check(put("1\n") == 0 && put("2\n") == 0);
	child_check(stat(path, &file) == 0 && file.st_gid == GROUP);
	child_check(sink_close(sink, NULL) == 0);
}

static void a_setgid_folder_needs_no_rights(void **state)
{
	(void)state;
	child_run(the_folder_gives_the_group);
	check_list("audit.jsonl audit.jsonl.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(lines_are_appended_and_the_file_is_private),
		CASE(only_a_regular_file_is_written_to),
		CASE(a_path_must_leave_room_for_numbers),
		CASE(a_torn_line_gets_its_newline_first),
		CASE(a_removed_file_is_made_anew),
		CASE(a_full_disk_refuses_and_recovers),
		CASE(what_cannot_be_written_at_the_end_is_counted),
		CASE(a_torn_line_on_a_full_disk_waits_for_its_newline),
		CASE(nothing_is_forced_unless_asked),
		CASE(each_flush_reaches_the_disk),
		CASE(a_disk_that_fails_is_reported_and_tried_again),
		CASE(the_interval_is_kept_without_lines),
		CASE(the_group_is_set),
		CASE(a_group_that_cannot_be_given_is_an_error),
		CASE(a_setgid_folder_needs_no_rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
