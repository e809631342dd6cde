/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <fcntl.h>

static struct wire_builder *const builder = &fixture.builder;

/* A failed open of that request, with that base or none. */
static struct json_object *failed_open(const char *request, const char *base)
{
	struct wire_open open = { .return_code = -2, .flags = O_WRONLY };

	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_REQUEST, request);
	if (base)
		wb_string(builder, WIRE_PART_BASE, base);
	return fixture_encode();
}

static void check_claim(struct json_object *record, const char *path, const char *requested)
{
	check_string(record, "path", path);
	if (requested)
		check_string(record, "requested_path", requested);
	else
		assert_false(check_has(record, "requested_path"));
	check_string(record, "path_source", "request");
}

static void an_open_tells_the_kernels_path_and_the_request(void **state)
{
	struct json_object *record;

	(void)state;
	fixture_name_image();
	wb_open(builder, 1, "/usr/lib/x.so.1", "/lib/x.so");
	record = fixture_encode();
	check_keys(record, FIXTURE_TASK " path requested_path path_source flags flag_names "
					"return_code inode dev");
	check_string(record, "event", "session.disk");
	check_string(record, "time", "2026-11-21T15:30:05.000001000Z");
	check_string(record, "sid", FIXTURE_SID);
	check_int(record, "ei", 1);
	check_string(record, "login", "alice");
	check_string(record, "user", "alice");
	check_string(record, "server_hostname", "web-1");
	check_string(record, "server_id", "5f3e0c7d9a1b4c2e8d6f0a1b2c3d4e5f");
	check_int(record, "schema_version", 1);
	check_int(record, "pid", 4711);
	check_int(record, "ppid", 4700);
	check_int(record, "tid", 4711);
	check_int(record, "uid", 1000);
	check_int(record, "euid", 1001);
	check_int(record, "gid", 100);
	check_int(record, "auid", 4294967295);
	check_string(record, "program", "sh");
	check_string(record, "exe", "/usr/bin/dash");
	check_int(record, "cgroup_id", 11873);
	check_string(record, "path", "/usr/lib/x.so.1");
	check_string(record, "requested_path", "/lib/x.so");
	check_string(record, "path_source", "kernel");
	check_int(record, "flags", O_CLOEXEC);
	check_value(record, "flag_names", "[\"O_RDONLY\",\"O_CLOEXEC\"]");
	check_int(record, "return_code", 3);
	check_int(record, "inode", 1837211);
	check_string(record, "dev", "8:1");
}

static void a_request_that_is_the_path_is_not_repeated(void **state)
{
	struct json_object *record;

	(void)state;
	wb_open(builder, 1, "/etc/passwd", "/etc/passwd");
	record = fixture_encode();
	assert_false(check_has(record, "requested_path"));
	assert_false(check_has(record, "exe"));
}

static void what_a_path_does_not_say_is_told_beside_it(void **state)
{
	struct wire_open open = { .return_code = 3, .inode = 7, .dev = 8 << 20 | 1 };
	struct wire_image image = { .inode = 12, .dev = 8 << 20 | 1 };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_IMAGE, 0, &image, sizeof(image));
	wb_place(builder, WIRE_PART_PATH, "/memfd:x", 0, WIRE_PATH_PSEUDO);
	fixture_feed();
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_place(builder, WIRE_PART_PATH, ".../y", 4026532291, WIRE_PATH_CUT);
	wb_string(builder, WIRE_PART_REQUEST, "y");
	record = fixture_encode();
	check_keys(record,
		   FIXTURE_TASK " path requested_path path_source flags flag_names return_code "
				"inode dev mount_namespaces paths_truncated paths_nameless");
	check_value(record, "mount_namespaces", "{\"/path\":4026532291}");
	check_value(record, "paths_truncated", "[\"/path\"]");
	check_value(record, "paths_nameless", "[\"/exe\"]");
}

static void a_claim_is_where_its_base_is(void **state)
{
	struct wire_open open = { .return_code = -2 };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_REQUEST, "/none");
	wb_place(builder, WIRE_PART_BASE, "/", 4026532291, 0);
	record = fixture_encode();
	check_claim(record, "/none", NULL);
	check_value(record, "mount_namespaces", "{\"/path\":4026532291}");
	/* No path, no place. */
	wb_begin(builder, WIRE_OPEN, 2, &open, sizeof(open));
	wb_part(builder, WIRE_PART_REQUEST, WIRE_PART_UNREADABLE, NULL, 0);
	wb_place(builder, WIRE_PART_BASE, "/", 4026532291, 0);
	assert_false(check_has(fixture_encode(), "mount_namespaces"));
}

