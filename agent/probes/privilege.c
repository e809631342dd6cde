/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.privilege: a task got rights that it did not have.
 */
#include "probes/members.h"
#include "probes/probes.h"

static void encode_privilege(struct json *json, const struct probe_input *input)
{
	const struct wire_privilege *privilege = input->record->privilege;

	json_uint(json, "operation", privilege->operation);
}

const struct probe probe_privilege = {
	.event = "session.privilege",
	.fixed_size = sizeof(struct wire_privilege),
	.encode = encode_privilege,
};
