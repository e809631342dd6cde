/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/cleanup.h"
#include "control/message.h"
#include "control/protocol.h"
#include "daemon/answer.h"
#include "daemon/complaints.h"
#include "daemon/connections.h"
#include "daemon/listener.h"
#include "daemon/reply.h"

enum {
	IDLE_MS = 10000,
	PEERS_MAX = 256,
	SHARE = 4, /* one user has at most a quarter of the connections that are not root's */
	ACCEPT_BATCH = 16, /* connections taken at once, before other events have their turn */
	UNREAD_MAX = 16,   /* packets of somebody refused that are read and forgotten */
};

static const uint64_t US_PER_MS = 1000;

struct server {
	struct server_config config; /* its event is a reference of our own */
	struct listener listener;
	int spare; /* owned: given up for an accept(2) where there is no descriptor left */
	sd_event_source *source;
	sd_event_source *timer; /* set only while there is something to wait for */
	struct connections connections;
	struct connections waiting; /* for a reply: nobody lets them go but their peers */
	struct complaints complaints;
	char *buf; /* owned: a packet as it comes */
};

static uint64_t server_now(const struct server *server)
{
	uint64_t now = 0;

	/* It fails for other clocks only. */
	(void)sd_event_now(server->config.event, CLOCK_MONOTONIC, &now);
	return now;
}

/* Who it was, and what of him is wrong. */
static void complain(struct server *server, const struct peer *peer, const char *what)
{
	complaints_say(&server->complaints, server_now(server), "process %d of user %u: %s",
		       (int)peer->pid, (unsigned int)peer->uid, what);
}

/* ---- the connections --------------------------------------------------------------------------- */

static void connection_free(struct connection *connection)
{
	struct server *server = connection->server;

	connections_remove(connection->request ? &server->waiting : &server->connections,
			   connection);
	json_object_put(connection->request);
	sd_event_source_disable_unref(connection->source);
	fd_close(connection->fd);
	fd_close(connection->peer.pidfd);
	free(connection);
}

/* When there is something to do without anybody asking; UINT64_MAX: never. */
static uint64_t server_due(const struct server *server)
{
	uint64_t due = complaints_due(&server->complaints), idle;

	if (!server->connections.oldest)
		return due;
	idle = server->connections.oldest->last + server->config.idle_ms * US_PER_MS;
	return idle < due ? idle : due;
}

