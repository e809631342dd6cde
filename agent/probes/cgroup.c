/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.cgroup: a task was moved out of the session's cgroup.
 */
#include "probes/probes.h"

static void encode_path(struct json *json, const char *key, struct bytes path)
{
	if (path.size > 0)
		json_string(json, key, path);
}

static void encode_cgroup(struct json *json, const struct probe_input *input)
{
	const struct record *record = input->record;
	const struct wire_cgroup *cgroup = record->cgroup;

	encode_path(json, "from", enrich_cgroup(input->enricher, cgroup->from));
	encode_path(json, "to", enrich_cgroup(input->enricher, cgroup->to));
	if (cgroup->mover != 0 && cgroup->mover != record->header->task.pid)
		json_uint(json, "mover_pid", cgroup->mover);
}

const struct probe probe_cgroup = {
	.event = "session.cgroup",
	.fixed_size = sizeof(struct wire_cgroup),
	.encode = encode_cgroup,
};
