/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to its reply. */
#ifndef SESHAT_DAEMON_ANSWER_H
#define SESHAT_DAEMON_ANSWER_H

#include "daemon/connections.h"
#include "daemon/server.h"

struct json_object;

/* The operation that is asked for, or NULL. */
const struct server_operation *answer_find(const struct server_config *config,
					   struct json_object *request);

/*
 * Does it, and replies. Returns 0, SERVER_LATER when there is no reply yet, or negative errno: then the connection is of no
 * use any more.
 */
int answer_give(struct connection *connection, const struct server_config *config,
		const struct server_operation *operation, struct json_object *request);

#endif
