/* SPDX-License-Identifier: Apache-2.0 */
#include "control/client.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/cleanup.h"
#include "control/message.h"
#include "control/protocol.h"

enum {
	NS_PER_US = 1000,
	US_PER_S = 1000000,
	NS_PER_MS = 1000000,
};

static const uint64_t NS_PER_S = 1000000000;

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* which cannot fail */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t time_left(uint64_t deadline)
{
	uint64_t now = now_ns();

	return now < deadline ? deadline - now : 0;
}

/* connect(2) waits while the agent's backlog is full: as long as SO_SNDTIMEO says. */
static int connect_until(int fd, const struct sockaddr_un *address, uint64_t deadline)
{
	for (;;) {
		uint64_t left_us = (time_left(deadline) + NS_PER_US - 1) / NS_PER_US;
		struct timeval timeout = {
			.tv_sec = (time_t)(left_us / US_PER_S),
			.tv_usec = (suseconds_t)(left_us % US_PER_S),
		};

		if (left_us == 0)
			return -ETIMEDOUT; /* no time at all would mean: for ever */
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
			return -errno;
		if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			return 0;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

/* The other end is whoever called listen(2). */
static int check_server(int fd)
{
	struct ucred server;
	socklen_t size = sizeof(server);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &size) < 0)
		return -errno;
	return server.uid == 0 || server.uid == geteuid() ? 0 : -EPERM;
}

static int connect_new(const char *path, uint64_t deadline)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	int size = 2 * CONTROL_MESSAGE_MAX, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Whatever the system's default is; where this is refused, send(2) will tell. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	r = connect_until(fd, &address, deadline);
	if (r == 0)
		r = check_server(fd);
	return r < 0 ? r : TAKE_FD(fd);
}

static int wait_until(int fd, short events, uint64_t deadline)
{
	for (;;) {
		struct pollfd entry = { .fd = fd, .events = events };
		uint64_t left = time_left(deadline);
		struct timespec timeout = {
			.tv_sec = (time_t)(left / NS_PER_S),
			.tv_nsec = (long)(left % NS_PER_S),
		};
		int n = ppoll(&entry, 1, &timeout, NULL);

		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int send_until(int fd, const char *text, size_t size, uint64_t deadline)
{
	for (;;) {
		int r;

		if (send(fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		r = wait_until(fd, POLLOUT, deadline);
		if (r < 0)
			return r;
	}
}

/* One packet. Returns its size, 0 at the end of the connection, or negative errno. */
static ssize_t receive_until(int fd, char *buf, size_t size, uint64_t deadline)
{
	for (;;) {
		ssize_t n = recv(fd, buf, size, MSG_DONTWAIT | MSG_TRUNC);
		int r;

		if (n >= 0)
			return n;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		r = wait_until(fd, POLLIN, deadline);
		if (r < 0)
			return r;
	}
}

static uint64_t deadline_in(unsigned int timeout_ms)
{
	return now_ns() + (uint64_t)timeout_ms * NS_PER_MS;
}

int control_connect(const char *socket, unsigned int timeout_ms)
{
	return connect_new(socket, deadline_in(timeout_ms));
}

static int send_request(int fd, struct json_object *request, uint64_t deadline)
{
	const char *text;
	size_t size;
	int r = control_message_text(request, &text, &size);

	if (r < 0)
		return r;
	r = send_until(fd, text, size, deadline);
	/* Who is refused is told so, and let go. */
	return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

int control_send(int fd, struct json_object *request, unsigned int timeout_ms)
{
	return send_request(fd, request, deadline_in(timeout_ms));
}

static int receive_reply(int fd, uint64_t deadline, struct json_object **ret)
{
	_cleanup_free_ char *buf = malloc(CONTROL_MESSAGE_MAX);
	ssize_t n;
	int r;

	if (!buf)
		return -ENOMEM;
	n = receive_until(fd, buf, CONTROL_MESSAGE_MAX, deadline);
	/*
	 * Who is refused is told so and let go, perhaps before the request was sent, or read. That is seen before
	 * the reply, and once: the reply is there all the same.
	 */
	if (n == -ECONNRESET)
		n = receive_until(fd, buf, CONTROL_MESSAGE_MAX, deadline);
	if (n <= 0)
		return n == 0 ? -ECONNRESET : (int)n;
	if (n > CONTROL_MESSAGE_MAX)
		return -EPROTO;
	r = control_message_parse(buf, (size_t)n, ret);
	return r == -EBADMSG ? -EPROTO : r;
}

int control_receive(int fd, unsigned int timeout_ms, struct json_object **ret)
{
	return receive_reply(fd, deadline_in(timeout_ms), ret);
}

int control_call(const char *socket, struct json_object *request, unsigned int timeout_ms,
		 struct json_object **ret_reply)
{
	uint64_t deadline = deadline_in(timeout_ms);
	_cleanup_close_ int fd = -1;
	const char *text;
	size_t size;
	int r;

	/* Nobody is bothered with what cannot be sent. */
	r = control_message_text(request, &text, &size);
	if (r < 0)
		return r;
	fd = connect_new(socket, deadline);
	if (fd < 0)
		return fd;
	r = send_request(fd, request, deadline);
	return r < 0 ? r : receive_reply(fd, deadline, ret_reply);
}
