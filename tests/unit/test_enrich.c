/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
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

/* A child called so, that waits until it is killed. */
static pid_t child_called(const char *name)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_NAME, name) < 0 || write(ends[1], "", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return pid;
}

static void end_child(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void check_number(pid_t pid, enum proc_stat field, uint64_t expected)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(proc_stat((uint32_t)pid, field, &value), 0);
	assert_int_equal(value, expected);
}

/* Whoever chooses his name must not choose what is read behind it. */
static void the_numbers_of_a_process_do_not_depend_on_its_name(void **state)
{
	static const char *const names[] = { "plain", "",	 ") R 1 2 3 4 5", "a) S 0 0 (b",
					     "))))",  " 1 2 3 ", "x\n) 7 7 7\n",  "((((((((((" };
	const uint64_t forked = 0x40, kernel_thread = 0x00200000; /* PF_FORKNOEXEC, PF_KTHREAD */
	uint64_t flags;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		pid_t pid = child_called(names[i]);

		check_number(pid, PROC_STAT_THREADS, 1);
		assert_int_equal(proc_stat((uint32_t)pid, PROC_STAT_FLAGS, &flags), 0);
		assert_int_equal(flags & (forked | kernel_thread), forked);
		end_child(pid);
	}
}

static void *wait_in_thread(void *at)
{
	(void)pthread_barrier_wait(at);
	(void)pthread_barrier_wait(at);
	return NULL;
}

static void threads_are_counted(void **state)
{
	pthread_barrier_t barrier;
	pthread_t thread;

	(void)state;
	check_number(getpid(), PROC_STAT_THREADS, 1);
	assert_int_equal(pthread_barrier_init(&barrier, NULL, 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, &barrier), 0);
	(void)pthread_barrier_wait(&barrier);
	check_number(getpid(), PROC_STAT_THREADS, 2);
	(void)pthread_barrier_wait(&barrier);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pthread_barrier_destroy(&barrier), 0);
}

static void of_a_process_that_is_gone_there_is_no_number(void **state)
{
	pid_t pid = child_called("gone");
	uint64_t value = 4711;

	(void)state;
	end_child(pid);
	assert_int_equal(proc_stat((uint32_t)pid, PROC_STAT_THREADS, &value), -ENOENT);
	assert_int_equal(value, 4711);
	assert_int_equal(proc_number((uint32_t)pid, "oom_score_adj", 12), 12);
}

static void a_file_of_one_number_is_read(void **state)
{
	uint32_t pid = (uint32_t)getpid();
	char text[32], path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "/proc/%u/oom_score_adj", pid);
	assert_true(fd_read_text(path, text, sizeof(text)) > 0);
	assert_int_equal(proc_number(pid, "oom_score_adj", 77), (uint32_t)strtol(text, NULL, 10));
	assert_int_equal(proc_number(pid, "no_such_file", 77), 77);
	assert_int_equal(proc_number(pid, "fd", 77), 77); /* a directory */
	assert_int_equal(proc_number(UINT32_MAX, "sessionid", UINT32_MAX), UINT32_MAX);
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
		TEST(the_numbers_of_a_process_do_not_depend_on_its_name),
		TEST(threads_are_counted),
		TEST(of_a_process_that_is_gone_there_is_no_number),
		TEST(a_file_of_one_number_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
