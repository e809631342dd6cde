/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "session/cgroup.h"

enum {
	WAIT_MS = 60000, /* longer than it can take */
	YIELDS_MAX = 1000000,
};

/* What other sessions of this machine make and remove meanwhile is theirs: all names here are this process's. */
static char *mount_point;
static char name[64];

/* Below "/seshat", or that itself. */
static void full_path(char *path, const char *below)
{
	assert_true(snprintf(path, PATH_MAX, "%s/seshat%s%s", mount_point, *below ? "/" : "",
			     below) < PATH_MAX);
}

static bool exists(const char *below)
{
	char path[PATH_MAX];
	struct stat st;

	full_path(path, below);
	return stat(path, &st) == 0;
}

/* Somebody else's sweep may be at it just now, and ours then left it to that. */
static void check_gone(const char *below)
{
	for (int i = 0; exists(below) && i < YIELDS_MAX; i++)
		sched_yield();
	assert_false(exists(below));
}

static void make_below(const char *below)
{
	char path[PATH_MAX];

	full_path(path, name);
	strcat(strcat(path, "/"), below);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* Never twice the same, as with sessions: a sweep that has seen the old one would take the new one for it. */
static void name_anew(void)
{
	static unsigned int number;

	snprintf(name, sizeof(name), "test-%d-%u", (int)getpid(), ++number);
}

static int setup(void **state)
{
	(void)state;
	name_anew();
	if (geteuid() == 0)
		(void)cgroup_find_mount(&mount_point);
	if (mount_point && access(mount_point, W_OK) < 0) { /* in a container it may be read-only */
		free(mount_point);
		mount_point = NULL;
	}
	return 0;
}

static int teardown(void **state)
{
	bool left = mount_point && exists(name);

	(void)state;
	free(mount_point);
	mount_point = NULL;
	return left ? -1 : 0;
}

static void make(struct cgroup *cgroup)
{
	if (!mount_point)
		check_skip("root, and a version 2 hierarchy of cgroups that can be written to");
	assert_int_equal(cgroup_create(cgroup, name), 0);
}

static void a_cgroup_is_made_and_removed(void **state)
{
	char path[PATH_MAX], expected[128];
	struct cgroup cgroup;
	struct stat st;

	(void)state;
	make(&cgroup);
	full_path(path, name);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_true(cgroup.id == st.st_ino);
	assert_string_equal(cgroup.mount, mount_point);
	snprintf(expected, sizeof(expected), "/seshat/%s", name);
	assert_string_equal(cgroup.path, expected);
	assert_int_equal(fcntl(cgroup.fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(cgroup_remove(&cgroup, 0), 0);
	assert_false(exists(name));
	assert_true(cgroup.fd == -1 && !cgroup.path && !cgroup.mount);
	assert_int_equal(cgroup_remove(&cgroup, 0), 0);
}

static void nothing_stays_open(void **state)
{
	struct cgroup cgroup;
	size_t fds = child_count_fds();

	(void)state;
	make(&cgroup);
	assert_int_equal(child_count_fds(), fds + 1);
	cgroup_sweep();
	assert_int_equal(child_count_fds(), fds + 1);
	assert_int_equal(cgroup_remove(&cgroup, 0), 0);
	assert_int_equal(child_count_fds(), fds);
}

/* Waits until the process has left that is known to have ended, or somebody else has swept. */
static void wait_empty(void)
{
	struct pollfd events = { .events = POLLPRI };
	char path[PATH_MAX], text[128];
	ssize_t size;

	full_path(path, name);
	strcat(path, "/cgroup.events");
	events.fd = open(path, O_RDONLY | O_CLOEXEC);
	while (events.fd >= 0) {
		size = pread(events.fd, text, sizeof(text) - 1, 0);
		text[size > 0 ? size : 0] = '\0';
		if (size < 0 || strstr(text, "populated 0"))
			break;
		assert_int_equal(poll(&events, 1, WAIT_MS), 1);
	}
	fd_close(events.fd);
}

/* The version 2 line of /proc/PID/cgroup is the process's path. */
static void check_in(pid_t pid, const char *path)
{
	char file[64], text[4096] = "\n", expected[256];
	_cleanup_close_ int fd = -1;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(fd_read_all(fd, text + 1, sizeof(text) - 2) > 0);
	snprintf(expected, sizeof(expected), "\n0::%s\n", path);
	assert_non_null(strstr(text, expected));
}

static void a_process_enters_and_keeps_it(void **state)
{
	struct cgroup cgroup, again;
	int ends[2];
	pid_t pid;
	char byte;

	(void)state;
	make(&cgroup);
	assert_int_equal(pipe(ends), 0);
	pid = child_fork();
	if (pid == 0) {
		fd_close(ends[1]);
		_exit((int)read(ends[0], &byte, 1));
	}
	assert_int_equal(cgroup_enter(&cgroup, pid), 0);
	check_in(pid, cgroup.path);
	assert_int_equal(cgroup_remove(&cgroup, 0), -EBUSY);
	assert_int_equal(cgroup.fd, -1);
	assert_true(exists(name));
	fd_close(ends[1]);
	assert_int_equal(child_status(pid), 0);
	fd_close(ends[0]);
	wait_empty();
	cgroup_sweep();
	name_anew();
	make(&again);
	assert_int_equal(cgroup_enter(&again, pid), -ESRCH);
	assert_int_equal(cgroup_remove(&again, 0), 0);
}

/* It is told of its end before it has left: whoever removes waits for that. */
static void the_last_process_is_waited_for(void **state)
{
	struct cgroup cgroup;
	int ends[2];
	pid_t pid;
	char byte;

	(void)state;
	make(&cgroup);
	assert_int_equal(pipe(ends), 0);
	pid = child_fork();
	if (pid == 0) {
		fd_close(ends[1]);
		_exit((int)read(ends[0], &byte, 1));
	}
	assert_int_equal(cgroup_enter(&cgroup, pid), 0);
	fd_close(ends[0]);
	/* It ends while it is waited for, or before. */
	fd_close(ends[1]);
	assert_int_equal(cgroup_remove(&cgroup, WAIT_MS), 0);
	assert_int_equal(child_status(pid), 0);
	assert_false(exists(name));
}

static void ids_have_paths(void **state)
{
	char path[PATH_MAX], small[8] = "before";
	struct cgroup cgroup;
	struct stat st;

	(void)state;
	if (mount_point && stat(mount_point, &st) == 0 &&
	    cgroup_path_of(mount_point, st.st_ino, path, sizeof(path)) == -EPERM)
		check_skip("root with CAP_DAC_READ_SEARCH");
	make(&cgroup);
	assert_int_equal(cgroup_path_of(mount_point, cgroup.id, path, sizeof(path)), 0);
	assert_string_equal(path, cgroup.path);
	assert_int_equal(cgroup_path_of(mount_point, cgroup.id, path, strlen(cgroup.path) + 1), 0);
	assert_int_equal(cgroup_path_of(mount_point, cgroup.id, path, strlen(cgroup.path)),
			 -ENAMETOOLONG);
	assert_int_equal(cgroup_path_of(mount_point, cgroup.id, small, sizeof(small)),
			 -ENAMETOOLONG);
	assert_int_equal(stat(mount_point, &st), 0);
	assert_int_equal(cgroup_path_of(mount_point, st.st_ino, path, sizeof(path)), 0);
	assert_string_equal(path, "/");
	assert_int_equal(cgroup_path_of("/nowhere", cgroup.id, path, sizeof(path)), -ENOENT);
	st.st_ino = cgroup.id;
	assert_int_equal(cgroup_remove(&cgroup, 0), 0);
	assert_int_equal(cgroup_path_of(mount_point, st.st_ino, path, sizeof(path)), -ESTALE);
}

static void what_was_made_below_goes_with_it(void **state)
{
	struct cgroup cgroup;

	(void)state;
	make(&cgroup);
	make_below("a");
	make_below("a/b");
	make_below("a/b/c");
	make_below("d");
	assert_int_equal(cgroup_remove(&cgroup, 0), 0);
	assert_false(exists(name));
}

static void a_sweep_leaves_what_has_an_owner(void **state)
{
	struct cgroup cgroup;

	(void)state;
	make(&cgroup);
	make_below("a");
	cgroup_sweep();
	assert_true(exists(name));
	assert_int_equal(fchdir(cgroup.fd), 0);
	assert_int_equal(access("a", F_OK), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(cgroup_remove(&cgroup, 0), 0);
}

static void a_sweep_removes_what_was_abandoned(void **state)
{
	struct cgroup cgroup;

	(void)state;
	make(&cgroup);
	make_below("a");
	make_below("a/b");
	cgroup_release(&cgroup);
	assert_int_equal(cgroup.fd, -1);
	cgroup_sweep();
	check_gone(name);
}

/* Its processes keep an abandoned one; once they have ended, the next sweep clears it up. */
static void a_later_sweep_removes_what_was_busy(void **state)
{
	struct cgroup cgroup, next;
	char first[sizeof(name)];
	int ends[2];
	pid_t pid;
	char byte;

	(void)state;
	make(&cgroup);
	assert_int_equal(pipe(ends), 0);
	pid = child_fork();
	if (pid == 0) {
		fd_close(ends[1]);
		fd_close(cgroup.fd);
		_exit((int)read(ends[0], &byte, 1));
	}
	assert_int_equal(cgroup_enter(&cgroup, pid), 0);
	cgroup_release(&cgroup);
	cgroup_sweep();
	assert_true(exists(name));
	fd_close(ends[0]);
	fd_close(ends[1]);
	assert_int_equal(child_status(pid), 0);
	wait_empty();
	strcpy(first, name);
	cgroup_sweep();
	name_anew();
	make(&next);
	check_gone(first);
	assert_int_equal(cgroup_remove(&next, 0), 0);
	assert_false(exists(name));
}

/* Makes and removes one again and again, while others do so: "/seshat" itself comes and goes. */
static void come_and_go(void)
{
	struct cgroup cgroup;

	for (int i = 0; i < 200; i++) {
		name_anew();
		child_check((errno = -cgroup_create(&cgroup, name)) == 0);
		child_check((errno = -cgroup_remove(&cgroup, 0)) == 0);
	}
	_exit(0);
}

static void sessions_begin_while_others_end(void **state)
{
	struct cgroup cgroup;
	pid_t pids[4];

	(void)state;
	make(&cgroup);
	assert_int_equal(cgroup_remove(&cgroup, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = child_fork();
		if (pids[i] == 0)
			come_and_go();
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		assert_int_equal(child_status(pids[i]), 0);
}

static void look_for_mounts(void)
{
	_cleanup_free_ char *usual = NULL, *found = NULL;
	char place[] = "/tmp/seshat-test-XXXXXX";

	child_own_mounts();
	child_check(cgroup_find_mount(&usual) == 0);
	child_check(mkdtemp(place) != NULL);
	if (mount("none", place, "cgroup2", 0, NULL) < 0) {
		(void)rmdir(place);
		child_unable("the right to mount a hierarchy of cgroups");
	}
	/* The usual one is preferred to one that was mounted later. */
	child_check(strncmp(usual, "/sys/fs/cgroup", 14) != 0 ||
		    (cgroup_find_mount(&found) == 0 && strcmp(found, usual) == 0));
	/* Without any other it is found wherever it is. */
	while (cgroup_find_mount(&found) == 0 && strcmp(found, place) != 0) {
		child_check(umount2(found, MNT_DETACH) == 0);
		free(TAKE_PTR(found));
	}
	child_check(found && strcmp(found, place) == 0);
	child_check(umount2(place, MNT_DETACH) == 0);
	child_check(rmdir(place) == 0);
	child_check(cgroup_find_mount(&found) == -ENOENT);
	child_check(strcmp(found, place) == 0);
}

static void the_hierarchy_is_found_where_it_is(void **state)
{
	(void)state;
	child_run(look_for_mounts);
}

#define CGROUP_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CGROUP_TEST(a_cgroup_is_made_and_removed),
		CGROUP_TEST(nothing_stays_open),
		CGROUP_TEST(a_process_enters_and_keeps_it),
		CGROUP_TEST(the_last_process_is_waited_for),
		CGROUP_TEST(ids_have_paths),
		CGROUP_TEST(what_was_made_below_goes_with_it),
		CGROUP_TEST(a_sweep_leaves_what_has_an_owner),
		CGROUP_TEST(a_sweep_removes_what_was_abandoned),
		CGROUP_TEST(a_later_sweep_removes_what_was_busy),
		CGROUP_TEST(sessions_begin_while_others_end),
		CGROUP_TEST(the_hierarchy_is_found_where_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
