/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of the control socket, in the order of their last sign of life.
 */
#ifndef SESHAT_DAEMON_CONNECTIONS_H
#define SESHAT_DAEMON_CONNECTIONS_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/peer.h"

struct json_object;
struct server;
struct server_operation;

struct connection {
	struct server *server;		/* borrowed */
	struct connection *prev, *next; /* of struct connections */
	int fd;				/* owned */
	sd_event_source *source;	/* owned */
	struct peer peer;		/* its pidfd is owned */
	uint64_t last;			/* its last sign of life, CLOCK_MONOTONIC, microseconds */
	/* What it still waits for the reply of, or NULL. */
	const struct server_operation *operation; /* borrowed */
	struct json_object *request;		  /* owned */
};

/* Zeroed to begin with. The connections are borrowed. */
struct connections {
	struct connection *oldest, *newest;
};

/* Puts one that is in no list at the end. */
void connections_append(struct connections *connections, struct connection *connection,
			uint64_t now);

/* Takes it out of the list that it is in. */
void connections_remove(struct connections *connections, struct connection *connection);

/*
 * The oldest that is not root's, or NULL, and how many there are of those: of that user's only, or of all
 * for (uid_t)-1.
 */
struct connection *connections_find(const struct connections *connections, uid_t uid,
				    unsigned int *ret_count);

#endif
