/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: who may ask what, and nobody can make the agent wait.
 *
 * Sockets never block, a peer that says nothing is let go after a while, and one that does not read its
 * replies at once. One user's connections cannot keep the others out, nor root.
 */
#ifndef SESHAT_DAEMON_SERVER_H
#define SESHAT_DAEMON_SERVER_H

#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/peer.h"

struct json_object;
struct server;

enum {
	SERVER_LATER = 1,
};

struct server_operation {
	const char *name;
	enum peer_right right; /* at least that is needed */
	/*
	 * Does it. The request is borrowed; members go into the reply, to which "ok" is added afterwards.
	 * Returns 0, or negative errno: then the reply says so, with the "error" that this has put there, or
	 * what strerror(3) has to say; or SERVER_LATER: there is no reply until it is called again, by
	 * server_retry(), and returns something else. Only root's operations may do that.
	 */
	int (*run)(void *userdata, const struct peer *peer, struct json_object *request,
		   struct json_object *reply);
};

struct server_config {
	const char *path; /* of the socket; copied */
	gid_t group;	  /* whose members are PEER_READ; (gid_t)-1: nobody's */
	sd_event *event;  /* referenced */
	const struct server_operation *operations; /* borrowed, must outlive the server */
	size_t operations_count;
	void *userdata;		/* of the operations; borrowed */
	unsigned int idle_ms;	/* a peer silent for that long is let go; 0: 10 s */
	unsigned int peers_max; /* at a time, root's not counted; 0: 256 */
};

/*
 * Listens at the path (see listener_open() for who may connect), replacing what a dead agent has left there; its directory is made when it
 * is missing (0755). Nothing is read before the event loop runs. Returns 0, -EADDRINUSE when another agent
 * lives there, or another negative errno.
 */
int server_new(struct server **ret, const struct server_config *config);

/* Calls again the operations that were for later. NULL is allowed. */
void server_retry(struct server *server);

/* Lets all peers go and removes the socket. NULL is allowed. */
void server_free(struct server *server);

/* For _cleanup_. */
void server_freep(struct server **server);

#endif
