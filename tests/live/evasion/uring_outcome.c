/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP connections that a request of io_uring begins and does not wait for. argv[1] says how it goes on, argv[2] is the ring's
 * IORING_SETUP_*, argv[3] the entry's IOSQE_*, argv[4] the protocol's number. Tells the result and the socket: its inode, its own port, where it connects.
 */
#include "uring.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	FASTOPEN_NO_COOKIE = 34, /* TCP_FASTOPEN_NO_COOKIE */
	RING = 8,
	NO_RESULT = -1000,
	TIMEOUT_NS = 50000000,
	OTHER = 99, /* user_data of what is not the connect */
};

static struct sockaddr_in target = { .sin_family = AF_INET };
static socklen_t target_size = sizeof(target);
static int protocol, listener, filler = -1, connecting;
static unsigned int flags;
static struct ring ring;

/* With a backlog that is full what comes next gets no answer. */
static void make_target(bool listens, bool full)
{
	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, protocol);
	connecting = socket(AF_INET, SOCK_STREAM, protocol);
	if (bind(listener, (struct sockaddr *)&target, target_size) < 0 ||
	    getsockname(listener, (struct sockaddr *)&target, &target_size) < 0 ||
	    (listens && listen(listener, 0) < 0))
		die("listener");
	if (!full)
		return;
	filler = socket(AF_INET, SOCK_STREAM, protocol);
	if (connect(filler, (struct sockaddr *)&target, target_size) < 0)
		die("filler");
}

static void put_connect(unsigned int more)
{
	put_socket(&ring, IORING_OP_CONNECT, connecting, &target, target_size, flags | more);
}

static bool is_on_its_way(void)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	return getsockopt(connecting, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       info.tcpi_state == TCP_SYN_SENT;
}

static unsigned int own_port(void)
{
	struct sockaddr_in own = { 0 };
	socklen_t size = sizeof(own);

	if (getsockname(connecting, (struct sockaddr *)&own, &size) < 0)
		die("getsockname");
	return ntohs(own.sin_port);
}

/* Takes the completions, and returns the connect's. */
static int results(int count)
{
	int result = NO_RESULT;

	while (count-- > 0) {
		struct completion entry = ring_take(&ring);

		if (entry.user_data == 0)
			result = entry.res;
	}
	return result;
}

static int cancelled(void)
{
	struct io_uring_sqe *entry;

	make_target(true, true);
	put_connect(0);
	ring_submit(&ring, 0);
	while (!is_on_its_way())
		sched_yield();
	entry = ring_entry(&ring, IORING_OP_ASYNC_CANCEL, -1, 0);
	entry->addr = 0;
	entry->user_data = OTHER;
	ring_submit(&ring, 2);
	return results(2);
}

static int timed_out(void)
{
	struct __kernel_timespec limit = { .tv_nsec = TIMEOUT_NS };
	struct io_uring_sqe *entry;

	make_target(true, true);
	put_connect(IOSQE_IO_LINK);
	entry = ring_entry(&ring, IORING_OP_LINK_TIMEOUT, -1, 0);
	entry->addr = (unsigned long)&limit;
	entry->len = 1;
	entry->user_data = OTHER;
	ring_submit(&ring, 2);
	return results(2);
}

/* Room for the connection after all. */
static void let_in(void)
{
	close(accept(listener, NULL, NULL));
	close(filler);
}

static int plain(bool listens, unsigned int more)
{
	make_target(listens, false);
	put_connect(more);
	if (!more)
		return ring_one(&ring);
	ring_submit(&ring, 0);
	/* Nobody says when it is begun. */
	while (own_port() == 0)
		sched_yield();
	return NO_RESULT;
}

static void set(int option)
{
	int one = 1;

	if (setsockopt(connecting, IPPROTO_TCP, option, &one, sizeof(one)) < 0)
		die("setsockopt");
}

/* The first packet goes with the first data. */
static int deferred(bool listens)
{
	struct io_uring_sqe *entry;
	int result;

	make_target(listens, false);
	set(FASTOPEN_NO_COOKIE);
	set(TCP_FASTOPEN_CONNECT);
	put_connect(0);
	result = ring_one(&ring);
	entry = ring_entry(&ring, IORING_OP_WRITE, connecting, 0);
	entry->addr = (unsigned long)"data";
	entry->len = 4;
	if (ring_one(&ring) < 0)
		die("write");
	return result;
}

static int sent(bool listens)
{
	static char data[] = "data";
	struct iovec vector = { data, 4 };
	struct msghdr message = {
		.msg_name = &target,
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};
	struct io_uring_sqe *entry;

	make_target(listens, false);
	message.msg_namelen = target_size;
	set(FASTOPEN_NO_COOKIE);
	entry = ring_entry(&ring, IORING_OP_SENDMSG, connecting, flags);
	entry->addr = (unsigned long)&message;
	entry->len = 1;
	entry->msg_flags = MSG_FASTOPEN;
	return ring_one(&ring);
}

static int go(const char *how)
{
	int result;

	if (strcmp(how, "cancelled") == 0 || strcmp(how, "timed-out") == 0) {
		result = *how == 'c' ? cancelled() : timed_out();
		let_in();
		return result;
	}
	if (strcmp(how, "given-up") == 0)
		return cancelled();
	if (strcmp(how, "established") == 0 || strcmp(how, "refused") == 0)
		return plain(*how == 'e', 0);
	if (strncmp(how, "silent", 6) == 0)
		return plain(strcmp(how, "silent-established") == 0, IOSQE_CQE_SKIP_SUCCESS);
	if (strncmp(how, "deferred", 8) == 0)
		return deferred(strcmp(how, "deferred-established") == 0);
	return sent(strcmp(how, "sent-established") == 0);
}

int main(int argc, char **argv)
{
	struct io_uring_params p = { 0 };
	struct pollfd poll_fd = { .events = POLLOUT };
	struct facts f;
	struct stat st;
	int result;

	if (argc != 5)
		die("arguments");
	p.flags = (__u32)atoi(argv[2]);
	flags = (unsigned int)atoi(argv[3]);
	protocol = atoi(argv[4]);
	ring_open(&ring, RING, &p);
	result = go(argv[1]);
	poll_fd.fd = connecting;
	if (strcmp(argv[1], "given-up") != 0 && poll(&poll_fd, 1, -1) != 1)
		die("poll");
	if (fstat(connecting, &st) < 0)
		die("fstat");
	facts_begin(&f, "connect");
	facts_add(&f, ",\"result\":%d,\"inode\":%lu,\"src_port\":%u,\"dst_port\":%u", result,
		  st.st_ino, own_port(), ntohs(target.sin_port));
	facts_end(&f);
	close(connecting);
	return 0;
}
