/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.logout: the login is over, and processes of the session live on.
 */
#include "probes/probes.h"

static void encode_logout(struct json *json, const struct probe_input *input)
{
	const struct session_logout *event = input->event;

	json_string(json, "reason", bytes_of(event->reason));
	json_uint(json, "processes", event->processes);
}

const struct probe probe_logout = {
	.event = "session.logout",
	.encode = encode_logout,
};
