/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.kernel: code was loaded into the kernel, or removed.
 */
#include "probes/members.h"
#include "probes/probes.h"

static void encode_kernel(struct json *json, const struct probe_input *input)
{
	const struct wire_kernel *kernel = input->record->kernel;

	json_uint(json, "operation", kernel->operation);
}

const struct probe probe_kernel = {
	.event = "session.kernel",
	.fixed_size = sizeof(struct wire_kernel),
	.encode = encode_kernel,
};
