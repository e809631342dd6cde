/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fixture.h"

static struct wire_builder *const builder = &fixture.builder;

/* An exec with these arguments (each with its NUL), in the directory /home/x. */
static void begin(const struct wire_exec *exec, const char *request, const char *args, size_t size)
{
	wb_begin(builder, WIRE_EXEC, 1, exec, sizeof(*exec));
	wb_string(builder, WIRE_PART_REQUEST, request);
	wb_string(builder, WIRE_PART_CWD, "/home/x");
	wb_part(builder, WIRE_PART_ARGS, 0, args, size);
}

static void a_plain_program_is_told_by_the_kernels_path(void **state)
{
	struct wire_exec exec = { .inode = 99, .dev = 8 << 20 | 2, .argc = 3 };
	struct json_object *record;

	(void)state;
	begin(&exec, "/bin/echo", "echo\0a b\0\0", 10);
	wb_string(builder, WIRE_PART_PATH, "/usr/bin/echo");
	record = fixture_encode();
	check_keys(record, FIXTURE_TASK " path requested_path path_source argv0 argv cwd "
					"return_code inode dev");
	check_string(record, "event", "session.command");
	check_string(record, "exe", "/usr/bin/echo");
	check_string(record, "path", "/usr/bin/echo");
	check_string(record, "requested_path", "/bin/echo");
	check_string(record, "path_source", "kernel");
	check_string(record, "argv0", "echo");
	check_value(record, "argv", "[\"a b\",\"\"]");
	check_string(record, "cwd", "/home/x");
	check_int(record, "return_code", 0);
	check_int(record, "inode", 99);
	check_string(record, "dev", "8:2");
}

static void a_script_is_told_by_the_request_and_its_interpreter(void **state)
{
	struct wire_exec exec = { .inode = 99, .flags = WIRE_EXEC_SCRIPT, .argc = 2 };
	struct json_object *record;

	(void)state;
	begin(&exec, "./run", "/bin/sh\0./run\0", 14);
	wb_part(builder, WIRE_PART_PATH, WIRE_PATH_DELETED, "/usr/bin/dash", 13);
	record = fixture_encode();
	check_keys(record, FIXTURE_TASK " path requested_path path_source argv0 argv cwd "
					"return_code interpreter");
	check_string(record, "path", "/home/x/./run");
	check_string(record, "requested_path", "./run");
	check_string(record, "path_source", "request");
	check_string(record, "interpreter", "/usr/bin/dash");
	check_string(record, "exe", "/usr/bin/dash");
}

static void each_path_of_a_script_has_its_own_namespace(void **state)
{
	struct wire_exec exec = { .inode = 99, .flags = WIRE_EXEC_SCRIPT, .argc = 2 };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_EXEC, 1, &exec, sizeof(exec));
	wb_string(builder, WIRE_PART_REQUEST, "/run");
	wb_place(builder, WIRE_PART_BASE, "/", 3, 0);
	wb_place(builder, WIRE_PART_CWD, "/home/x", 2, WIRE_PATH_CUT);
	wb_place(builder, WIRE_PART_PATH, "/usr/bin/dash", 1, 0);
	record = fixture_encode();
	check_value(record, "mount_namespaces",
		    "{\"/exe\":1,\"/path\":3,\"/cwd\":2,\"/interpreter\":1}");
	check_value(record, "paths_truncated", "[\"/cwd\"]");
}

static void the_dynamic_linker_is_told_with_its_inode(void **state)
{
	struct wire_exec exec = { .inode = 99, .loader_inode = 7, .dev = 8 << 20 | 2, .argc = 1 };
	struct json_object *record;

	(void)state;
	begin(&exec, "/usr/bin/echo", "echo", 5);
	wb_string(builder, WIRE_PART_PATH, "/usr/bin/echo");
	wb_string(builder, WIRE_PART_NEW_PATH, "/lib64/ld.so");
	record = fixture_encode();
	check_keys(record, FIXTURE_TASK " path path_source argv0 argv cwd return_code loader "
					"loader_inode inode dev");
	check_string(record, "loader", "/lib64/ld.so");
	check_int(record, "loader_inode", 7);
}

static void a_failure_tells_what_was_asked_for(void **state)
{
	struct wire_exec exec = { .return_code = -2, .argc = 1 };
	struct json_object *record;

	(void)state;
	begin(&exec, "/none", "x\0", 2);
	record = fixture_encode();
	check_string(record, "path", "/none");
	check_string(record, "path_source", "request");
	check_int(record, "return_code", -2);
	check_value(record, "argv", "[]");
	check_string(record, "argv0", "x");
	assert_false(check_has(record, "interpreter"));
	assert_false(check_has(record, "inode"));
	assert_false(check_has(record, "exe"));
}

static void a_base_goes_before_the_working_directory(void **state)
{
	struct wire_exec exec = { .return_code = -2, .flags = WIRE_EXEC_AT };

	(void)state;
	begin(&exec, "tool", NULL, 0);
	wb_string(builder, WIRE_PART_BASE, "/opt");
	check_string(fixture_encode(), "path", "/opt/tool");
	begin(&exec, "", NULL, 0);
	wb_string(builder, WIRE_PART_BASE, "/opt/tool");
	check_string(fixture_encode(), "path", "/opt/tool");
	check_string(fixture.record, "requested_path", "");
	begin(&exec, "/bin/x", NULL, 0);
	wb_string(builder, WIRE_PART_BASE, "/jail");
	check_string(fixture_encode(), "path", "/jail/bin/x");
	begin(&exec, "tool", NULL, 0); /* the descriptor was none */
	check_string(fixture_encode(), "path", "tool");
	exec.flags = 0;
	begin(&exec, "tool", NULL, 0);
	check_string(fixture_encode(), "path", "/home/x/tool");
	begin(&exec, "/bin/x", NULL, 0);
	check_string(fixture_encode(), "path", "/bin/x");
}

