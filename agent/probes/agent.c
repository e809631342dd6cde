/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.start, agent.stop, agent.config: the agent's own life.
 */
#include "probes/members.h"
#include "probes/probes.h"

static void encode_agent_start(struct json *json, const struct probe_input *input)
{
	const struct agent_start *event = input->event;

	json_string(json, "version", bytes_of(event->version));
	json_uint(json, "pid", event->pid);
	json_string(json, "strategy", bytes_of(event->strategy));
	members_text(json, "strategy_reason", event->strategy_reason);
	json_string(json, "kernel", bytes_of(event->kernel));
	members_text(json, "config", event->config);
	members_names(json, "capabilities", event->capabilities, event->capabilities_count);
	members_names(json, "sinks", event->sinks, event->sinks_count);
	members_probes(json, &event->probes);
	json_uint(json, "sessions", event->sessions);
	if (event->gap)
		json_boolean(json, "gap", true);
}

static void encode_agent_stop(struct json *json, const struct probe_input *input)
{
	const struct agent_stop *event = input->event;

	json_string(json, "reason", bytes_of(event->reason));
	json_uint(json, "uptime_ns", event->uptime_ns);
	json_uint(json, "sessions", event->sessions);
	json_uint(json, "records", event->records);
	json_uint(json, "lost", event->lost);
}

static void encode_agent_config(struct json *json, const struct probe_input *input)
{
	const struct agent_config *event = input->event;

	json_array_begin(json, "changes");
	for (size_t i = 0; i < event->changes_count; i++) {
		const struct config_change *change = &event->changes[i];

		json_object_begin(json, NULL);
		json_string(json, "key", bytes_of(change->key));
		json_string(json, "from", bytes_of(change->from));
		json_string(json, "to", bytes_of(change->to));
		json_boolean(json, "in_force", change->live);
		json_object_end(json);
	}
	json_array_end(json);
}

const struct probe probe_agent_start = {
	.event = "agent.start",
	.encode = encode_agent_start,
};

const struct probe probe_agent_stop = {
	.event = "agent.stop",
	.encode = encode_agent_stop,
};

const struct probe probe_agent_config = {
	.event = "agent.config",
	.encode = encode_agent_config,
};
