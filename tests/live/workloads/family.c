/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Make a child in every way that there is. Each child tries to open a file named after its way, tells who it is,
 * and exits with a code of its own; the parent waits for each before the next one.
 */
#include "facts.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

static void child(const char *way, int code)
{
	struct facts f;
	char path[64];

	snprintf(path, sizeof(path), "/seshat-family/%s", way);
	facts_begin(&f, way);
	facts_add(&f, ",\"code\":%d", code);
	if (open(path, O_RDONLY) >= 0 || errno != ENOENT)
		die("open");
	facts_end(&f);
	_exit(code);
}

static void wait_for(pid_t pid)
{
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		die("child");
}

static void by_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		child("fork", 1);
	wait_for(pid);
}

static void by_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		child("vfork", 2);
	wait_for(pid);
}

static void by_clone(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);

	if (pid == 0)
		child("clone", 3);
	wait_for(pid);
}

static void by_clone3(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		child("clone3", 4);
	wait_for(pid);
}

static void by_setsid(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setsid() < 0)
			die("setsid");
		child("setsid", 5);
	}
	wait_for(pid);
}

/* The grandchild goes on only after its parent is gone; the end of the pipe tells when it is, too. */
static void by_double_fork(void)
{
	int gone[2], done[2];
	pid_t pid;
	char c;

	if (pipe(gone) < 0 || pipe(done) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0) {
		if (fork() > 0)
			_exit(6);
		setsid();
		close(done[0]);
		wait_byte(gone[0]);
		child("double", 7);
	}
	close(done[1]);
	wait_for(pid);
	if (write(gone[1], "", 1) != 1 || read(done[0], &c, 1) != 0)
		die("pipe");
}

/* Namespaces of its own: pid, mount, user. The pid that the child sees is then 1. */
static void by_namespaces(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD,
				   .flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS |
					    CLONE_NEWIPC };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	struct facts f;

	if (pid == 0) {
		if (open("/seshat-family/namespaces", O_RDONLY) >= 0)
			die("open");
		_exit(8);
	}
	wait_for(pid);
	facts_begin(&f, "namespaces");
	facts_add(&f, ",\"child\":%d,\"code\":8", pid);
	facts_end(&f);
}

int main(void)
{
	by_fork();
	by_vfork();
	by_clone();
	by_clone3();
	by_setsid();
	by_double_fork();
	by_namespaces();
	return 0;
}