static void open_tree_has_flags_of_its_own(void **state)
{
	struct wire_open open = {
		.return_code = 3, .flags = 0x9001 | O_CREAT, .mode = 0600, .via = WIRE_VIA_OPEN_TREE
	};
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_PATH, "(unreachable)/");
	wb_string(builder, WIRE_PART_REQUEST, "/etc");
	record = fixture_encode();
	check_value(record, "flag_names",
		    "[\"O_PATH\",\"OPEN_TREE_CLONE\",\"AT_EMPTY_PATH\",\"AT_RECURSIVE\",\"0x40\"]");
	check_int(record, "flags", 0x9041);
	assert_false(check_has(record, "mode"));
	check_string(record, "via", "open_tree");
}

static void a_queues_name_is_relative_to_no_folder(void **state)
{
	struct wire_open open = { .return_code = -2, .via = WIRE_VIA_MQ_OPEN };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_REQUEST, "queue");
	record = fixture_encode();
	check_claim(record, "(unreachable)/queue", "queue");
	check_string(record, "via", "mq_open");
}

static void a_failure_tells_the_request_made_absolute(void **state)
{
	(void)state;
	check_claim(failed_open("/etc/none", NULL), "/etc/none", NULL);
	check_claim(failed_open("/etc/none", "/"), "/etc/none", NULL);
	check_claim(failed_open("/etc/none", "/jail"), "/jail/etc/none", "/etc/none");
	check_claim(failed_open("none", "/"), "/none", "none");
	check_claim(failed_open("../none", "/home/x"), "/home/x/../none", "../none");
	check_claim(failed_open("", "/home/x"), "/home/x", "");
	check_claim(failed_open("none", NULL), "none", NULL);
	check_claim(failed_open("/", "/jail"), "/jail/", "/");
	assert_false(check_has(fixture.record, "inode"));
	assert_false(check_has(fixture.record, "dev"));
	check_value(fixture.record, "flag_names", "[\"O_WRONLY\"]");
}

static void an_unreadable_base_is_none(void **state)
{
	struct wire_open open = { .return_code = -2 };

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_REQUEST, "none");
	wb_part(builder, WIRE_PART_BASE, WIRE_PART_UNREADABLE, "/ho", 3);
	check_claim(fixture_encode(), "none", NULL);
}

static void an_unreadable_request_is_named_as_such(void **state)
{
	struct wire_open open = { .return_code = -14 };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_part(builder, WIRE_PART_REQUEST, WIRE_PART_UNREADABLE, NULL, 0);
	wb_string(builder, WIRE_PART_BASE, "/home");
	record = fixture_encode();
	check_string(record, "path_source", "unreadable");
	assert_false(check_has(record, "path"));
	assert_false(check_has(record, "requested_path"));
	check_int(record, "return_code", -14);
}

static void a_request_that_became_unreadable_does_not_hide_the_kernels_path(void **state)
{
	struct wire_open open = { .return_code = 4 };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_PATH, "/etc/passwd");
	wb_part(builder, WIRE_PART_REQUEST, WIRE_PART_UNREADABLE, "/e", 2);
	record = fixture_encode();
	check_string(record, "path", "/etc/passwd");
	check_string(record, "path_source", "kernel");
	assert_false(check_has(record, "requested_path"));
}

static void creating_tells_the_mode(void **state)
{
	struct wire_open open = {
		.return_code = 3, .flags = O_RDWR | O_CREAT | O_EXCL, .mode = 0640, .created = 1
	};
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_PATH, "/tmp/new");
	record = fixture_encode();
	check_value(record, "flag_names", "[\"O_RDWR\",\"O_CREAT\",\"O_EXCL\"]");
	check_string(record, "mode", "0640");
	check_true(record, "created");

	open.flags = O_TMPFILE | O_WRONLY;
	open.created = 0;
	wb_begin(builder, WIRE_OPEN, 2, &open, sizeof(open));
	record = fixture_encode();
	check_string(record, "mode", "0640");
	assert_false(check_has(record, "created"));

	open.flags = O_DIRECTORY;
	wb_begin(builder, WIRE_OPEN, 3, &open, sizeof(open));
	assert_false(check_has(fixture_encode(), "mode"));
}

static void openat2_tells_how_to_resolve_and_unknown_bits(void **state)
{
	struct wire_open open = { .return_code = -22,
				  .flags = 0x8000000000000000,
				  .resolve = 0x108 };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_REQUEST, "/x");
	record = fixture_encode();
	assert_string_equal(json_object_get_string(check_member(record, "flags")),
			    "9223372036854775808");
	check_value(record, "flag_names", "[\"O_RDONLY\",\"0x8000000000000000\"]");
	check_value(record, "resolve_names", "[\"RESOLVE_BENEATH\",\"0x100\"]");
}

