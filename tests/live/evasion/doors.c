/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execute argv[1] with one argument, the name of the way, in every way to make a process for it that libraries and odd
 * programs use. Tells the child of each.
 */
#include "facts.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { STACK = 1 << 16 };

static char *program;
static char *words[] = { NULL, NULL, NULL };

static void tell(const char *way, pid_t pid)
{
	struct facts f;

	facts_begin(&f, way);
	facts_add(&f, ",\"child\":%d}\n", pid);
	if (write(1, f.text, f.size) != (ssize_t)f.size)
		die("standard output");
}

/* Also one that is not our child in name, or ends without a signal. */
static void wait_for(const char *way, pid_t pid)
{
	siginfo_t info;

	if (pid < 0)
		die(way);
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | __WALL) < 0 && errno != ECHILD)
		die("waitid");
	tell(way, pid);
}

static int run(void *way)
{
	words[0] = program;
	words[1] = way;
	execve(program, words, NULL);
	_exit(99);
}

static void by_spawn(void)
{
	char way[] = "posix_spawn";
	pid_t pid = -1;

	words[0] = program;
	words[1] = way;
	if (posix_spawn(&pid, program, NULL, NULL, words, NULL) != 0)
		die("posix_spawn");
	wait_for(way, pid);
}

static void by_vfork(void)
{
	char way[] = "vfork";
	pid_t pid = vfork();

	if (pid == 0)
		run(way);
	wait_for(way, pid);
}

static void by_clone(char *way, int flags)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (stack == MAP_FAILED)
		die("mmap");
	pid = clone(run, stack + STACK, flags, way);
	wait_for(way, pid);
}

static void by_clone3(char *way, uint64_t flags, int exit_signal)
{
	struct clone_args args = { .flags = flags, .exit_signal = (__u64)exit_signal };
	int pidfd = -1;
	pid_t pid;

	args.pidfd = (uintptr_t)&pidfd;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		run(way);
	wait_for(way, pid);
	close(pidfd);
}

int main(int argc, char **argv)
{
	char vm[] = "vm", files[] = "files", shared[] = "shared", untraced[] = "untraced";
	char pidfd[] = "pidfd", handlers[] = "handlers", silent[] = "silent";

	if (argc != 2)
		die("arguments");
	program = argv[1];
	by_spawn();
	by_vfork();
	by_clone(vm, CLONE_VM | SIGCHLD);
	by_clone(files, CLONE_FILES | CLONE_FS | SIGCHLD);
	by_clone(shared,
		 CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM | SIGCHLD);
	by_clone(untraced, CLONE_UNTRACED | CLONE_IO | SIGCHLD);
	by_clone3(pidfd, CLONE_PIDFD, SIGCHLD);
	by_clone3(handlers, CLONE_PIDFD | CLONE_CLEAR_SIGHAND, SIGUSR1);
	by_clone3(silent, CLONE_PIDFD, 0);
	return 0;
}
