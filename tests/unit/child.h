/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a test that need a process of their own. In it nothing of cmocka may be called: what is wrong there ends it
 * with a status of its own, after a line on standard error.
 */
#ifndef SESHAT_TESTS_CHILD_H
#define SESHAT_TESTS_CHILD_H

#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

enum {
	CHILD_WRONG = 99,  /* an expectation did not hold */
	CHILD_UNABLE = 98, /* this machine does not let the test do what it needs */
	CHILD_SIGNAL = 128,
};

/* The child's assert. */
#define child_check(condition) child_check_at((condition), #condition, __FILE__, __LINE__)

static inline void child_check_at(bool holds, const char *condition, const char *file, int line)
{
	if (holds)
		return;
	dprintf(STDERR_FILENO, "%s:%d: not so: %s (%m)\n", file, line, condition);
	_exit(CHILD_WRONG);
}

/* fork(2) in a test: what was printed before is not printed again by the child. */
static inline pid_t child_fork(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	return pid;
}

/* Waits for its end. Returns its exit status, or 128 plus the number of the signal that ended it. */
static inline int child_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) || WIFSIGNALED(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_SIGNAL + WTERMSIG(status);
}

/* This machine does not let the test do what it needs: ends the child, and the test is skipped. */
static inline void child_unable(const char *needs)
{
	dprintf(STDOUT_FILENO, CHECK_NEEDS "%s\n", needs);
	_exit(CHILD_UNABLE);
}

/* Runs the function in a process of its own, which must end by itself, with 0. Where it is unable the test is skipped. */
static inline void child_run(void (*function)(void))
{
	pid_t pid = child_fork();
	int status;

	if (pid == 0) {
		function();
		_exit(0);
	}
	status = child_status(pid);
	if (status == CHILD_UNABLE)
		skip(); /* it has said what it needs */
	assert_int_equal(status, 0);
}

/* The same, with what it wrote to standard error; text has room for size bytes. Returns its status as child_status(). */
static inline int child_output(void (*function)(void *), void *argument, char *text, size_t size)
{
	ssize_t used;
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = child_fork();
	if (pid == 0) {
		(void)dup2(ends[1], STDERR_FILENO);
		(void)dup2(ends[1], STDOUT_FILENO);
		fd_close(ends[0]);
		fd_close(ends[1]);
		function(argument);
		_exit(0);
	}
	fd_close(ends[1]);
	used = fd_read_all(ends[0], text, size - 1);
	assert_true(used >= 0);
	text[used] = '\0';
	fd_close(ends[0]);
	return child_status(pid);
}

/* root in a container may be not. */
static inline bool child_may_mount(void)
{
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNS) < 0);
	return child_status(pid) == 0;
}

/* In a child: mounts from now on are seen by nobody else. */
static inline void child_own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		child_unable("root, and the right to mount");
}

/* Open descriptors of this process. */
static inline size_t child_count_fds(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

#endif