static void unknown_flags_are_absent(void **state)
{
	struct wire_open open = { .return_code = -14, .notes = WIRE_OPEN_UNKNOWN };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_REQUEST, "/x");
	record = fixture_encode();
	assert_false(check_has(record, "flags"));
	assert_false(check_has(record, "flag_names"));
	assert_false(check_has(record, "mode"));
}

static void unlinked_files_and_other_ways_are_told(void **state)
{
	struct wire_open open = { .return_code = 3,
				  .dev = 254 << 20 | 1048575,
				  .via = WIRE_VIA_HANDLE };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_part(builder, WIRE_PART_PATH, WIRE_PATH_DELETED, "/tmp/gone", 9);
	record = fixture_encode();
	check_true(record, "deleted");
	check_string(record, "via", "handle");
	check_string(record, "dev", "254:1048575");

	open.via = WIRE_VIA_IO_URING;
	wb_begin(builder, WIRE_OPEN, 2, &open, sizeof(open));
	check_string(fixture_encode(), "via", "io_uring");
	open.via = WIRE_VIAS;
	wb_begin(builder, WIRE_OPEN, 3, &open, sizeof(open));
	assert_false(check_has(fixture_encode(), "via"));
}

static void names_of_any_bytes_are_kept_exactly(void **state)
{
	struct wire_open open = { .return_code = -2 };
	struct json_object *record;

	(void)state;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_REQUEST, "/a\nb\xff");
	wb_string(builder, WIRE_PART_BASE, "/jail");
	record = fixture_encode();
	check_string(record, "path", "/jail/a\nb\xef\xbf\xbd");
	check_string(record, "requested_path", "/a\nb\xef\xbf\xbd");
	check_value(record, "raw",
		    "{\"/path\":\"L2phaWwvYQpi/w==\",\"/requested_path\":\"L2EKYv8=\"}");
}

static void paths_of_the_largest_size_are_whole(void **state)
{
	static char request[WIRE_PATH_SIZE], base[WIRE_PATH_SIZE];
	struct wire_open open = { .return_code = -36 };
	struct json_object *record;

	(void)state;
	memset(request, 'r', sizeof(request));
	memset(base, 'b', sizeof(base));
	base[0] = '/';
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_part(builder, WIRE_PART_REQUEST, 0, request, sizeof(request));
	wb_part(builder, WIRE_PART_BASE, 0, base, sizeof(base));
	record = fixture_encode();
	assert_int_equal(json_object_get_string_len(check_member(record, "path")),
			 2 * WIRE_PATH_SIZE + 1);
}

static void a_file_that_was_received_has_no_mode(void **state)
{
	struct wire_open open = { .return_code = 7, .flags = O_RDWR | O_TMPFILE };
	struct json_object *record;

	(void)state;
	fixture_name_image();
	open.via = WIRE_VIA_SCM_RIGHTS;
	wb_begin(builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(builder, WIRE_PART_PATH, "/tmp/#1");
	record = fixture_encode();
	check_keys(record,
		   FIXTURE_TASK " path path_source flags flag_names return_code inode dev via");
	check_string(record, "path_source", "kernel");
	check_string(record, "via", "scm_rights");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(what_a_path_does_not_say_is_told_beside_it),
		FIXTURE_TEST(a_claim_is_where_its_base_is),
		FIXTURE_TEST(open_tree_has_flags_of_its_own),
		FIXTURE_TEST(a_queues_name_is_relative_to_no_folder),
		FIXTURE_TEST(an_open_tells_the_kernels_path_and_the_request),
		FIXTURE_TEST(a_file_that_was_received_has_no_mode),
		FIXTURE_TEST(a_request_that_is_the_path_is_not_repeated),
		FIXTURE_TEST(a_failure_tells_the_request_made_absolute),
		FIXTURE_TEST(an_unreadable_base_is_none),
		FIXTURE_TEST(an_unreadable_request_is_named_as_such),
		FIXTURE_TEST(a_request_that_became_unreadable_does_not_hide_the_kernels_path),
		FIXTURE_TEST(creating_tells_the_mode),
		FIXTURE_TEST(openat2_tells_how_to_resolve_and_unknown_bits),
		FIXTURE_TEST(unknown_flags_are_absent),
		FIXTURE_TEST(unlinked_files_and_other_ways_are_told),
		FIXTURE_TEST(names_of_any_bytes_are_kept_exactly),
		FIXTURE_TEST(paths_of_the_largest_size_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
