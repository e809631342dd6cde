/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.privilege: a task got rights that it did not have.
 */
#include <stdio.h>

#include "probes/members.h"
#include "probes/probes.h"
#include "record/names.h"

/* The machine's own user namespace: PROC_USER_INIT_INO of the kernel. */
#define INITIAL_USER_NS 0xEFFFFFFDU

enum {
	CAPABILITIES = 64,
	NAME_SIZE = 16, /* "cap_63" and a NUL */
};

static void encode_ids(struct json *json, const char *key, const struct wire_rights *rights)
{
	json_object_begin(json, key);
	json_uint(json, "uid", rights->uid);
	json_uint(json, "euid", rights->euid);
	json_uint(json, "suid", rights->suid);
	json_uint(json, "fsuid", rights->fsuid);
	json_uint(json, "gid", rights->gid);
	json_uint(json, "egid", rights->egid);
	json_uint(json, "sgid", rights->sgid);
	json_uint(json, "fsgid", rights->fsgid);
	json_object_end(json);
}

/* Those that the task may use now, or may begin to use, and could not before. */
static void encode_capabilities(struct json *json, const struct wire_privilege *privilege)
{
	uint64_t gained = (privilege->after.permitted & ~privilege->before.permitted) |
			  (privilege->after.effective & ~privilege->before.effective);
	char number[NAME_SIZE];

	if (gained == 0)
		return;
	json_array_begin(json, "capabilities_gained");
	for (unsigned int i = 0; i < CAPABILITIES; i++) {
		const char *name = names_capability(i);

		if (!(gained >> i & 1))
			continue;
		if (!name) {
			snprintf(number, sizeof(number), "cap_%u", i);
			name = number;
		}
		json_plain(json, NULL, name);
	}
	json_array_end(json);
}

static void encode_privilege(struct json *json, const struct probe_input *input)
{
	static const char *const operations[WIRE_PRIVILEGE_OPERATIONS] = {
		[WIRE_PRIVILEGE_EXEC] = "exec",
		[WIRE_PRIVILEGE_SETID] = "setid",
		[WIRE_PRIVILEGE_CAPSET] = "capset",
		[WIRE_PRIVILEGE_USER_NAMESPACE] = "user_namespace",
	};
	const struct wire_privilege *privilege = input->record->privilege;
	const char *call = names_call(privilege->call);

	if (privilege->operation < WIRE_PRIVILEGE_OPERATIONS)
		json_plain(json, "operation", operations[privilege->operation]);
	if (call)
		json_plain(json, "call", call);
	encode_ids(json, "before", &privilege->before);
	encode_ids(json, "after", &privilege->after);
	encode_capabilities(json, privilege);
	if (privilege->after.user_ns != INITIAL_USER_NS)
		json_uint(json, "user_namespace", privilege->after.user_ns);
}

const struct probe probe_privilege = {
	.event = "session.privilege",
	.fixed_size = sizeof(struct wire_privilege),
	.encode = encode_privilege,
};
