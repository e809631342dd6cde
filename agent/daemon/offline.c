/* SPDX-License-Identifier: Apache-2.0 */
/* What is done while no agent runs. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "daemon/state.h"

int agent_check_config(const struct agent_options *options)
{
	_cleanup_(config_free) struct config config = { 0 };
	int r = agent_config_read(options, &config);

	if (r < 0)
		return r == -EINVAL ? AGENT_CONFIG : AGENT_FAILED;
	return AGENT_OK;
}

int agent_detach(const struct agent_options *options)
{
	_cleanup_(config_free) struct config config = { 0 };
	_cleanup_free_ char *directory = NULL;
	struct agent agent = { .options = *options, .group = (gid_t)-1, .pin_lock = -1 };
	int r = agent_config_read(options, &config);

	if (r < 0)
		return r == -EINVAL ? AGENT_CONFIG : AGENT_FAILED;
	agent.config = config;
	r = sd_event_new(&agent.event);
	if (r >= 0)
		r = agent_serve(&agent); /* whoever has the socket is the agent */
	if (r >= 0)
		r = agent_handover_directory(&config, &directory);
	if (r >= 0)
		r = agent_lock_pins(&agent);
	if (r >= 0) {
		if (agent.pin) {
			(void)loader_drop_pins(agent.pin);
			(void)rmdir(agent.pin); /* nobody waits for it: the socket is ours */
		}
		handover_clear(directory);
		cgroup_sweep();
	}
	server_free(agent.server);
	sd_event_unref(agent.event);
	fd_close(agent.pin_lock);
	return r < 0 ? AGENT_FAILED : AGENT_OK;
}
