/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs that are built in, nearly always attached to nothing: the machine notices nothing of it. What the kernel
 * refuses, and what the probes see, the live tests look at.
 */
#include "attached.h"

#include <bpf/bpf.h>

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
	int r;

	(void)state;
	config.plan = plan_tracepoint(&config.plan_size);
	if (geteuid() != 0)
		return 0;
	r = loader_new(&loader, &config, reason);
	return r == -EPERM ? 0 : r; /* root in a container */
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
	if (!loader)
		check_skip("root, and the right to load BPF programs");
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
	assert_int_equal(ring_new(&ring, loader, no_record, NULL), 0);
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
	struct loader_config config = { .ring_size = 64 << 10 };
	struct loader *small = NULL;
	struct ring *ring = NULL;

	(void)state;
	need_loader();
	config.plan = plan_tracepoint(&config.plan_size);
	assert_int_equal(loader_new(&small, &config, reason), 0);
	assert_int_equal(ring_new(&ring, small, no_record, NULL), 0);
	assert_int_equal(ring_size(ring), 64 << 10);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ring_nap(ring, 1000), 1);
	ring_free(ring);
	loader_free(small);
}

static void a_session_has_accounts(void **state)
{
	struct scope_accounts accounts;

	(void)state;
	need_loader();
	assert_int_equal(scope_accounts(loader, KEY, &accounts), -ENOENT);
	assert_int_equal(scope_open(loader, KEY, CGROUP, NULL), 0);
	assert_int_equal(scope_open(loader, KEY, CGROUP + 1, NULL), -EEXIST);
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

static void accounts_begin_with_what_is_given(void **state)
{
	struct scope_accounts begin = { .numbered = 12, .processes = 1 }, accounts;

	(void)state;
	need_loader();
	for (size_t i = 0; i < WIRE_KINDS; i++)
		begin.lost[i] = 100 + i;
	assert_int_equal(scope_open(loader, KEY + 1, 0, &begin), 0);
	assert_int_equal(scope_accounts(loader, KEY + 1, &accounts), 0);
	assert_int_equal(accounts.numbered, 12);
	assert_int_equal(accounts.processes, 1);
	assert_memory_equal(accounts.lost, begin.lost, sizeof(begin.lost));
	scope_close(loader, KEY + 1, 0);
	assert_int_equal(scope_accounts(loader, KEY + 1, &accounts), -ENOENT);
	scope_close(loader, KEY + 1, 0);
}

/* Whose cgroup it is; 0: nobody's. */
static uint64_t owner_of(uint64_t cgroup)
{
	uint64_t owner = 0;

	(void)bpf_map_lookup_elem(loader_map(loader, "cgroup_sessions"), &cgroup, &owner);
	return owner;
}

static void a_cgroup_is_of_one_session(void **state)
{
	const uint64_t cgroup = CGROUP + 10;
	struct scope_accounts accounts;

	(void)state;
	need_loader();
	assert_int_equal(scope_open(loader, KEY + 1, cgroup, NULL), 0);
	assert_int_equal(scope_open(loader, KEY + 2, cgroup, NULL), -EEXIST);
	/* Nothing of it is left. */
	assert_int_equal(scope_accounts(loader, KEY + 2, &accounts), -ENOENT);
	assert_int_equal(owner_of(cgroup), KEY + 1);
	scope_close(loader, KEY + 1, cgroup);
	assert_int_equal(owner_of(cgroup), 0);
	assert_int_equal(scope_open(loader, KEY + 2, cgroup, NULL), 0);
	assert_int_equal(owner_of(cgroup), KEY + 2);
	/* What is another's by now is left alone. */
	scope_close(loader, KEY + 1, cgroup);
	assert_int_equal(owner_of(cgroup), KEY + 2);
	scope_close(loader, KEY + 2, cgroup);
	assert_int_equal(owner_of(cgroup), 0);
}

static void there_is_room_for_as_many_sessions_as_asked_for(void **state)
{
	struct loader_config config = { .ring_size = RING_SIZE, .sessions = 2 };
	struct loader *small = NULL;
	struct scope_accounts accounts;

	(void)state;
	need_loader();
	config.plan = plan_tracepoint(&config.plan_size);
	assert_int_equal(loader_new(&small, &config, reason), 0);
	assert_int_equal(scope_open(small, 1, 1, NULL), 0);
	assert_int_equal(scope_open(small, 2, 2, NULL), 0);
	assert_int_equal(scope_open(small, 3, 3, NULL), -E2BIG);
	assert_int_equal(scope_accounts(small, 3, &accounts), -ENOENT);
	scope_close(small, 1, 1);
	assert_int_equal(scope_open(small, 3, 3, NULL), 0);
	loader_free(small);
}

/* A child that waits until *ret_end is closed. */
static pid_t waiting_child(int *ret_pidfd, int *ret_end)
{
	int ends[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ends), 0);
	pid = child_fork();
	if (pid == 0) {
		fd_close(ends[1]);
		_exit((int)read(ends[0], &byte, 1));
	}
	fd_close(ends[0]);
	*ret_end = ends[1];
	*ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_true(*ret_pidfd >= 0);
	return pid;
}