/* An idle agent must not wake up: without connections there is no timer. */
static void server_arm(struct server *server)
{
	uint64_t due = server_due(server);

	/* These fail for sources of another process only. */
	if (due != UINT64_MAX)
		(void)sd_event_source_set_time(server->timer, due);
	(void)sd_event_source_set_enabled(server->timer,
					  due != UINT64_MAX ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct server *server = userdata;
	uint64_t now = server_now(server), idle = server->config.idle_ms * US_PER_MS;

	(void)source;
	(void)usec;
	while (server->connections.oldest && now - server->connections.oldest->last >= idle)
		connection_free(server->connections.oldest);
	complaints_turn(&server->complaints, now);
	server_arm(server);
	return 0;
}

/* ---- requests ---------------------------------------------------------------------------------- */

/* It sleeps until server_retry(): only its end is of interest. Takes over the request. */
static void connection_wait(struct connection *connection, const struct server_operation *operation,
			    struct json_object *request)
{
	struct server *server = connection->server;

	connections_remove(&server->connections, connection);
	connection->operation = operation;
	connection->request = request;
	connections_append(&server->waiting, connection, server_now(server));
}

/* It has its reply, and is one of those again that may ask. */
static void connection_go_on(struct connection *connection)
{
	struct server *server = connection->server;

	connections_remove(&server->waiting, connection);
	json_object_put(connection->request);
	connection->request = NULL;
	connections_append(&server->connections, connection, server_now(server));
}

void server_retry(struct server *server)
{
	struct connection *connection, *next;
	int r;

	if (!server)
		return;
	for (connection = server->waiting.oldest; connection; connection = next) {
		next = connection->next;
		r = answer_give(connection, &server->config, connection->operation,
				connection->request);
		if (r < 0)
			connection_free(connection);
		else if (r != SERVER_LATER)
			connection_go_on(connection);
	}
	server_arm(server);
}

/* Returns 0, or negative errno: then the connection is of no use any more. */
static int answer(struct connection *connection, const char *data, size_t size)
{
	_cleanup_(control_message_freep) struct json_object *request = NULL;
	const struct server_operation *operation;
	int r;

	r = control_message_parse(data, size, &request);
	if (r < 0) {
		complain(connection->server, &connection->peer, "what it sends is no request");
		(void)reply_send_failure(connection->fd, r,
					 "not a request"); /* it is let go anyway */
		return r;
	}
	operation = answer_find(&connection->server->config, request);
	if (!operation)
		return reply_send_failure(connection->fd, -EOPNOTSUPP, "no such operation");
	if (connection->peer.right < operation->right) {
		complain(connection->server, &connection->peer, "permission denied");
		return reply_send_failure(connection->fd, -EPERM, "permission denied");
	}
	r = answer_give(connection, &connection->server->config, operation, request);
	if (r == SERVER_LATER)
		connection_wait(connection, operation, TAKE_PTR(request));
	return r < 0 ? r : 0;
}

/*
 * One packet. Without a control buffer the kernel closes descriptors that came with it, and says so. Returns
 * its size, 0 at the end, or negative errno.
 */
static ssize_t receive_packet(struct connection *connection)
{
	struct iovec vector = { .iov_base = connection->server->buf,
				.iov_len = CONTROL_MESSAGE_MAX };
	struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };
	ssize_t n = recvmsg(connection->fd, &header, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return -errno;
	if (header.msg_flags & MSG_CTRUNC) {
		complain(connection->server, &connection->peer, "it sends descriptors");
		return -EBADMSG;
	}
	if (n > CONTROL_MESSAGE_MAX) {
		complain(connection->server, &connection->peer, "its request is too long");
		(void)reply_send_failure(connection->fd, -EMSGSIZE, "the request is too long");
		return -EMSGSIZE;
	}
	return n;
}

static int on_packet(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct connection *connection = userdata;
	struct server *server = connection->server;
	ssize_t n = receive_packet(connection);
	int r;

	(void)source;
	(void)fd;
	(void)revents;
	if (n == -EAGAIN || n == -EINTR)
		return 0;
	/* Who waits for a reply has nothing to say. */
	r = n > 0 && !connection->request ? answer(connection, server->buf, (size_t)n) :
					    -ECONNRESET;
	if (r < 0) {
		/* A peer that does not read what it asked for, that went away, or that makes no sense. */
		connection_free(connection);
	} else if (!connection->request) {
		connections_remove(&server->connections, connection);
		connections_append(&server->connections, connection, server_now(server));
	}
	server_arm(server);
	return 0;
}

/* ---- new connections --------------------------------------------------------------------------- */

/* Nobody but root can have more than a share, nor all together more than there are: the oldest goes. */
static void make_room(struct server *server, const struct peer *peer)
{
	unsigned int most = server->config.peers_max, share = most / SHARE, count;
	struct connection *oldest;

	if (peer->right == PEER_ALL)
		return;
	oldest = connections_find(&server->connections, peer->uid, &count);
	if (!oldest || count < (share > 0 ? share : 1)) {
		oldest = connections_find(&server->connections, (uid_t)-1, &count);
		if (count < most)
			return;
	}
	if (oldest)
		connection_free(oldest);
}

static int connection_new(struct server *server, int *fd, const struct peer *peer)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int size = 2 * CONTROL_MESSAGE_MAX, r;

	if (!connection)
		return -ENOMEM;
	r = sd_event_add_io(server->config.event, &connection->source, *fd, EPOLLIN, on_packet,
			    connection);
	if (r < 0) {
		free(connection);
		return r;
	}
	/* One whole reply must find room, whatever the system's default is; else send(2) will tell. */
	(void)setsockopt(*fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	connection->server = server;
	connection->fd = TAKE_FD(*fd);
	connection->peer = *peer;
	connection->peer.pidfd = peer_open(connection->fd, peer);
	if (connection->peer.pidfd < 0)
		connection->peer.pidfd = -1;
	connections_append(&server->connections, connection, server_now(server));
	return 0;
}

/*
 * Says so. What has come already is read, unseen, and no more can come: otherwise close(2) would be an error
 * at the other end, before the reply.
 */
static void refuse(struct server *server, int fd)
{
	(void)reply_send_failure(fd, -EPERM, "permission denied"); /* it is let go anyway */
	(void)shutdown(fd, SHUT_RD);
	for (int i = 0; i < UNREAD_MAX; i++)
		if (recv(fd, server->buf, CONTROL_MESSAGE_MAX, MSG_DONTWAIT) <= 0)
			break;
}

static void welcome(struct server *server, int *fd)
{
	struct peer peer;
	int r;

	r = peer_identify(*fd, server->config.group, &peer);
	if (r < 0) {
		complaints_say(&server->complaints, server_now(server),
			       "cannot tell who connects: %s", strerror(-r));
		return;
	}
	if (peer.right == PEER_REFUSED) {
		complain(server, &peer, "permission denied");
		refuse(server, *fd);
		return;
	}
	make_room(server, &peer);
	r = connection_new(server, fd, &peer);
	if (r < 0)
		complaints_say(&server->complaints, server_now(server),
			       "cannot take a connection: %s", strerror(-r));
}

/*
 * No descriptor left: someone's who is not root, or ours for a moment, so that the connection does not wait,
 * and wake us up, for ever.
 */
static void relieve(struct server *server)
{
	unsigned int count;
	struct connection *oldest = connections_find(&server->connections, (uid_t)-1, &count);

	if (oldest) {
		connection_free(oldest);
		return;
	}
	server->spare = fd_close(server->spare);
	fd_close(accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC));
	server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	complaints_say(&server->complaints, server_now(server), "no file descriptor left");
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct server *server = userdata;

	(void)source;
	(void)revents;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		_cleanup_close_ int one = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (one < 0 && (errno == EMFILE || errno == ENFILE))
			relieve(server);
		if (one < 0)
			break;
		welcome(server, &one);
	}
	server_arm(server);
	return 0;
}

