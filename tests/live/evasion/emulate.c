/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answer a child's system calls for the kernel, with ptrace(2) and PTRACE_SYSEMU, so that none is made: its open of
 * argv[1] "gives" the descriptor of a file that is open already, and its exec of argv[2] "succeeds".
 */
#include "facts.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

static void child(char **argv)
{
	char *words[] = { argv[2], NULL };

	if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
		die("traceme");
	raise(SIGSTOP);
	syscall(SYS_open, argv[1], O_RDONLY);
	syscall(SYS_execve, argv[2], words, NULL);
	syscall(SYS_exit_group, 0);
}

/* Until the next call of the child's, which is not made, and returns the result. */
static long answer(pid_t pid, long result)
{
	struct user_regs_struct regs;
	int status;

	if (ptrace(PTRACE_SYSEMU, pid, 0, 0) < 0 || waitpid(pid, &status, 0) != pid ||
	    !WIFSTOPPED(status) || ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		die("sysemu");
	regs.rax = (unsigned long)result;
	if (ptrace(PTRACE_SETREGS, pid, 0, &regs) < 0)
		die("setregs");
	return (long)regs.orig_rax;
}

int main(int argc, char **argv)
{
	struct facts f;
	pid_t pid;
	long made[2];

	if (argc != 3)
		die("arguments");
	pid = fork();
	if (pid == 0)
		child(argv);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		die("child");
	/* The stop's own signal is held back. */
	made[0] = answer(pid, STDOUT_FILENO);
	made[1] = answer(pid, 0);
	if (kill(pid, SIGKILL) < 0 || waitpid(pid, NULL, 0) != pid)
		die("kill");
	facts_begin(&f, "emulated");
	facts_add(&f, ",\"child\":%d,\"open\":%ld,\"execve\":%ld", pid, made[0], made[1]);
	facts_end(&f);
	return 0;
}
