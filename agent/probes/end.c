/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.end: a session is over.
 */
#include <string.h>

#include "probes/members.h"
#include "probes/probes.h"

enum {
	END_PIDS = 100, /* at most so many are named */
};

static void encode_processes(struct json *json, const struct session_end *end)
{
	json_uint(json, "processes", end->processes);
	json_array_begin(json, "pids");
	for (size_t i = 0; i < end->pids_count && i < END_PIDS; i++)
		json_uint(json, NULL, end->pids[i]);
	json_array_end(json);
}

static void encode_end(struct json *json, const struct probe_input *input)
{
	const struct session *session = input->session;
	const struct session_end *end = input->event;
	uint64_t written = session_written(session), numbered = end->losses.numbered;
	uint64_t records[EVENT_KINDS];

	memcpy(records, session->records, sizeof(records));
	records[EVENT_END]++;
	json_uint(json, "duration_ns",
		  end->time > session->start_time ? end->time - session->start_time : 0);
	members_counts(json, "records", records, EVENT_KINDS, 0);
	json_uint(json, "lost", numbered > written ? numbered - written : 0);
	json_uint(json, "numbered", numbered);
	if (end->processes > 0)
		encode_processes(json, end);
}

const struct probe probe_end = {
	.event = "session.end",
	.encode = encode_end,
};