/* ---- life -------------------------------------------------------------------------------------- */

static int server_add_sources(struct server *server)
{
	sd_event *event = server->config.event;
	int r;

	r = sd_event_add_time(event, &server->timer, CLOCK_MONOTONIC, 0, 0, on_time, server);
	if (r < 0)
		return r;
	r = sd_event_source_set_enabled(server->timer, SD_EVENT_OFF);
	if (r < 0)
		return r;
	return sd_event_add_io(event, &server->source, server->listener.fd, EPOLLIN, on_connection,
			       server);
}

static void server_configure(struct server *server, const struct server_config *config)
{
	server->config = *config;
	server->config.event = sd_event_ref(config->event);
	if (server->config.idle_ms == 0)
		server->config.idle_ms = IDLE_MS;
	if (server->config.peers_max == 0)
		server->config.peers_max = PEERS_MAX;
	server->config.path = NULL; /* the listener has it */
	server->listener = LISTENER_NONE;
	server->complaints.about = "control socket";
	server->spare = -1;
}

int server_new(struct server **ret, const struct server_config *config)
{
	_cleanup_(server_freep) struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return -ENOMEM;
	server_configure(server, config);
	server->buf = malloc(CONTROL_MESSAGE_MAX);
	if (!server->buf)
		return -ENOMEM;
	server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (server->spare < 0)
		return -errno;
	r = listener_open(&server->listener, config->path, config->group);
	if (r < 0)
		return r;
	r = server_add_sources(server);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(server);
	return 0;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	while (server->connections.oldest)
		connection_free(server->connections.oldest);
	while (server->waiting.oldest)
		connection_free(server->waiting.oldest);
	sd_event_source_disable_unref(server->source);
	sd_event_source_disable_unref(server->timer);
	sd_event_unref(server->config.event);
	listener_close(&server->listener);
	fd_close(server->spare);
	free(server->buf);
	free(server);
}

void server_freep(struct server **server)
{
	server_free(*server);
}