static void without_an_argument_array_there_is_no_argv0(void **state)
{
	struct wire_exec exec = { .return_code = -14 };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_EXEC, 1, &exec, sizeof(exec));
	wb_part(builder, WIRE_PART_REQUEST, WIRE_PART_UNREADABLE, NULL, 0);
	record = fixture_encode();
	check_keys(record, FIXTURE_COMMON " pid ppid tid uid euid gid auid program cgroup_id "
					  "path_source argv return_code");
	check_string(record, "path_source", "unreadable");
	check_value(record, "argv", "[]");
}

static void arguments_that_end_too_early_are_told(void **state)
{
	struct wire_exec exec = { .return_code = 0, .argc = 5 };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_EXEC, 1, &exec, sizeof(exec));
	wb_string(builder, WIRE_PART_PATH, "/bin/x");
	wb_part(builder, WIRE_PART_ARGS, WIRE_PART_UNREADABLE, "x\0one\0tw", 8);
	record = fixture_encode();
	check_value(record, "argv", "[\"one\",\"tw\"]");
	check_true(record, "argv_truncated");

	/* Attempts that failed, with a bad path, too. */
	exec.return_code = -EFAULT;
	exec.argc = 0;
	wb_begin(builder, WIRE_EXEC, 2, &exec, sizeof(exec));
	wb_part(builder, WIRE_PART_ARGS, WIRE_PART_LIMIT, "x\0", 2);
	check_true(fixture_encode(), "argv_truncated");

	exec.argc = 2; /* there was one more than came */
	wb_begin(builder, WIRE_EXEC, 3, &exec, sizeof(exec));
	wb_part(builder, WIRE_PART_ARGS, 0, "x\0", 2);
	check_true(fixture_encode(), "argv_truncated");

	exec.argc = 1;
	wb_begin(builder, WIRE_EXEC, 4, &exec, sizeof(exec));
	wb_part(builder, WIRE_PART_ARGS, 0, "x\0", 2);
	assert_false(check_has(fixture_encode(), "argv_truncated"));
}

static void memory_files_and_unlinked_ones_are_told(void **state)
{
	struct wire_exec exec = { .inode = 5 };
	struct json_object *record;

	(void)state;
	begin(&exec, "/proc/self/fd/3", "x\0", 2);
	wb_part(builder, WIRE_PART_PATH, WIRE_PATH_PSEUDO, "/memfd:evil", 11);
	record = fixture_encode();
	check_string(record, "path", "/memfd:evil");
	check_true(record, "memfd");
	assert_false(check_has(record, "deleted"));

	begin(&exec, "/tmp/x", "x\0", 2);
	wb_part(builder, WIRE_PART_PATH, WIRE_PATH_DELETED, "/tmp/x", 6);
	record = fixture_encode();
	check_true(record, "deleted");
	assert_false(check_has(record, "memfd"));

	begin(&exec, "/memfd:x", "x\0", 2); /* a real file may be called so */
	wb_string(builder, WIRE_PART_PATH, "/memfd:x");
	assert_false(check_has(fixture_encode(), "memfd"));
}

static void arguments_in_pieces_become_one_record(void **state)
{
	struct wire_exec exec = { .argc = 4 };

	(void)state;
	wb_begin(builder, WIRE_EXEC, 1, &exec, sizeof(exec));
	wb_string(builder, WIRE_PART_PATH, "/bin/x");
	wb_part(builder, WIRE_PART_ARGS, WIRE_PART_MORE, "x\0on", 4);
	fixture_feed();
	assert_int_equal(fixture.sink->count, 1);
	wb_more(builder, 1, 1, 0, "e\0tw", 4);
	fixture_feed();
	wb_more(builder, 1, 2, WIRE_MORE_LAST, "o\0three\0", 8);
	check_value(fixture_encode(), "argv", "[\"one\",\"two\",\"three\"]");
	assert_false(check_has(fixture.record, "argv_truncated"));
}

static void bad_bytes_are_found_by_their_place_in_argv(void **state)
{
	struct wire_exec exec = { .argc = 3 };

	(void)state;
	begin(&exec, "/x", "\xfe\0ok\0a\xff\0", 8);
	wb_string(builder, WIRE_PART_PATH, "/x");
	check_value(fixture_encode(), "raw", "{\"/argv0\":\"/g==\",\"/argv/1\":\"Yf8=\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_plain_program_is_told_by_the_kernels_path),
		FIXTURE_TEST(a_script_is_told_by_the_request_and_its_interpreter),
		FIXTURE_TEST(each_path_of_a_script_has_its_own_namespace),
		FIXTURE_TEST(the_dynamic_linker_is_told_with_its_inode),
		FIXTURE_TEST(a_failure_tells_what_was_asked_for),
		FIXTURE_TEST(a_base_goes_before_the_working_directory),
		FIXTURE_TEST(without_an_argument_array_there_is_no_argv0),
		FIXTURE_TEST(arguments_that_end_too_early_are_told),
		FIXTURE_TEST(memory_files_and_unlinked_ones_are_told),
		FIXTURE_TEST(arguments_in_pieces_become_one_record),
		FIXTURE_TEST(bad_bytes_are_found_by_their_place_in_argv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
