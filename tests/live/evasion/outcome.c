/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that connect(2) does not wait for. argv[1] says how it goes on, argv[2] over what (4, 6 or mptcp). Tells
 * the socket that connects: its inode, its own port, where it connects to.
 */
#include "facts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

enum {
	FASTOPEN_NO_COOKIE = 34, /* TCP_FASTOPEN_NO_COOKIE */
	USER_TIMEOUT_MS = 500,
	ALARM_US = 50000,
};

static struct sockaddr_storage target;
static socklen_t target_size;
static int family = AF_INET, protocol;
static int listener = -1, connecting = -1;

static int make_socket(int flags)
{
	int fd = socket(family, SOCK_STREAM | flags, protocol);

	if (fd < 0)
		die("socket");
	return fd;
}

/* A server at a port of its own; with `listens` unset nobody is there. */
static void make_target(bool listens)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&target;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&target;

	listener = make_socket(0);
	target.ss_family = (sa_family_t)family;
	target_size = family == AF_INET ? sizeof(*four) : sizeof(*six);
	if (family == AF_INET)
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		six->sin6_addr = in6addr_loopback;
	if (bind(listener, (struct sockaddr *)&target, target_size) < 0 ||
	    getsockname(listener, (struct sockaddr *)&target, &target_size) < 0 ||
	    (listens && listen(listener, 0) < 0))
		die("listener");
}

/* A server whose backlog is full: what comes next gets no answer. Returns the one in the backlog. */
static int make_silent_target(void)
{
	int filler;

	make_target(true);
	filler = make_socket(0);
	if (connect(filler, (struct sockaddr *)&target, target_size) < 0)
		die("filler");
	return filler;
}

static void set(int option, int value)
{
	if (setsockopt(connecting, IPPROTO_TCP, option, &value, sizeof(value)) < 0)
		die("setsockopt");
}

static int start(int flags)
{
	if (connecting < 0)
		connecting = make_socket(flags);
	return connect(connecting, (struct sockaddr *)&target, target_size) < 0 ? -errno : 0;
}

/* Until the outcome is known. */
static void await(void)
{
	struct pollfd poll_fd = { .fd = connecting, .events = POLLOUT };

	if (poll(&poll_fd, 1, -1) != 1)
		die("poll");
}

static bool is_on_its_way(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       info.tcpi_state == TCP_SYN_SENT;
}

static void tell(int result)
{
	static struct facts f;
	struct sockaddr_storage own = { 0 };
	socklen_t size = sizeof(own);
	struct stat st;

	if (fstat(connecting, &st) < 0 ||
	    getsockname(connecting, (struct sockaddr *)&own, &size) < 0)
		die("socket's name");
	facts_begin(&f, "connect");
	facts_add(&f, ",\"result\":%d,\"inode\":%lu,\"src_port\":%u,\"dst_port\":%u", result,
		  st.st_ino, ntohs(((struct sockaddr_in *)&own)->sin_port),
		  ntohs(((struct sockaddr_in *)&target)->sin_port));
	facts_end(&f);
}

static void established(void)
{
	make_target(true);
	tell(start(SOCK_NONBLOCK));
	await();
}

static void refused(void)
{
	make_target(false);
	tell(start(SOCK_NONBLOCK));
	await();
}

static void timed_out(void)
{
	make_silent_target();
	connecting = make_socket(SOCK_NONBLOCK);
	set(TCP_SYNCNT, 1);
	set(TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
	tell(start(0));
	await();
}

static void closed(void)
{
	make_silent_target();
	tell(start(SOCK_NONBLOCK));
	close(connecting);
}

/* By connect(2) to no address. */
static void disconnected(void)
{
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	make_silent_target();
	tell(start(SOCK_NONBLOCK));
	if (connect(connecting, &nowhere, sizeof(nowhere)) < 0)
		die("disconnect");
}

static void handler(int number)
{
	(void)number;
}

static void interrupted(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct itimerval once = { .it_value.tv_usec = ALARM_US, .it_interval.tv_usec = ALARM_US };
	int filler = make_silent_target(), result;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &once, NULL);
	result = start(0);
	memset(&once, 0, sizeof(once));
	setitimer(ITIMER_REAL, &once, NULL);
	tell(result);
	/* Then there is room after all. */
	close(accept(listener, NULL, NULL));
	close(filler);
	await();
}

