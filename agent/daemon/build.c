/* SPDX-License-Identifier: Apache-2.0 */
/* How the agent is built, step by step. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/state.h"
#include "kernel/features.h"
#include "kernel/preflight.h"

enum {
	PRIORITY = -10, /* a machine at its limit is no reason to lose records */
};

/* Each session holds two descriptors: its leader and its cgroup. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	/* In a service it may be set already, and then the capability is not there. */
	if (getpriority(PRIO_PROCESS, 0) > PRIORITY && setpriority(PRIO_PROCESS, 0, PRIORITY) < 0)
		log_warning("cannot raise the priority: %s, ignoring", strerror(errno));
}

static gid_t find_group(const char *name)
{
	const struct group *group = getgrnam(name);

	if (!group)
		log_warning("there is no group %s: only root may read the log and ask the agent",
			    name);
	return group ? group->gr_gid : (gid_t)-1;
}

/* What it needs to know of the machine before anything else. */
static int find_machine(struct agent *agent)
{
	char reason[PREFLIGHT_REASON_SIZE];
	int r;

	if (preflight_check(reason) != PREFLIGHT_OK) {
		log_error("%s", reason);
		return -EOPNOTSUPP;
	}
	if (!features_initial_pids()) {
		log_error(
			"the agent must run in the initial pid namespace: others have other pids");
		return -EOPNOTSUPP;
	}
	r = cgroup_find_mount(&agent->cgroup_mount);
	if (r < 0) {
		log_error(
			"no cgroup v2 hierarchy is mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
		return r;
	}
	agent->cgroup_root = open(agent->cgroup_mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (agent->cgroup_root < 0 || uname(&agent->kernel) < 0) {
		log_error("cannot open %s: %s", agent->cgroup_mount, strerror(errno));
		return -errno;
	}
	return 0;
}

static int path_of_cgroup(uint64_t id, char *buf, size_t size, void *userdata)
{
	const struct agent *agent = userdata;

	return cgroup_path_of(agent->cgroup_mount, id, buf, size);
}

static int build_pipeline(struct agent *agent)
{
	struct pipeline_config piping = { .cgroup_path = path_of_cgroup, .userdata = agent };
	int r = host_identify(&piping.host);

	if (r < 0) {
		log_error("cannot tell which machine this is: %s", strerror(-r));
		return r;
	}
	r = pipeline_new(&agent->pipeline, &piping);
	if (r < 0) {
		log_error("cannot set up the way of the records: %s", strerror(-r));
		return r;
	}
	return agent_outputs_open(agent);
}

int agent_serve(struct agent *agent)
{
	struct server_config serving = {
		.path = agent->config.agent.socket,
		.group = agent->group,
		.event = agent->event,
		.operations = agent_operations,
		.operations_count = agent_operations_count,
		.userdata = agent,
	};
	int r = server_new(&agent->server, &serving);

	if (r == -EADDRINUSE)
		log_error("another agent listens at %s", serving.path);
	else if (r < 0)
		log_error("cannot listen at %s: %s", serving.path, strerror(-r));
	return r;
}

/* The directory below the state directory that is the agent's own: whatever else is there is not its to remove. */
int agent_handover_directory(const struct config *config, char **ret)
{
	char *path;

	/* What is wrong with it, shows below it. */
	(void)mkdir(config->agent.state, 0755);
	if (asprintf(&path, "%s/sessions", config->agent.state) < 0)
		return -ENOMEM;
	*ret = path;
	return 0;
}

static int by_age(const struct agent_session *a, const struct agent_session *b)
{
	return a->key < b->key ? -1 : a->key > b->key;
}

static bool is_known(void *userdata, uint64_t key)
{
	return agent_session_by_key(userdata, key) != NULL;
}

/* Sessions that the probes know and nothing is kept of: the other agent ended while it opened them, or the files are lost. */
static void forget_others(struct agent *agent)
{
	int r = scope_prune(agent->loader, is_known, agent);

	if (r < 0)
		log_warning("cannot look through the probes' sessions: %s, ignoring", strerror(-r));
	if (r > 0)
		log_error(
			"%d sessions are known to the probes alone: they are not recorded any more",
			r);
}

/* Sessions that another agent has opened; without any, what is pinned is of no use. */
static int build_sessions(struct agent *agent)
{
	_cleanup_free_ char *directory = NULL;
	int r = agent_handover_directory(&agent->config, &directory);

	/* No agent since the machine's start has given these. */
	agent->sessions.next_key = clock_boottime_ns();
	if (r < 0)
		return r;
	r = handover_new(&agent->handover, directory);
	if (r == 0)
		r = handover_resume(agent->handover, agent);
	if (r < 0) /* a full /run is no reason to leave logins unrecorded */
		log_error("cannot use %s: %s; sessions that are open will not outlive a restart",
			  directory, strerror(-r));
	HASH_SRT(by_key, agent->sessions.by_key, by_age);
	forget_others(agent);
	if (agent->sessions.open == 0)
		agent_detach_idle(agent);
	r = agent_attach_early(agent);
	if (r < 0)
		return r;
	if (loader_replace(agent->loader))
		log_warning("removed the probes of another version");
	cgroup_sweep();
	return 0;
}

static int drop_privileges(struct agent *agent)
{
	int r = daemon_caps_drop();

	if (r >= 0)
		r = daemon_caps_list(agent->caps);
	if (r < 0) {
		log_error("cannot give up privileges: %s", strerror(-r));
		return r;
	}
	agent->caps_count = (size_t)r;
	return 0;
}

static int build_event(struct agent *agent)
{
	int r = sd_event_new(&agent->event);

	if (r >= 0)
		r = sd_event_set_watchdog(agent->event, true);
	if (r >= 0)
		r = agent_watch_signals(agent);
	if (r < 0)
		log_error("cannot set up the event loop: %s", strerror(-r));
	return r;
}

/*
 * The order is that of need. Who has the socket is the agent, so that comes before anything is touched; what is asked there is
 * answered by the event loop, once all of it stands.
 */
int agent_build(struct agent *agent)
{
	int (*const steps[])(struct agent * agent) = {
		find_machine,	build_event,	 agent_serve,
		agent_load,	build_pipeline,	 agent_reader_start,
		build_sessions, drop_privileges, agent_say_start,
	};
	int r = 0;

	agent->started = clock_boottime_ns();
	agent->group = find_group(agent->config.agent.group);
	raise_limits();
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](agent);
	return r;
}
