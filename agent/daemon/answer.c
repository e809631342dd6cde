/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/answer.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/message.h"
#include "daemon/reply.h"

/* What an operation had to say of its failure; borrowed. */
static const char *failure_text(struct json_object *reply)
{
	struct json_object *text = NULL;

	if (!json_object_object_get_ex(reply, "error", &text) ||
	    !json_object_is_type(text, json_type_string))
		return NULL;
	return json_object_get_string(text);
}

const struct server_operation *answer_find(const struct server_config *config,
					   struct json_object *request)
{
	struct json_object *name = NULL;

	if (!json_object_object_get_ex(request, "op", &name) ||
	    !json_object_is_type(name, json_type_string))
		return NULL;
	for (size_t i = 0; i < config->operations_count; i++)
		if (strcmp(config->operations[i].name, json_object_get_string(name)) == 0)
			return &config->operations[i];
	return NULL;
}

int answer_give(struct connection *connection, const struct server_config *config,
		const struct server_operation *operation, struct json_object *request)
{
	_cleanup_(control_message_freep) struct json_object *reply = json_object_new_object();
	int r;

	if (!reply)
		return -ENOMEM;
	/* First, as it is the first that a reader looks for. */
	r = control_add(reply, "ok", json_object_new_boolean(true));
	if (r < 0)
		return r;
	r = operation->run(config->userdata, &connection->peer, request, reply);
	if (r == SERVER_LATER)
		return r;
	if (r < 0)
		return reply_send_failure(connection->fd, r, failure_text(reply));
	r = reply_send(connection->fd, reply);
	return r == -EMSGSIZE ? reply_send_failure(connection->fd, r, "the reply is too long") : r;
}
