/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.switch: su, sudo or login inside the session.
 */
#include "probes/members.h"
#include "probes/probes.h"

static void encode_switch(struct json *json, const struct probe_input *input)
{
	const struct session_switch *event = input->event;

	members_text(json, "service", event->service);
	members_text(json, "from", event->from);
	members_text(json, "to", event->to);
	members_text(json, "tty", event->tty);
	json_uint(json, "pid", event->pid);
	members_text(json, "program", event->program);
	members_text(json, "exe", event->exe);
	members_connection(json, event->connection);
	members_auth(json, event->auth);
}

const struct probe probe_switch = {
	.event = "session.switch",
	.encode = encode_switch,
};
