/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <linux/mount.h>

static struct wire_builder *const builder = &fixture.builder;

/* A record of that operation, with a request and what it is relative to. */
static void begin(enum wire_file_operation operation, int64_t result, const char *request,
		  const char *base)
{
	struct wire_file file = { .operation = operation, .return_code = result };

	FIXTURE_BEGIN(WIRE_FILE, file);
	wb_string(builder, WIRE_PART_REQUEST, request);
	if (base)
		wb_string(builder, WIRE_PART_BASE, base);
}

static void a_name_is_made_absolute(void **state)
{
	(void)state;
	begin(WIRE_FILE_UNLINK, 0, "log", "/var");
	fixture_check_own(
		"session.file",
		"\"operation\":\"unlink\",\"path\":\"/var/log\",\"requested_path\":\"log\","
		"\"path_source\":\"request\",\"return_code\":0");
	begin(WIRE_FILE_TRUNCATE, -13, "/etc/passwd", NULL);
	fixture_check_own(
		"session.file",
		"\"operation\":\"truncate\",\"path\":\"/etc/passwd\",\"path_source\":\"request\","
		"\"return_code\":-13");
}

static void a_second_name_has_a_base_of_its_own(void **state)
{
	(void)state;
	begin(WIRE_FILE_RENAME, 0, "a", "/x");
	wb_string(builder, WIRE_PART_NEW_REQUEST, "b");
	wb_string(builder, WIRE_PART_NEW_BASE, "/y");
	fixture_check_own(
		"session.file",
		"\"operation\":\"rename\",\"path\":\"/x/a\",\"requested_path\":\"a\","
		"\"path_source\":\"request\",\"new_path\":\"/y/b\",\"requested_new_path\":\"b\","
		"\"new_path_source\":\"request\",\"return_code\":0");
	begin(WIRE_FILE_LINK, -14, "/a", NULL);
	wb_part(builder, WIRE_PART_NEW_REQUEST, WIRE_PART_UNREADABLE, NULL, 0);
	fixture_check_own("session.file",
			  "\"operation\":\"link\",\"path\":\"/a\",\"path_source\":\"request\","
			  "\"new_path_source\":\"unreadable\",\"return_code\":-14");
}

static void a_symbolic_link_tells_its_text_as_it_is(void **state)
{
	(void)state;
	begin(WIRE_FILE_SYMLINK, 0, "/tmp/a", NULL);
	wb_string(builder, WIRE_PART_NAME, "../etc/shadow");
	fixture_check_own(
		"session.file",
		"\"operation\":\"symlink\",\"path\":\"/tmp/a\",\"path_source\":\"request\","
		"\"target\":\"../etc/shadow\",\"return_code\":0");
}

static void a_mount_tells_what_where_and_how(void **state)
{
	struct wire_file file = { .operation = WIRE_FILE_MOUNT,
				  .flags = MS_BIND | MS_REC | UINT64_C(1) << 40 };

	(void)state;
	FIXTURE_BEGIN(WIRE_FILE, file);
	wb_string(builder, WIRE_PART_REQUEST, "/mnt");
	wb_string(builder, WIRE_PART_NEW_REQUEST, "etc");
	wb_string(builder, WIRE_PART_NEW_BASE, "/tmp");
	fixture_check_own(
		"session.file",
		"\"operation\":\"mount\",\"path\":\"/mnt\",\"path_source\":\"request\","
		"\"source\":\"/tmp/etc\",\"flags\":1099511648256,"
		"\"flag_names\":[\"MS_BIND\",\"MS_REC\",\"0x10000000000\"],\"return_code\":0");
	file.flags = 0;
	FIXTURE_BEGIN(WIRE_FILE, file);
	wb_string(builder, WIRE_PART_REQUEST, "/mnt");
	wb_string(builder, WIRE_PART_NEW_REQUEST, "none");
	wb_string(builder, WIRE_PART_NAME, "tmpfs");
	fixture_check_own("session.file",
			  "\"operation\":\"mount\",\"path\":\"/mnt\",\"path_source\":\"request\","
			  "\"source\":\"none\",\"fs_type\":\"tmpfs\",\"return_code\":0");
}

static void a_new_root_is_the_kernels_word(void **state)
{
	(void)state;
	begin(WIRE_FILE_CHROOT, 0, "jail", NULL);
	wb_string(builder, WIRE_PART_PATH, "/srv/jail");
	fixture_check_own(
		"session.file",
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
	FIXTURE_BEGIN(WIRE_FILE, file);
	wb_part(builder, WIRE_PART_REQUEST, WIRE_PART_UNREADABLE, NULL, 0);
	fixture_check_own("session.file", "\"operation\":\"unlink\",\"path_source\":\"unreadable\","
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
