/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

static int by_number(const void *left, const void *right)
{
	const int *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* Everything but those: others may be locks, or somebody waits for their end. */
static void close_others(const int *fds, size_t count)
{
	unsigned int next = 0;

	for (size_t i = 0; i < count; i++) {
		if ((unsigned int)fds[i] > next)
			(void)close_range(next, (unsigned int)fds[i] - 1, 0);
		next = (unsigned int)fds[i] + 1;
	}
	(void)close_range(next, UINT_MAX, 0);
}

/* Until the other side of the pipe, the last of these, is closed. */
static _Noreturn void hold(int *fds, size_t count, int pipe)
{
	char byte;

	fds[count] = pipe;
	qsort(fds, count + 1, sizeof(*fds), by_number);
	close_others(fds, count + 1);
	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

int descriptors_hold(int *fds, size_t count)
{
	_cleanup_close_ int held = -1;
	_cleanup_close_ int release = -1;
	int ends[2], r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	held = ends[0];
	release = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		/* Nobody waits for the grandchild. */
		pid = fork();
		if (pid == 0)
			hold(fds, count, held);
		_exit(pid < 0);
	}
	while (waitpid(pid, &r, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(r) && WEXITSTATUS(r) == 0 ? TAKE_FD(release) : -EAGAIN;
}
