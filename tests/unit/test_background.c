/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include "daemon/background.h"

/*
 * Each test runs a command in a process of its own that goes into the background; the daemon that is left tells what
 * it sees through a pipe, and ends when the test closes its end of another.
 */
static int seen[2], stay[2];

static int setup(void **state)
{
	(void)state;
	return pipe2(seen, O_CLOEXEC) < 0 || pipe2(stay, O_CLOEXEC) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	fd_close(seen[0]);
	fd_close(seen[1]);
	fd_close(stay[0]);
	fd_close(stay[1]);
	return 0;
}

/* What the daemon sees of itself. */
struct view {
	pid_t pid, parent, session;
	char stdio[3][64], cwd[64];
};

static void look(struct view *view)
{
	*view = (struct view){ .pid = getpid(), .parent = getppid(), .session = getsid(0) };
	for (int fd = 0; fd < 3; fd++) {
		char name[32];

		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		child_check(readlink(name, view->stdio[fd], sizeof(view->stdio[fd]) - 1) > 0);
	}
	child_check(getcwd(view->cwd, sizeof(view->cwd)) != NULL);
}

/* A command whose daemon does this. */
static pid_t start(void (*daemon)(int *ready))
{
	pid_t pid = child_fork();
	int ready = -1, status = -1, r;

	if (pid > 0)
		return pid;
	r = background_enter(&ready, &status);
	child_check(r >= 0);
	if (r > 0)
		_exit(status);
	fd_close(stay[1]);
	daemon(&ready);
	_exit(0);
}

static void be_ready(int *ready)
{
	struct view view;
	char byte;

	child_check(background_ready(ready) == 0);
	child_check(*ready == -1);
	child_check(background_ready(ready) == 0); /* once is enough */
	look(&view);
	child_check(write(seen[1], &view, sizeof(view)) == sizeof(view));
	(void)read(stay[0], &byte, 1);
}

static void the_command_returns_when_the_daemon_is_ready(void **state)
{
	pid_t pid = start(be_ready);
	struct view view;

	(void)state;
	assert_int_equal(child_status(pid), 0);
	assert_int_equal(fd_read_all(seen[0], &view, sizeof(view)), sizeof(view));
	assert_int_not_equal(view.pid, pid);
	assert_int_equal(view.session, view.pid);
	for (int fd = 0; fd < 3; fd++)
		assert_string_equal(view.stdio[fd], "/dev/null");
	assert_string_equal(view.cwd, "/");
	assert_int_equal(kill(view.pid, 0), 0); /* it lives on */
}

static void end_with_seven(int *ready)
{
	(void)ready;
	_exit(7);
}

static void end_well(int *ready)
{
	(void)ready;
	_exit(0);
}

static void end_by_signal(int *ready)
{
	(void)ready;
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM);
}

static void or_returns_what_the_daemon_ended_with(void **state)
{
	(void)state;
	assert_int_equal(child_status(start(end_with_seven)), 7);
	assert_int_equal(child_status(start(end_well)), 0);
	assert_int_equal(child_status(start(end_by_signal)), 128 + SIGTERM);
}

/* Waits until nobody waits for it any more. */
static void be_ready_late(int *ready)
{
	char byte;

	signal(SIGPIPE, SIG_DFL);
	child_check(write(seen[1], "", 1) == 1);
	(void)read(stay[0], &byte, 1);
	child_check(background_ready(ready) == 0);
	child_check(write(seen[1], "", 1) == 1);
}

static void the_daemon_goes_on_without_the_command(void **state)
{
	pid_t pid = start(be_ready_late);
	char byte;

	(void)state;
	assert_int_equal(fd_read_all(seen[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(child_status(pid), CHILD_SIGNAL + SIGKILL);
	stay[1] = fd_close(stay[1]);
	assert_int_equal(fd_read_all(seen[0], &byte, 1), 1);
}

static void be_ready_closed(int *ready)
{
	struct view view;

	for (int fd = 0; fd < 3; fd++)
		fd_close(fd);
	child_check(background_ready(ready) == 0);
	look(&view);
	child_check(write(seen[1], &view, sizeof(view)) == sizeof(view));
}

static void closed_descriptors_are_filled(void **state)
{
	pid_t pid = start(be_ready_closed);
	struct view view;

	(void)state;
	assert_int_equal(child_status(pid), 0);
	assert_int_equal(fd_read_all(seen[0], &view, sizeof(view)), sizeof(view));
	for (int fd = 0; fd < 3; fd++)
		assert_string_equal(view.stdio[fd], "/dev/null");
}

#define BACKGROUND_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BACKGROUND_TEST(the_command_returns_when_the_daemon_is_ready),
		BACKGROUND_TEST(or_returns_what_the_daemon_ended_with),
		BACKGROUND_TEST(the_daemon_goes_on_without_the_command),
		BACKGROUND_TEST(closed_descriptors_are_filled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
