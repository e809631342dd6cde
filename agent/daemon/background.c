/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	SIGNAL_BASE = 128,
};

/* Waits for the child's word, or for its end. Returns what the parent is to exit with, or negative errno. */
static int wait_ready(int fd, pid_t pid)
{
	char byte;
	int status;
	ssize_t n = fd_read_all(fd, &byte, sizeof(byte));

	if (n < 0)
		return (int)n;
	if (n > 0)
		return EXIT_SUCCESS;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
}

int background_enter(int *ret_ready, int *ret_status)
{
	_cleanup_close_ int here = -1, there = -1;
	int ends[2], r;
	pid_t pid;

	/* A socket, as a pipe would raise SIGPIPE when nobody waits any more. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	here = ends[0];
	there = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)setsid(); /* fails for leaders only, and this is a new process */
		*ret_ready = TAKE_FD(there);
		return 0;
	}
	there = fd_close(there);
	r = wait_ready(here, pid);
	if (r < 0)
		return r;
	*ret_status = r;
	return 1;
}

static int close_standard(void)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fd != null && dup2(null, fd) < 0)
			return -errno;
	if (null <= STDERR_FILENO) /* one of them was closed before: that is where it belongs */
		return fcntl(TAKE_FD(null), F_SETFD, 0) < 0 ? -errno : 0;
	return 0;
}

int background_ready(int *ready)
{
	int r;

	if (*ready < 0)
		return 0;
	if (chdir("/") < 0)
		return -errno;
	r = close_standard();
	if (r < 0)
		return r;
	/* Nobody may be there any more: the daemon is needed all the same. */
	(void)send(*ready, "", 1, MSG_NOSIGNAL);
	*ready = fd_close(*ready);
	return 0;
}
