/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.kernel: code was loaded into the kernel, or removed from it.
 */
#include "probes/members.h"
#include "probes/probes.h"
#include "record/names.h"

static void encode_bpf(struct json *json, const struct wire_kernel *kernel)
{
	const char *type = names_bpf_type(kernel->type);

	json_uint(json, "program_type", kernel->type);
	if (type)
		json_plain(json, "program_type_name", type);
	if (kernel->id != 0)
		json_uint(json, "program_id", kernel->id);
}

static void encode_kernel(struct json *json, const struct probe_input *input)
{
	static const char *const operations[WIRE_KERNEL_OPERATIONS] = {
		[WIRE_KERNEL_MODULE_LOAD] = "module_load",
		[WIRE_KERNEL_MODULE_UNLOAD] = "module_unload",
		[WIRE_KERNEL_KEXEC] = "kexec",
		[WIRE_KERNEL_BPF_LOAD] = "bpf_load",
	};
	const struct record *record = input->record;
	const struct wire_kernel *kernel = record->kernel;
	struct bytes path = record_bytes(record, WIRE_PART_PATH);
	struct bytes name = record_bytes(record, WIRE_PART_NAME);

	if (kernel->operation < WIRE_KERNEL_OPERATIONS)
		json_plain(json, "operation", operations[kernel->operation]);
	json_path(json, "path", &record->parts[WIRE_PART_PATH]);
	if (name.size > 0)
		json_string(json, "name", name);
	if (kernel->operation == WIRE_KERNEL_BPF_LOAD)
		encode_bpf(json, kernel);
	if (kernel->flags != 0)
		json_uint(json, "flags", kernel->flags);
	json_int(json, "return_code", kernel->return_code);
	if (path.size > 0)
		members_file(json, kernel->inode, kernel->dev);
}

const struct probe probe_kernel = {
	.event = "session.kernel",
	.fixed_size = sizeof(struct wire_kernel),
	.encode = encode_kernel,
};