static void *connect_there(void *userdata)
{
	*(int *)userdata = start(0);
	return NULL;
}

/* One thread waits for the connection, the other one puts another file in the descriptor's place and ends it. */
static void taken_away(void)
{
	pthread_t thread;
	int result, copy;

	make_silent_target();
	connecting = make_socket(0);
	if (pthread_create(&thread, NULL, connect_there, &result) != 0)
		die("thread");
	while (!is_on_its_way(connecting))
		sched_yield();
	tell(0);
	copy = dup(connecting);
	if (copy < 0 || dup2(listener, connecting) < 0)
		die("dup");
	shutdown(copy, SHUT_RDWR);
	pthread_join(thread, NULL);
}

/* The one who asked is no more when the answer comes. */
static void orphaned(void)
{
	int filler = make_silent_target();
	pid_t child;

	connecting = make_socket(SOCK_NONBLOCK);
	child = fork();
	if (child == 0) {
		tell(start(0));
		_exit(0);
	}
	if (waitpid(child, NULL, 0) != child)
		die("wait");
	close(accept(listener, NULL, NULL));
	close(filler);
	await();
}

/* The process ends, and the connection with it. */
static void exited(void)
{
	pid_t child;

	make_silent_target();
	child = fork();
	if (child == 0) {
		tell(start(SOCK_NONBLOCK));
		_exit(0);
	}
	if (waitpid(child, NULL, 0) != child)
		die("wait");
}

/* connect() succeeds at once, the first write begins the connection (TCP_FASTOPEN_CONNECT). */
static void deferred(void)
{
	connecting = make_socket(SOCK_NONBLOCK);
	set(FASTOPEN_NO_COOKIE, 1);
	set(TCP_FASTOPEN_CONNECT, 1);
	tell(start(0));
	if (write(connecting, "x", 1) < 0 && errno != EINPROGRESS && errno != ECONNREFUSED)
		die("write");
	await();
}

static void deferred_established(void)
{
	make_target(true);
	deferred();
}

static void deferred_refused(void)
{
	make_target(false);
	deferred();
}

/* Data goes with the first packet, and the call does not wait. */
static void sent(void)
{
	ssize_t n;

	connecting = make_socket(SOCK_NONBLOCK);
	set(FASTOPEN_NO_COOKIE, 1);
	n = sendto(connecting, "data", 4, MSG_FASTOPEN, (struct sockaddr *)&target, target_size);
	tell(n < 0 ? -errno : (int)n);
	await();
}

static void sent_established(void)
{
	make_target(true);
	sent();
}

static void sent_refused(void)
{
	make_target(false);
	sent();
}

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "established", established },
	{ "refused", refused },
	{ "timed-out", timed_out },
	{ "closed", closed },
	{ "disconnected", disconnected },
	{ "interrupted", interrupted },
	{ "taken-away", taken_away },
	{ "orphaned", orphaned },
	{ "exited", exited },
	{ "deferred-established", deferred_established },
	{ "deferred-refused", deferred_refused },
	{ "sent-established", sent_established },
	{ "sent-refused", sent_refused },
};

int main(int argc, char **argv)
{
	if (argc != 3)
		die("arguments");
	family = strcmp(argv[2], "6") == 0 ? AF_INET6 : AF_INET;
	protocol = strcmp(argv[2], "mptcp") == 0 ? IPPROTO_MPTCP : 0;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		if (strcmp(argv[1], scenarios[i].name) == 0) {
			scenarios[i].run();
			return 0;
		}
	}
	errno = EINVAL;
	die("scenario");
}
