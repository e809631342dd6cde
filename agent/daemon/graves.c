/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/graves.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/state.h"

enum {
	RETRY_US = 2000,
	RETRY_ACCURACY_US = 1000,
	TRIES = 500, /* a second in all */
};

struct cgroup_grave {
	struct cgroup cgroup; /* owned */
	unsigned int tries;
	struct cgroup_grave *next; /* owned */
};

/* Removes it if that can be done; true when there is nothing left to be done about it. */
static bool grave_try(struct cgroup_grave *grave)
{
	int r = cgroup_try_remove(&grave->cgroup);

	if (r == -EBUSY && ++grave->tries < TRIES)
		return false;
	if (r < 0)
		log_warning("cannot remove the cgroup %s: %s, ignoring", grave->cgroup.path,
			    strerror(-r));
	return true;
}

static int graves_visit(sd_event_source *source, uint64_t usec, void *userdata);

static void graves_schedule(struct agent *agent)
{
	int r;

	if (!agent->sessions.graves)
		return;
	if (!agent->sessions.mourning)
		r = sd_event_add_time_relative(agent->event, &agent->sessions.mourning,
					       CLOCK_MONOTONIC, RETRY_US, RETRY_ACCURACY_US,
					       graves_visit, agent);
	else
		r = sd_event_source_set_time_relative(agent->sessions.mourning, RETRY_US);
	if (r >= 0)
		r = sd_event_source_set_enabled(agent->sessions.mourning, SD_EVENT_ONESHOT);
	if (r < 0)
		log_warning("cannot come back to remove cgroups: %s, ignoring", strerror(-r));
}

static int graves_visit(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *agent = userdata;
	struct cgroup_grave **at = &agent->sessions.graves;

	(void)source, (void)usec;
	while (*at) {
		struct cgroup_grave *grave = *at;

		if (!grave_try(grave)) {
			at = &grave->next;
			continue;
		}
		*at = grave->next;
		cgroup_release(&grave->cgroup);
		free(grave);
	}
	graves_schedule(agent);
	return 0;
}

void graves_bury(struct agent *agent, struct cgroup *cgroup)
{
	struct cgroup_grave *grave;

	if (cgroup->fd < 0 || cgroup->found || cgroup_try_remove(cgroup) != -EBUSY) {
		cgroup_release(cgroup);
		return;
	}
	grave = calloc(1, sizeof(*grave));
	if (!grave) {
		cgroup_release(cgroup); /* the next sweep removes it */
		return;
	}
	grave->cgroup = *cgroup;
	*cgroup = CGROUP_NONE;
	grave->next = agent->sessions.graves;
	agent->sessions.graves = grave;
	graves_schedule(agent);
}

void graves_free(struct agent *agent)
{
	struct cgroup_grave *grave;

	while ((grave = agent->sessions.graves)) {
		agent->sessions.graves = grave->next;
		(void)cgroup_remove(&grave->cgroup, 100);
		free(grave);
	}
	agent->sessions.mourning = sd_event_source_disable_unref(agent->sessions.mourning);
}
