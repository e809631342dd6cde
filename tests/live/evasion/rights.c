/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gain rights in ways that a script of system calls cannot. argv: clone - in a child that is cloned into a user namespace of
 * its own; thread - in one of two threads; together - in all threads of a process, as the C library does it; again PROGRAM -
 * by executing it without effective capabilities, but as root. Tells the namespace and the child, or the threads.
 */
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ACCOUNT = 4711 };

static char stack[65536] __attribute__((aligned(16)));
static pthread_barrier_t barrier;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int child(void *unused)
{
	struct stat st;

	(void)unused;
	if (stat("/proc/self/ns/user", &st) < 0)
		_exit(1);
	dprintf(1, "%lu\n", (unsigned long)st.st_ino);
	_exit(0);
}

static void in_clone(void)
{
	int status;
	pid_t pid = clone(child, stack + sizeof(stack), CLONE_NEWUSER | SIGCHLD, NULL);

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("clone");
	dprintf(1, "%d\n", pid);
}

/* The calls themselves: the C library's would be made by every thread. */
static void *in_thread(void *unused)
{
	(void)unused;
	if (syscall(SYS_setresuid, -1, ACCOUNT, -1) < 0 || syscall(SYS_setresuid, -1, 0, -1) < 0)
		die("setresuid");
	dprintf(1, "%d\n", (int)syscall(SYS_gettid));
	return NULL;
}

static void *wait_twice(void *unused)
{
	(void)unused;
	dprintf(1, "%d\n", (int)syscall(SYS_gettid));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void together(void)
{
	pthread_t thread;

	if (pthread_barrier_init(&barrier, NULL, 2) ||
	    pthread_create(&thread, NULL, wait_twice, NULL))
		die("pthread_create");
	pthread_barrier_wait(&barrier);
	if (seteuid(ACCOUNT) < 0 || seteuid(0) < 0)
		die("seteuid");
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
}

static void again(const char *program)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		die("capget");
	data[0].effective = data[1].effective = 0;
	if (syscall(SYS_capset, &header, data) < 0)
		die("capset");
	execl(program, program, (char *)NULL);
	die(program);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 2)
		return 2;
	if (argc > 2)
		again(argv[2]);
	if (strcmp(argv[1], "clone") == 0)
		in_clone();
	else if (strcmp(argv[1], "together") == 0)
		together();
	else if (pthread_create(&thread, NULL, in_thread, NULL) == 0)
		pthread_join(thread, NULL);
	return 0;
}
