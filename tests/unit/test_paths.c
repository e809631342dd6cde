/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "enrich/paths.h"

static struct path_id id_of(uint64_t number)
{
	return (struct path_id){ .id = { number, number * 3 } };
}

static void check_path(struct paths *paths, uint64_t number, const char *expected, uint64_t tag)
{
	uint64_t found = 0;
	struct record_part path = paths_find(paths, id_of(number), &found);

	if (!expected) {
		assert_null(path.data);
		return;
	}
	assert_int_equal(path.size, strlen(expected));
	assert_memory_equal(path.data, expected, path.size);
	assert_int_equal(found, tag);
}

static void learn(struct paths *paths, struct path_id id, const char *path, uint64_t tag)
{
	struct record_part part = { .data = path, .size = strlen(path) };

	paths_learn(paths, id, &part, tag);
}

static void a_path_keeps_its_place(void **state)
{
	struct record_part part = {
		.data = "/x", .size = 2, .mount_ns = 4026532291, .flags = WIRE_PATH_CUT
	};
	struct record_part found;
	struct paths *paths;
	uint64_t tag;

	(void)state;
	assert_int_equal(paths_new(&paths, 10, 1000), 0);
	paths_learn(paths, id_of(1), &part, 5);
	found = paths_find(paths, id_of(1), &tag);
	assert_int_equal(found.mount_ns, 4026532291);
	assert_int_equal(found.flags, WIRE_PATH_CUT);
	/* The same name elsewhere. */
	part.mount_ns = 0;
	part.flags = 0;
	paths_learn(paths, id_of(1), &part, 5);
	found = paths_find(paths, id_of(1), &tag);
	assert_int_equal(found.mount_ns, 0);
	assert_int_equal(found.flags, 0);
	paths_free(paths);
}

static void paths_are_found_as_learned_last(void **state)
{
	struct paths *paths;

	(void)state;
	assert_int_equal(paths_new(&paths, 10, 1000), 0);
	check_path(paths, 1, NULL, 0);
	learn(paths, id_of(1), "/bin/sh", 5);
	learn(paths, id_of(2), "/bin/ls", 6);
	check_path(paths, 1, "/bin/sh", 5);
	check_path(paths, 2, "/bin/ls", 6);
	learn(paths, id_of(1), "/bin/dash", 7);
	check_path(paths, 1, "/bin/dash", 7);
	learn(paths, id_of(1), "/bin/dash", 8);
	check_path(paths, 1, "/bin/dash", 8);
	paths_free(paths);
	paths_free(NULL);
}

static void the_one_unused_for_longest_goes_first(void **state)
{
	struct paths *paths;

	(void)state;
	assert_int_equal(paths_new(&paths, 3, 1000), 0);
	for (uint64_t number = 1; number <= 3; number++)
		learn(paths, id_of(number), "/x", 0);
	check_path(paths, 1, "/x", 0);
	learn(paths, id_of(4), "/y", 0);
	check_path(paths, 2, NULL, 0);
	check_path(paths, 1, "/x", 0);
	check_path(paths, 3, "/x", 0);
	check_path(paths, 4, "/y", 0);
	paths_free(paths);
}

static void the_bytes_are_bounded_too(void **state)
{
	struct paths *paths;

	(void)state;
	assert_int_equal(paths_new(&paths, 100, 10), 0);
	learn(paths, id_of(1), "/1234", 0);
	learn(paths, id_of(2), "/5678", 0);
	check_path(paths, 1, "/1234", 0);
	learn(paths, id_of(3), "/", 0);
	check_path(paths, 2, NULL, 0);
	check_path(paths, 1, "/1234", 0);
	learn(paths, id_of(4), "/longer than all", 0);
	check_path(paths, 4, NULL, 0);
	paths_free(paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_path_keeps_its_place),
		TEST(paths_are_found_as_learned_last),
		TEST(the_one_unused_for_longest_goes_first),
		TEST(the_bytes_are_bounded_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
