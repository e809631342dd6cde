/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reply.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <json-c/json.h>

#include "base/cleanup.h"
#include "control/message.h"

int reply_send(int fd, struct json_object *reply)
{
	const char *text;
	size_t size;
	int r;

	r = control_message_text(reply, &text, &size);
	if (r < 0)
		return r;
	return send(fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int reply_send_failure(int fd, int error, const char *text)
{
	_cleanup_(control_message_freep) struct json_object *reply = json_object_new_object();
	const char *name = strerrorname_np(-error), *words = strerrordesc_np(-error);
	int r;

	if (!reply)
		return -ENOMEM;
	if (!text)
		text = words ? words : "failed";
	r = control_add(reply, "ok", json_object_new_boolean(false));
	if (r == 0)
		r = control_add_string(reply, "error", text);
	if (r == 0)
		r = control_add_string(reply, "errno", name ? name : "EIO");
	return r < 0 ? r : reply_send(fd, reply);
}
