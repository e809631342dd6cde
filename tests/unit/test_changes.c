/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <linux/mount.h>

static struct wire_builder *const builder = &fixture.builder;

/* Begins a record with this fixed part; its parts follow, then check_own(). */
#define BEGIN(kind, fixed) wb_begin(builder, kind, fixture.sink->count, &(fixed), sizeof(fixed))

/* What the record has beyond the envelope and the task, byte for byte. */
static void check_own(const char *event, const char *expected)
{
	static const char last[] = "\"cgroup_id\":11873,";
	const char *line, *own;
	size_t place = fixture.sink->count;

	check_string(fixture_encode(), "event", event);
	line = fixture.sink->lines[place].data;
	own = strstr(line, last);
	assert_non_null(own);
	own += strlen(last);
	assert_int_equal(strlen(own), strlen(expected) + 2);
	assert_memory_equal(own, expected, strlen(expected));
}

/* A record of that operation, with a request and what it is relative to. */
static void begin(enum wire_file_operation operation, int64_t result, const char *request,
		  const char *base)
{
	struct wire_file file = { .operation = operation, .return_code = result };

	BEGIN(WIRE_FILE, file);
	wb_string(builder, WIRE_PART_REQUEST, request);
	if (base)
		wb_string(builder, WIRE_PART_BASE, base);
}

static void a_name_is_made_absolute(void **state)
{
	(void)state;
	begin(WIRE_FILE_UNLINK, 0, "log", "/var");
	check_own("session.file",
		  "\"operation\":\"unlink\",\"path\":\"/var/log\",\"requested_path\":\"log\","
		  "\"path_source\":\"request\",\"return_code\":0");
	begin(WIRE_FILE_TRUNCATE, -13, "/etc/passwd", NULL);
	check_own("session.file",
		  "\"operation\":\"truncate\",\"path\":\"/etc/passwd\",\"path_source\":\"request\","
		  "\"return_code\":-13");
}

static void a_second_name_has_a_base_of_its_own(void **state)
{
	(void)state;
	begin(WIRE_FILE_RENAME, 0, "a", "/x");
	wb_string(builder, WIRE_PART_NEW_REQUEST, "b");
	wb_string(builder, WIRE_PART_NEW_BASE, "/y");
	check_own("session.file",
		  "\"operation\":\"rename\",\"path\":\"/x/a\",\"requested_path\":\"a\","
		  "\"path_source\":\"request\",\"new_path\":\"/y/b\",\"requested_new_path\":\"b\","
		  "\"new_path_source\":\"request\",\"return_code\":0");
	begin(WIRE_FILE_LINK, -14, "/a", NULL);
	wb_part(builder, WIRE_PART_NEW_REQUEST, WIRE_PART_UNREADABLE, NULL, 0);
	check_own("session.file",
		  "\"operation\":\"link\",\"path\":\"/a\",\"path_source\":\"request\","
		  "\"new_path_source\":\"unreadable\",\"return_code\":-14");
}

static void a_symbolic_link_tells_its_text_as_it_is(void **state)
{
	(void)state;
	begin(WIRE_FILE_SYMLINK, 0, "/tmp/a", NULL);
	wb_string(builder, WIRE_PART_NAME, "../etc/shadow");
	check_own("session.file",
		  "\"operation\":\"symlink\",\"path\":\"/tmp/a\",\"path_source\":\"request\","
		  "\"target\":\"../etc/shadow\",\"return_code\":0");
}

static void a_mount_tells_what_where_and_how(void **state)
{
	struct wire_file file = { .operation = WIRE_FILE_MOUNT,
				  .flags = MS_BIND | MS_REC | UINT64_C(1) << 40 };

	(void)state;
	BEGIN(WIRE_FILE, file);
	wb_string(builder, WIRE_PART_REQUEST, "/mnt");
	wb_string(builder, WIRE_PART_NEW_REQUEST, "etc");
	wb_string(builder, WIRE_PART_NEW_BASE, "/tmp");
	check_own("session.file",
		  "\"operation\":\"mount\",\"path\":\"/mnt\",\"path_source\":\"request\","
		  "\"source\":\"/tmp/etc\",\"flags\":1099511648256,"
		  "\"flag_names\":[\"MS_BIND\",\"MS_REC\",\"0x10000000000\"],\"return_code\":0");
	file.flags = 0;
	BEGIN(WIRE_FILE, file);
	wb_string(builder, WIRE_PART_REQUEST, "/mnt");
	wb_string(builder, WIRE_PART_NEW_REQUEST, "none");
	wb_string(builder, WIRE_PART_NAME, "tmpfs");
	check_own("session.file",
		  "\"operation\":\"mount\",\"path\":\"/mnt\",\"path_source\":\"request\","
		  "\"source\":\"none\",\"fs_type\":\"tmpfs\",\"return_code\":0");
}

static void a_new_root_is_the_kernels_word(void **state)
{
	(void)state;
	begin(WIRE_FILE_CHROOT, 0, "jail", NULL);
	wb_string(builder, WIRE_PART_PATH, "/srv/jail");
	check_own("session.file",
		  "\"operation\":\"chroot\",\"path\":\"/srv/jail\",\"requested_path\":\"jail\","
		  "\"path_source\":\"kernel\",\"return_code\":0");
}

static void what_comes_through_io_uring_says_so(void **state)
{
	struct wire_file file = { .operation = WIRE_FILE_UNLINK,
				  .via = WIRE_VIA_IO_URING,
				  .notes = WIRE_OPEN_UNKNOWN | WIRE_OPEN_NO_RESULT,
				  .flags = 5 };

	(void)state;
	BEGIN(WIRE_FILE, file);
	wb_part(builder, WIRE_PART_REQUEST, WIRE_PART_UNREADABLE, NULL, 0);
	check_own("session.file", "\"operation\":\"unlink\",\"path_source\":\"unreadable\","
				  "\"via\":\"io_uring\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_name_is_made_absolute),
		FIXTURE_TEST(a_second_name_has_a_base_of_its_own),
		FIXTURE_TEST(a_symbolic_link_tells_its_text_as_it_is),
		FIXTURE_TEST(a_mount_tells_what_where_and_how),
		FIXTURE_TEST(a_new_root_is_the_kernels_word),
		FIXTURE_TEST(what_comes_through_io_uring_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
