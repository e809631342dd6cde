/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/envelope.h"

#include <string.h>

#include "base/buffer.h"

int envelope_prepare(struct json *json, struct session *session, const struct host *host)
{
	struct buffer *members = &session->members;
	int r;

	members->size = 0;
	json_begin(json, members);
	json_string(json, "login", bytes_of(session->login));
	json_string(json, "user", bytes_of(session->user));
	json_string(json, "server_hostname", bytes_of(host->name));
	json_string(json, "server_id", bytes_of(host->id));
	json_uint(json, "schema_version", ENVELOPE_SCHEMA_VERSION);
	if (json->error < 0)
		return json->error;
	buffer_consume(members, 1); /* the brace */
	session->members_raw.size = 0;
	r = buffer_append(&session->members_raw, json->raw.data, json->raw.size);
	json->raw.size = 0;
	return r;
}

void envelope_common(struct json *json, const char *event, struct clock_text *clock,
		     int64_t realtime_ns, const struct session *session)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format(clock, realtime_ns, time);
	json_plain(json, "event", event);
	json_put_plain(json, bytes_of("time"), (struct bytes){ time, sizeof(time) });
	json_put_plain(json, bytes_of("sid"), (struct bytes){ session->sid, UUID_SIZE - 1 });
	json_uint(json, "ei", session->ei);
	json_members(json, (struct bytes){ session->members.data, session->members.size },
		     (struct bytes){ session->members_raw.data, session->members_raw.size });
}

void envelope_task(struct json *json, const struct wire_task *task, const struct record_part *exe)
{
	json_uint(json, "pid", task->pid);
	json_uint(json, "ppid", task->ppid);
	json_uint(json, "tid", task->tid);
	json_uint(json, "uid", task->uid);
	json_uint(json, "euid", task->euid);
	json_uint(json, "gid", task->gid);
	json_uint(json, "auid", task->auid);
	json_string(json, "program", bytes_of(task->comm));
	json_path(json, "exe", exe);
	json_uint(json, "cgroup_id", task->cgroup_id);
}