static void a_marked_process_is_found(void **state)
{
	uint64_t key = 99;
	int pidfd, end;
	pid_t pid;

	(void)state;
	need_loader();
	pid = waiting_child(&pidfd, &end);
	assert_int_equal(scope_find(loader, pidfd, &key), -ENOENT);
	assert_int_equal(key, 99);
	assert_int_equal(scope_mark(loader, KEY + 5, pidfd, CGROUP), 0);
	assert_int_equal(scope_find(loader, pidfd, &key), 0);
	assert_int_equal(key, KEY + 5);
	/* Marked again, it is of another one. */
	assert_int_equal(scope_mark(loader, KEY + 6, pidfd, CGROUP), 0);
	assert_int_equal(scope_find(loader, pidfd, &key), 0);
	assert_int_equal(key, KEY + 6);
	/* A mark of no session is none. */
	assert_int_equal(scope_mark(loader, 0, pidfd, CGROUP), 0);
	assert_int_equal(scope_find(loader, pidfd, &key), -ENOENT);
	fd_close(end);
	assert_int_equal(child_status(pid), 0);
	fd_close(pidfd);
}

static void a_process_that_has_ended_cannot_be_marked(void **state)
{
	uint64_t key;
	int pidfd, end;
	pid_t pid;

	(void)state;
	need_loader();
	pid = waiting_child(&pidfd, &end);
	fd_close(end);
	assert_int_equal(child_status(pid), 0);
	assert_int_equal(scope_mark(loader, KEY, pidfd, CGROUP), -ESRCH);
	assert_int_equal(scope_find(loader, pidfd, &key), -ENOENT);
	fd_close(pidfd);
}

static void what_is_no_process_is_refused(void **state)
{
	uint64_t key;

	(void)state;
	need_loader();
	assert_int_equal(scope_mark(loader, KEY, -1, CGROUP), -EBADF);
	assert_int_equal(scope_find(loader, -1, &key), -EBADF);
}

static void a_session_has_processes(void **state)
{
	int pidfd, end;
	pid_t pid;

	(void)state;
	need_loader();
	pid = waiting_child(&pidfd, &end);
	check_processes(KEY, 4, 0, 0);
	assert_int_equal(scope_mark(loader, KEY, pidfd, CGROUP), 0);
	check_processes(KEY, 4, 1, pid);
	/* Counted also where there is no room for it; of another session it is not. */
	check_processes(KEY, 0, 1, pid);
	check_processes(KEY + 1, 4, 0, 0);
	fd_close(end);
	assert_int_equal(child_status(pid), 0);
	check_processes(KEY, 4, 0, 0);
	fd_close(pidfd);
}

static void child_follow(void)
{
	struct loader_config config = attached_config(NULL);
	struct loader *own = attached_load(&config);
	struct audited audited = audited_start();
	struct scope_accounts accounts;

	attached_attach(own);
	audited_mark(own, &audited);
	audited_go(&audited, 3);
	accounts = attached_accounts(own);
	child_check(accounts.numbered == 3 && accounts.processes == 1);
	/* Its end is counted against the process that the accounts began with. */
	audited_finish(&audited);
	accounts = attached_accounts(own);
	child_check(accounts.numbered == 4 && accounts.processes == 0);
	for (size_t i = 0; i < WIRE_KINDS; i++)
		child_check(accounts.lost[i] == 0);
	/* Closed, it does not come back by what somebody does. */
	scope_close(own, ATTACHED_KEY, 0);
	audited = audited_start();
	child_check(scope_mark(own, ATTACHED_KEY, audited.pidfd, 1) == 0);
	audited_go(&audited, 3);
	audited_finish(&audited);
	child_check(scope_accounts(own, ATTACHED_KEY, &accounts) == -ENOENT);
	loader_free(own);
}

static void a_marked_process_is_followed_by_the_probes(void **state)
{
	(void)state;
	child_run(child_follow);
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
		TEST(accounts_begin_with_what_is_given),
		TEST(a_cgroup_is_of_one_session),
		TEST(there_is_room_for_as_many_sessions_as_asked_for),
		TEST(a_marked_process_is_found),
		TEST(a_process_that_has_ended_cannot_be_marked),
		TEST(what_is_no_process_is_refused),
		TEST(a_session_has_processes),
		TEST(a_marked_process_is_followed_by_the_probes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
