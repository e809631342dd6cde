/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.start: a session begins.
 */
#include "probes/members.h"
#include "probes/probes.h"

enum {
	AUDIT_SESSION_UNSET = -1, /* as the kernel has it: all bits set */
};

static void encode_start(struct json *json, const struct probe_input *input)
{
	const struct session_start *start = input->event;

	json_string(json, "service", bytes_of(start->service));
	json_string(json, "version", bytes_of(start->version));
	if (start->interactive >= 0)
		json_boolean(json, "interactive", start->interactive > 0);
	members_connection(json, start->connection);
	members_text(json, "rhost", start->rhost);
	members_text(json, "tty", start->tty);
	members_auth(json, start->auth);
	json_uint(json, "leader_pid", start->leader_pid);
	members_text(json, "cgroup_path", start->cgroup_path);
	if (start->audit_session_id != (uint32_t)AUDIT_SESSION_UNSET)
		json_uint(json, "audit_session_id", start->audit_session_id);
	members_text(json, "logind_session", start->logind_session);
	json_string(json, "strategy", bytes_of(start->strategy));
	members_text(json, "strategy_reason", start->strategy_reason);
	json_string(json, "kernel", bytes_of(start->kernel));
	members_probes(json, &start->probes);
}

const struct probe probe_start = {
	.event = "session.start",
	.encode = encode_start,
};
