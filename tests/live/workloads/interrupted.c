/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open a FIFO (argv[1]) that nobody writes to, and be interrupted by a signal: once with a handler that lets the call
 * fail (EINTR), once with one that lets the kernel restart it; then a child opens the other side.
 */
#include "facts.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static const char *fifo;
static pid_t parent;

/* Sends a signal once the parent sleeps in its open. */
static void interrupt(int number)
{
	char folder[64];

	snprintf(folder, sizeof(folder), "/proc/%d", parent);
	await_state(folder, 'S');
	kill(parent, number);
}

static void handler(int number)
{
	int fd;

	/* The second signal: now somebody writes, and the restarted call ends. */
	if (number == SIGUSR2 && fork() == 0) {
		fd = open(fifo, O_WRONLY);
		_exit(fd < 0);
	}
}

static void open_once(const char *name, int number, int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	struct facts f;
	pid_t child;
	int fd;

	sigaction(number, &action, NULL);
	child = fork();
	if (child == 0) {
		interrupt(number);
		_exit(0);
	}
	fd = open(fifo, O_RDONLY);
	facts_begin(&f, name);
	facts_add(&f, ",\"result\":%d", fd < 0 ? -errno : fd);
	facts_end(&f);
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		die("arguments");
	fifo = argv[1];
	parent = getpid();
	open_once("interrupted", SIGUSR1, 0);
	open_once("restarted", SIGUSR2, SA_RESTART);
	return 0;
}
