/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.ptrace: a task reached into another process.
 */
#include <string.h>

#include "probes/members.h"
#include "probes/probes.h"

/* Whose process it is: one of the same session, of another one, or of none. */
static void encode_target_session(struct json *json, const struct probe_input *input,
				  uint64_t target_session)
{
	bool same = target_session == input->record->header->session;
	const struct session *session = NULL;

	json_boolean(json, "target_in_session", same);
	if (!same && target_session != 0 && input->sessions)
		session = session_table_find(input->sessions, target_session);
	if (session)
		json_plain(json, "target_sid", session->sid);
}

static void encode_target(struct json *json, const struct wire_ptrace *ptrace)
{
	const char *comm = ptrace->target_comm;

	if (ptrace->target_pid != 0)
		json_uint(json, "target_pid", ptrace->target_pid);
	if (!(ptrace->notes & WIRE_PTRACE_TARGET))
		return;
	if (ptrace->target_tid != ptrace->target_pid)
		json_uint(json, "target_tid", ptrace->target_tid);
	json_uint(json, "target_uid", ptrace->target_uid);
	json_string(json, "target_program",
		    (struct bytes){ .data = comm, .size = strnlen(comm, WIRE_COMM_SIZE) });
}

static void encode_ptrace(struct json *json, const struct probe_input *input)
{
	static const char *const operations[WIRE_PTRACE_OPERATIONS] = {
		[WIRE_PTRACE_ATTACH] = "attach",      [WIRE_PTRACE_SEIZE] = "seize",
		[WIRE_PTRACE_TRACEME] = "traceme",    [WIRE_PTRACE_READ] = "read_memory",
		[WIRE_PTRACE_WRITE] = "write_memory",
	};
	const struct wire_ptrace *ptrace = input->record->ptrace;
	uint32_t named = ptrace->target_tid ? ptrace->target_tid : ptrace->target_pid;

	if (ptrace->operation < WIRE_PTRACE_OPERATIONS)
		json_plain(json, "operation", operations[ptrace->operation]);
	encode_target(json, ptrace);
	if (ptrace->operation != WIRE_PTRACE_TRACEME && ptrace->requested != named)
		json_int(json, "requested_pid", (int32_t)ptrace->requested);
	if (ptrace->notes & WIRE_PTRACE_SESSION)
		encode_target_session(json, input, ptrace->target_session);
	json_int(json, "return_code", ptrace->return_code);
}

const struct probe probe_ptrace = {
	.event = "session.ptrace",
	.fixed_size = sizeof(struct wire_ptrace),
	.encode = encode_ptrace,
};
