/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.file: a name or a mount was made, removed or moved.
 */
#include "probes/members.h"
#include "probes/probes.h"

static void encode_file(struct json *json, const struct probe_input *input)
{
	const struct wire_file *file = input->record->file;

	json_uint(json, "operation", file->operation);
}

const struct probe probe_file = {
	.event = "session.file",
	.fixed_size = sizeof(struct wire_file),
	.encode = encode_file,
};
