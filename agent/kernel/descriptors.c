/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/descriptors.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

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

void descriptors_hold(int *fds, size_t count)
{
	pid_t pid;

	qsort(fds, count, sizeof(*fds), by_number);
	pid = fork();
	if (pid == 0) {
		/* Nobody waits for the grandchild, which closes them by its end. */
		if (fork() == 0)
			close_others(fds, count);
		_exit(0);
	}
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
}
