/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs that are built in, loaded but attached to nothing: the machine notices nothing of it. What the kernel
 * refuses, and what is attached, the live tests look at.
 */
#include "child.h"

#include <bpf/bpf.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "bpf/state.h"
#include "kernel/loader.h"
#include "kernel/ring.h"
#include "kernel/scope.h"

enum {
	RING_SIZE = 16 << 20,
	KEY = 1,
	CGROUP = 4711,
};

static struct loader *loader;
static char reason[LOADER_REASON_SIZE];

static int setup(void **state)
{
	struct loader_config config = { .ring_size = RING_SIZE };

	(void)state;
	config.plan = plan_tracepoint(&config.plan_size);
	if (geteuid() != 0)
		return 0;
	return loader_new(&loader, &config, reason);
}

static int teardown(void **state)
{
	(void)state;
	loader_free(loader);
	loader = NULL;
	return 0;
}

static void need_loader(void)
{
	if (!loader) {
		print_message("BPF programs are loaded by root alone\n");
		skip();
	}
}

static void what_is_no_object_is_refused(void **state)
{
	static const char garbage[4096] = "\177ELF and nothing of the kind";
	struct loader_config config = { .elf = garbage, .elf_size = sizeof(garbage) };
	struct loader *none = NULL;
	char text[LOADER_REASON_SIZE] = "";

	(void)state;
	config.plan = plan_tracepoint(&config.plan_size);
	assert_true(loader_new(&none, &config, text) < 0);
	assert_null(none);
	assert_int_equal(strncmp(text, "cannot load the BPF programs: ", 30), 0);
	loader_free(NULL);
	ring_free(NULL);
}

static void each_entry_has_its_result(void **state)
{
	const struct loader_result *results;
	const struct plan_entry *plan;
	size_t count, planned;

	(void)state;
	need_loader();
	plan = plan_tracepoint(&planned);
	results = loader_results(loader, &count);
	assert_int_equal(count, planned);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(results[i].entry, &plan[i]);
		/* Whatever is left out has a reason. */
		assert_int_equal(results[i].error == 0, results[i].reason[0] == '\0');
		if (plan[i].required)
			assert_int_equal(results[i].error, 0);
	}
}

static void maps_have_names(void **state)
{
	(void)state;
	need_loader();
	assert_true(loader_map(loader, "sessions") >= 0);
	assert_true(loader_map(loader, "ring") >= 0);
	assert_true(loader_map(loader, "seshat.bss") >= 0);
	assert_int_equal(loader_map(loader, "no-such-map"), -ENOENT);
}

static void nothing_stays_open(void **state)
{
	struct loader_config config = { .ring_size = RING_SIZE };
	struct loader *another = NULL;
	size_t fds = child_count_fds();

	(void)state;
	need_loader();
	config.plan = plan_tracepoint(&config.plan_size);
	assert_int_equal(loader_new(&another, &config, reason), 0);
	assert_true(child_count_fds() > fds);
	loader_free(another);
	assert_int_equal(child_count_fds(), fds);
}

static int no_record(void *userdata, const void *data, size_t size)
{
	(void)userdata;
	(void)data;
	(void)size;
	return -EINVAL;
}

static void naps_grow_while_there_is_much_to_read(void **state)
{
	static const int NAPS[] = { 1, 2, 4, 8, 8, 8 };
	struct ring *ring = NULL;

	(void)state;
	need_loader();
	assert_int_equal(ring_new(&ring, loader, RING_SIZE, no_record, NULL), 0);
	assert_int_equal(ring_read(ring), 0);
	for (size_t i = 0; i < ARRAY_SIZE(NAPS); i++)
		assert_int_equal(ring_nap(ring, 1000), NAPS[i]);
	/* A few records are to be seen soon. */
	for (int i = 0; i < 4; i++)
		assert_int_equal(ring_nap(ring, 3), 1);
	assert_int_equal(ring_nap(ring, 1000), 2);
	assert_true(ring_sleep(ring));
	assert_int_equal(ring_nap(ring, 1000), 1);
	ring_wake(ring);
	assert_true(ring_fd(ring) >= 0);
	ring_free(ring);
}

/* It must not fill meanwhile. */
static void a_small_ring_is_looked_at_more_often(void **state)
{
	struct ring *ring = NULL;

	(void)state;
	need_loader();
	assert_int_equal(ring_new(&ring, loader, 64 << 10, no_record, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ring_nap(ring, 1000), 1);
	ring_free(ring);
}

static void a_session_has_accounts(void **state)
{
	struct scope_accounts accounts;

	(void)state;
	need_loader();
	assert_int_equal(scope_accounts(loader, KEY, &accounts), -ENOENT);
	assert_int_equal(scope_open(loader, KEY, CGROUP), 0);
	assert_int_equal(scope_open(loader, KEY, CGROUP + 1), -EEXIST);
	assert_int_equal(scope_accounts(loader, KEY, &accounts), 0);
	assert_int_equal(accounts.numbered, 0);
	assert_int_equal(accounts.processes, 0);
	for (size_t i = 0; i < WIRE_KINDS; i++)
		assert_int_equal(accounts.lost[i], 0);
}

static void check_processes(uint64_t key, size_t room, size_t expected_total, pid_t expected)
{
	uint32_t pids[4] = { 0 };
	uint64_t total = 99;
	size_t count = room;

	assert_in_range(room, 0, ARRAY_SIZE(pids));
	assert_int_equal(scope_processes(loader, key, pids, &count, &total), 0);
	assert_int_equal(total, expected_total);
	assert_int_equal(count, room < expected_total ? room : expected_total);
	assert_int_equal(pids[0], count > 0 ? expected : 0);
}

static void a_session_has_processes(void **state)
{
	int ends[2], pidfd;
	pid_t pid;
	char byte;

	(void)state;
	need_loader();
	assert_int_equal(pipe(ends), 0);
	pid = child_fork();
	if (pid == 0) {
		fd_close(ends[1]);
		_exit((int)read(ends[0], &byte, 1));
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_true(pidfd >= 0);
	check_processes(KEY, 4, 0, 0);
	/* What the probes do with a process that joins; none is attached here. */
	assert_int_equal(bpf_map_update_elem(loader_map(loader, "tasks"), &pidfd,
					     &(struct task_state){ .session = KEY }, BPF_NOEXIST),
			 0);
	check_processes(KEY, 4, 1, pid);
	/* Counted also where there is no room for it; of another session it is not. */
	check_processes(KEY, 0, 1, pid);
	check_processes(KEY + 1, 4, 0, 0);
	fd_close(ends[0]);
	fd_close(ends[1]);
	assert_int_equal(child_status(pid), 0);
	check_processes(KEY, 4, 0, 0);
	fd_close(pidfd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_object_is_refused),
		TEST(each_entry_has_its_result),
		TEST(maps_have_names),
		TEST(nothing_stays_open),
		TEST(naps_grow_while_there_is_much_to_read),
		TEST(a_small_ring_is_looked_at_more_often),
		TEST(a_session_has_accounts),
		TEST(a_session_has_processes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
