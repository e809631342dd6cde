/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <unistd.h>

#include "enrich/enrich.h"
#include "enrich/proc.h"
#include "probes/registry.h"
#include "wire_builder.h"

static struct wire_builder builder;
static unsigned int asked;

static int exe_of(uint32_t pid, char *buf, size_t size, void *userdata)
{
	asked++;
	if (pid == 404)
		return -ENOENT;
	return snprintf(buf, size, "/exe/%u%s", pid, (const char *)userdata);
}

static int cgroup_of(uint64_t id, char *buf, size_t size, void *userdata)
{
	(void)userdata;
	asked++;
	if (id == 404)
		return -ENOENT;
	snprintf(buf, size, "/group/%u", (unsigned int)id);
	return 0;
}

static char suffix[] = "!";
static const struct enrich_sources sources = { exe_of, cgroup_of, suffix };
static struct enricher *enricher;

static int setup(void **state)
{
	(void)state;
	asked = 0;
	return enricher_new(&enricher, &sources, 16);
}

static int teardown(void **state)
{
	(void)state;
	enricher_free(enricher);
	return 0;
}

static struct record decoded(void)
{
	struct record_layout layout;
	struct record record;

	registry_layout(&layout);
	assert_int_equal(record_decode(&layout, builder.data, builder.size, &record), 0);
	return record;
}

static void learn(void)
{
	struct record record = decoded();

	enrich_learn(enricher, &record);
}

static void check_exe(uint64_t image, uint32_t pid, const char *expected)
{
	struct wire_task task = { .pid = pid, .image = { image, 0xdef } };
	struct record_part exe = enrich_exe(enricher, &task);

	if (!expected) {
		assert_null(exe.data);
		return;
	}
	assert_int_equal(exe.size, strlen(expected));
	assert_memory_equal(exe.data, expected, exe.size);
}

static void an_image_record_names_the_executable_for_all(void **state)
{
	(void)state;
	wb_image(&builder, "/bin/sh");
	learn();
	check_exe(0xabc, 1, "/bin/sh");
	check_exe(0xabc, 2, "/bin/sh");
	assert_int_equal(asked, 0);
}

static void an_exec_names_it_only_when_it_succeeded(void **state)
{
	struct wire_exec exec = { .return_code = -2 };

	(void)state;
	wb_begin(&builder, WIRE_EXEC, 1, &exec, sizeof(exec));
	wb_string(&builder, WIRE_PART_PATH, "/bin/wrong");
	learn();
	check_exe(0xabc, 404, NULL);
	exec.return_code = 0;
	wb_begin(&builder, WIRE_EXEC, 2, &exec, sizeof(exec));
	wb_string(&builder, WIRE_PART_PATH, "/bin/right");
	learn();
	check_exe(0xabc, 404, "/bin/right");
}

static void what_was_read_of_one_process_is_not_said_of_another(void **state)
{
	(void)state;
	check_exe(5, 10, "/exe/10!");
	check_exe(5, 10, "/exe/10!");
	assert_int_equal(asked, 1);
	check_exe(5, 11, "/exe/11!");
	assert_int_equal(asked, 2);
	wb_image(&builder, "/bin/told");
	wb_header(&builder)->task.image[0] = 5;
	learn();
	check_exe(5, 10, "/bin/told");
	assert_int_equal(asked, 2);
}

static void a_task_without_image_has_no_executable(void **state)
{
	(void)state;
	check_exe(0, 1, NULL);
	assert_int_equal(asked, 0);
}

static void what_cannot_be_learned_is_absent(void **state)
{
	(void)state;
	check_exe(6, 404, NULL);
	assert_null(enrich_cgroup(enricher, 404).data);
}

static void cgroups_are_learned_from_moves_or_asked_for_once(void **state)
{
	struct wire_cgroup cgroup = { .from = 50, .to = 51 };

	(void)state;
	wb_begin(&builder, WIRE_CGROUP, 1, &cgroup, sizeof(cgroup));
	wb_string(&builder, WIRE_PART_PATH, "/told");
	learn();
	assert_true(bytes_equal(enrich_cgroup(enricher, 51), bytes_of("/told")));
	assert_int_equal(asked, 0);
	assert_true(bytes_equal(enrich_cgroup(enricher, 50), bytes_of("/group/50")));
	assert_true(bytes_equal(enrich_cgroup(enricher, 50), bytes_of("/group/50")));
	assert_int_equal(asked, 1);
}

static void proc_tells_our_own_executable(void **state)
{
	char path[4096], link[4096];
	ssize_t size = readlink("/proc/self/exe", link, sizeof(link));

	(void)state;
	assert_true(size > 0);
	assert_int_equal(proc_exe_path((uint32_t)getpid(), path, sizeof(path)), size);
	assert_memory_equal(path, link, (size_t)size);
	assert_int_equal(proc_exe_path((uint32_t)getpid(), path, 3), -ENAMETOOLONG);
	assert_int_equal(proc_exe_path(UINT32_MAX, path, sizeof(path)), -ENOENT);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_image_record_names_the_executable_for_all),
		CASE(an_exec_names_it_only_when_it_succeeded),
		CASE(what_was_read_of_one_process_is_not_said_of_another),
		CASE(a_task_without_image_has_no_executable),
		CASE(what_cannot_be_learned_is_absent),
		CASE(cgroups_are_learned_from_moves_or_asked_for_once),
		TEST(proc_tells_our_own_executable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
