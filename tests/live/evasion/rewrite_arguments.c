/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrite arguments after the exec, and open a file named after the way each time. With one argument, "own": the program's
 * own, as setproctitle(3) does, and moved elsewhere with prctl(2). With "other": those of a child, by process_vm_writev(2)
 * and through /proc/PID/mem. Tells what /proc/PID/cmdline shows then.
 */
#include "facts.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { STAT_ARG_START = 48 };

static void tell(const char *way, pid_t pid)
{
	char name[64], text[4096];
	struct facts f;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/cmdline", pid);
	fd = open(name, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n < 0)
		die("cmdline");
	close(fd);
	facts_begin(&f, way);
	facts_hex(&f, "shown", text, (size_t)n);
	facts_end(&f);
	snprintf(name, sizeof(name), "/none/%s", way);
	if (open(name, O_RDONLY) >= 0)
		die("open");
}

static unsigned long arguments_start(pid_t pid)
{
	char name[64], text[4096], *at;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	fd = open(name, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		die("stat");
	close(fd);
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int i = 2; at && i < STAT_ARG_START; i++)
		at = strchr(at + 1, ' ');
	return at ? strtoul(at, NULL, 10) : 0;
}

static void rewrite_own(char **argv)
{
	char *elsewhere =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long start = (unsigned long)(uintptr_t)elsewhere;

	if (elsewhere == MAP_FAILED)
		die("mmap");
	memset(argv[0], 'x', strlen(argv[0]));
	memset(argv[1], 'y', strlen(argv[1]));
	tell("own", getpid());
	memcpy(elsewhere, "moved", 6);
	/* The end first where the new place is behind the old one. */
	if (prctl(PR_SET_MM, PR_SET_MM_ARG_END, start + 6, 0, 0) == 0 &&
	    prctl(PR_SET_MM, PR_SET_MM_ARG_START, start, 0, 0) == 0)
		tell("moved", getpid());
}

static void rewrite_other(const char *program)
{
	char text[] = "innocent";
	struct iovec from = { .iov_base = text, .iov_len = sizeof(text) }, to = from;
	int ready[2], hold[2], fd;
	char name[64];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(hold, O_CLOEXEC) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0) {
		dup2(hold[0], 0);
		execl(program, "sinister", "-c", "read line", NULL);
		_exit(99);
	}
	close(ready[1]);
	/* Closed by the exec. */
	if (pid < 0 || read(ready[0], name, 1) != 0)
		die("child");
	to.iov_base = (void *)arguments_start(pid);
	if (process_vm_writev(pid, &from, 1, &to, 1, 0) != sizeof(text))
		die("process_vm_writev");
	tell("vm", pid);
	snprintf(name, sizeof(name), "/proc/%d/mem", pid);
	fd = open(name, O_RDWR);
	memcpy(text, "harmless", sizeof(text));
	if (fd < 0 || pwrite(fd, text, sizeof(text), (off_t)(uintptr_t)to.iov_base) < 0)
		die("mem");
	close(fd);
	tell("mem", pid);
	if (kill(pid, SIGKILL) < 0 || waitpid(pid, NULL, 0) != pid)
		die("kill");
}

int main(int argc, char **argv)
{
	if (argc < 2)
		die("arguments");
	if (strcmp(argv[1], "own") == 0)
		rewrite_own(argv);
	else
		rewrite_other(argv[1]);
	return 0;
}
