/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own life: a log beside those of the sessions, with a sid and indexes of its own. */
#include <errno.h>

#include "base/cleanup.h"
#include "pipeline/state.h"

int pipeline_agent_start(struct pipeline *pipeline, const char *sid,
			 const struct agent_start *event)
{
	_cleanup_(session_freep) struct session *agent = NULL;
	uint64_t now = pipeline_now(pipeline);
	int r;

	if (pipeline->agent)
		return -EEXIST;
	r = session_new(&agent, &(struct session_start){
					.time = now, .sid = sid, .login = "root", .user = "root" });
	if (r < 0)
		return r;
	r = line_prepare(&pipeline->line, agent, &pipeline->config.host);
	if (r < 0)
		return r;
	r = pipeline_say(pipeline, agent, EVENT_AGENT_START, now, event);
	if (r < 0)
		return r;
	pipeline->agent = TAKE_PTR(agent);
	return 0;
}

int pipeline_agent_config(struct pipeline *pipeline, const struct agent_config *event)
{
	if (!pipeline->agent)
		return -ENOENT;
	return pipeline_say(pipeline, pipeline->agent, EVENT_AGENT_CONFIG, pipeline_now(pipeline),
			    event);
}

int pipeline_agent_stop(struct pipeline *pipeline, const struct agent_stop *event)
{
	int r;

	if (!pipeline->agent)
		return -ENOENT;
	(void)pipeline_flush_sinks(pipeline); /* makes room, if it can */
	(void)pipeline_tell(pipeline, pipeline->agent);
	r = pipeline_say(pipeline, pipeline->agent, EVENT_AGENT_STOP, pipeline_now(pipeline),
			 event);
	session_free(pipeline->agent);
	pipeline->agent = NULL;
	return r;
}
