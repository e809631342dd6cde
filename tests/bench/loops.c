/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops of one operation, timed by themselves:
 *
 *	loops [-g] open|getppid|exec|tcp|udp|udp-socket COUNT [PROGRAM]
 *
 * prints {"operations": COUNT, "ns": wall time of the whole loop}. With -g it says "ready" first, begins when
 * a line comes on standard input and, when it has printed, waits for the end of standard input: so that
 * others can measure exactly around it. If standard input ends at once there is no loop, which holds a
 * session open until then.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OPENED_FILE "/etc/passwd"

extern char **environ;

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void loop_open(long count, const char *program)
{
	(void)program;
	for (long i = 0; i < count; i++) {
		int fd = open(OPENED_FILE, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			err(1, "%s", OPENED_FILE);
		close(fd);
	}
}

static void loop_getppid(long count, const char *program)
{
	(void)program;
	for (long i = 0; i < count; i++)
		syscall(SYS_getppid);
}

static void loop_exec(long count, const char *program)
{
	char *const argv[] = { (char *)program, NULL };

	for (long i = 0; i < count; i++) {
		pid_t pid;
		int status;

		errno = posix_spawn(&pid, program, NULL, NULL, argv, environ);
		if (errno)
			err(1, "%s", program);
		if (waitpid(pid, &status, 0) != pid || status != 0)
			errx(1, "%s failed", program);
	}
}

static struct sockaddr_in loopback(in_port_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int connect_once(int type, const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		err(1, "connect");
	return fd;
}

static int listen_on_loopback(struct sockaddr_in *ret_address)
{
	socklen_t size = sizeof(*ret_address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret_address = loopback(0);
	if (fd < 0 || bind(fd, (struct sockaddr *)ret_address, size) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)ret_address, &size) < 0)
		err(1, "listen");
	return fd;
}

/* The kernel completes a connection to loopback by itself, so one thread can play both ends in turn. */
static void loop_tcp(long count, const char *program)
{
	struct linger abortive = { .l_onoff = 1 };
	struct sockaddr_in address;
	int listener = listen_on_loopback(&address);

	(void)program;
	for (long i = 0; i < count; i++) {
		int fd = connect_once(SOCK_STREAM, &address);
		int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (peer < 0)
			err(1, "accept4");
		/* Reset on close: no TIME_WAIT, so that the loop never runs out of ports. */
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abortive, sizeof(abortive));
		close(fd);
		close(peer);
	}
	close(listener);
}

/* connect on one socket again and again: nothing but the system call itself. */
static void loop_udp(long count, const char *program)
{
	struct sockaddr_in address = loopback(9);
	int fd = connect_once(SOCK_DGRAM, &address);

	(void)program;
	for (long i = 0; i < count; i++) {
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			err(1, "connect");
	}
	close(fd);
}

/* With a socket of its own for each, as programs do it. */
static void loop_udp_socket(long count, const char *program)
{
	struct sockaddr_in address = loopback(9);

	(void)program;
	for (long i = 0; i < count; i++)
		close(connect_once(SOCK_DGRAM, &address));
}

static const struct loop {
	const char *name;
	void (*run)(long count, const char *program);
} loops[] = {
	{ "open", loop_open }, { "getppid", loop_getppid }, { "exec", loop_exec },
	{ "tcp", loop_tcp },   { "udp", loop_udp },	    { "udp-socket", loop_udp_socket },
};

/* False when standard input ended instead. */
static int wait_for_line(void)
{
	char line[2];
	ssize_t got;

	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		err(1, "standard output");
	got = read(STDIN_FILENO, line, sizeof(line));
	if (got < 0)
		err(1, "standard input");
	return got > 0;
}

static void wait_for_end(void)
{
	char rest;

	while (read(STDIN_FILENO, &rest, 1) > 0)
		continue;
}

static void run(const struct loop *loop, int gated, long count, const char *program)
{
	long long start;

	if (gated && !wait_for_line())
		return;
	start = now_ns();
	loop->run(count, program);
	printf("{\"operations\": %ld, \"ns\": %lld}\n", count, now_ns() - start);
	fflush(stdout);
	if (gated)
		wait_for_end();
}

int main(int argc, char **argv)
{
	int gated = argc > 1 && strcmp(argv[1], "-g") == 0;

	argc -= gated;
	argv += gated;
	if (argc < 3)
		errx(2, "usage: loops [-g] open|getppid|exec|tcp|udp|udp-socket COUNT [PROGRAM]");
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
		if (strcmp(argv[1], loops[i].name) == 0) {
			run(&loops[i], gated, atol(argv[2]), argc > 3 ? argv[3] : "/bin/true");
			return 0;
		}
	}
	errx(2, "no loop %s", argv[1]);
}
