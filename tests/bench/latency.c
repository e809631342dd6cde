/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long from an open(2) in an idle session to its readable line:
 *
 *	latency COUNT SESHAT
 *
 * runs itself as the command of `SESHAT run -o -`, whose records it reads from a pipe. For each of COUNT
 * names that do not exist the worker takes the time and opens it; the reader takes the time when the line
 * that names it is there. Prints the nanoseconds of each, one a line.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	TIMES_FD = 3,	     /* where the worker tells when it began */
	IDLE_NS = 2000000,   /* between two opens: the recorder is asleep by then */
	LINES_SIZE = 262144, /* of log that may stand between two names */
};

#define NAME "/nonexistent/latency-%d."

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void idle(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = IDLE_NS }, NULL);
}

/* Opens the next name for each byte of standard input, until its end. */
static int worker(void)
{
	char go, name[64];

	for (int i = 0; read(STDIN_FILENO, &go, 1) == 1; i++) {
		long long start;

		(void)snprintf(name, sizeof(name), NAME, i);
		start = now_ns();
		if (open(name, O_RDONLY | O_CLOEXEC) >= 0)
			errx(1, "%s exists", name);
		if (write(TIMES_FD, &start, sizeof(start)) != sizeof(start))
			err(1, "write");
	}
	return 0;
}

static pid_t start_worker(const char *seshat, const char *self, int go, int lines, int times)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid > 0)
		return pid;
	if (dup2(go, STDIN_FILENO) < 0 || dup2(lines, STDOUT_FILENO) < 0)
		err(1, "dup2");
	if (times == TIMES_FD)
		(void)fcntl(times, F_SETFD, 0);
	else if (dup2(times, TIMES_FD) < 0)
		err(1, "dup2");
	execl(seshat, seshat, "run", "-o", "-", "--", self, "--worker", (char *)NULL);
	err(1, "%s", seshat);
}

/* Reads until a line names the i-th open is complete; returns when that was. */
static long long wait_for_line(int fd, int i)
{
	static char lines[LINES_SIZE];
	static size_t size;
	char name[64];

	(void)snprintf(name, sizeof(name), NAME, i);
	for (;;) {
		char *found = memmem(lines, size, name, strlen(name));
		ssize_t got;

		if (found && memchr(found, '\n', size - (size_t)(found - lines))) {
			size = 0;
			return now_ns();
		}
		if (size == sizeof(lines))
			errx(1, "no record of %s", name);
		got = read(fd, lines + size, sizeof(lines) - size);
		if (got <= 0)
			errx(1, "the log ended before %s", name);
		size += (size_t)got;
	}
}

static void measure(int count, int go, int lines, int times)
{
	for (int i = 0; i < count; i++) {
		long long start, end;

		idle();
		if (write(go, "", 1) != 1)
			err(1, "write");
		end = wait_for_line(lines, i);
		if (read(times, &start, sizeof(start)) != sizeof(start))
			err(1, "read");
		printf("%lld\n", end - start);
	}
}

int main(int argc, char **argv)
{
	int go[2], lines[2], times[2], status;
	pid_t pid;

	if (argc == 2 && strcmp(argv[1], "--worker") == 0)
		return worker();
	if (argc != 3)
		errx(2, "usage: latency COUNT SESHAT");
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(lines, O_CLOEXEC) < 0 || pipe2(times, O_CLOEXEC) < 0)
		err(1, "pipe");
	pid = start_worker(argv[2], argv[0], go[0], lines[1], times[1]);
	close(go[0]);
	close(lines[1]);
	close(times[1]);
	measure(atoi(argv[1]), go[1], lines[0], times[0]);
	close(go[1]);
	while (read(lines[0], &(char[4096]){ 0 }, 4096) > 0)
		continue;
	if (waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "the session failed");
	return 0;
}
