/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reach into a child: read and write its memory, have it traced, read it once more, end it. Then read the own memory. Tells
 * the child's number, as this process sees it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static long word = 4711; /* at the same place in both */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

int main(void)
{
	long copy = 0;
	struct iovec here = { .iov_base = &copy, .iov_len = sizeof(copy) };
	struct iovec there = { .iov_base = &word, .iov_len = sizeof(word) };
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0)
		die("fork");
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof(word) || copy != word)
		die("process_vm_readv");
	if (process_vm_writev(pid, &here, 1, &there, 1, 0) != sizeof(word))
		die("process_vm_writev");
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		die("ptrace");
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof(word) ||
	    process_vm_writev(pid, &here, 1, &there, 1, 0) != sizeof(word) ||
	    process_vm_readv(getpid(), &here, 1, &there, 1, 0) != sizeof(word))
		die("process_vm_readv");
	if (kill(pid, SIGKILL) < 0 || waitpid(pid, NULL, 0) != pid)
		die("kill");
	printf("%d\n", pid);
	return 0;
}
