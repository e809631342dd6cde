/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.start: a session begins.
 */
#include "probes/probes.h"

enum {
	AUDIT_SESSION_UNSET = -1, /* as the kernel has it: all bits set */
};

static void encode_probes(struct json *json, const struct session_start *start)
{
	json_array_begin(json, "probes");
	for (size_t i = 0; i < start->probes_count; i++)
		json_string(json, NULL, bytes_of(start->probes[i]));
	json_array_end(json);
	if (start->missing_count == 0)
		return;
	json_array_begin(json, "probes_missing");
	for (size_t i = 0; i < start->missing_count; i++) {
		json_object_begin(json, NULL);
		json_string(json, "probe", bytes_of(start->missing[i].probe));
		json_string(json, "reason", bytes_of(start->missing[i].reason));
		json_object_end(json);
	}
	json_array_end(json);
}

static void encode_start(struct json *json, const struct probe_input *input)
{
	const struct session_start *start = input->event;

	json_string(json, "service", bytes_of(start->service));
	json_string(json, "version", bytes_of(start->version));
	json_boolean(json, "interactive", start->interactive);
	json_uint(json, "leader_pid", start->leader_pid);
	json_string(json, "cgroup_path", bytes_of(start->cgroup_path));
	if (start->audit_session_id != (uint32_t)AUDIT_SESSION_UNSET)
		json_uint(json, "audit_session_id", start->audit_session_id);
	json_string(json, "strategy", bytes_of(start->strategy));
	json_string(json, "kernel", bytes_of(start->kernel));
	encode_probes(json, start);
}

const struct probe probe_start = {
	.event = "session.start",
	.encode = encode_start,
};
