/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.ptrace: a task reached into another process.
 */
#include "probes/members.h"
#include "probes/probes.h"

static void encode_ptrace(struct json *json, const struct probe_input *input)
{
	const struct wire_ptrace *ptrace = input->record->ptrace;

	json_uint(json, "operation", ptrace->operation);
}

const struct probe probe_ptrace = {
	.event = "session.ptrace",
	.fixed_size = sizeof(struct wire_ptrace),
	.encode = encode_ptrace,
};
