/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's life: built, run, taken down. */
#include "daemon/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "daemon/background.h"
#include "daemon/state.h"
#include "kernel/features.h"
#include "kernel/preflight.h"

enum {
	PRIORITY = -10, /* a machine at its limit is no reason to lose records */
};

static const int SIGNALS[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };

_Static_assert(sizeof(SIGNALS) / sizeof(SIGNALS[0]) ==
		       sizeof(((struct agent *)NULL)->signals) / sizeof(sd_event_source *),
	       "a signal has no source");

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

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct agent *agent = userdata;

	(void)source;
	if (info->ssi_signo != SIGHUP && info->ssi_signo != SIGUSR1) {
		agent->stop_reason = info->ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT";
		return sd_event_exit(agent->event, 0);
	}
	if (info->ssi_signo == SIGHUP) {
		(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
				 (unsigned long long)(clock_monotonic_ns() / 1000));
		(void)agent_reload(agent, NULL);
	}
	/* A reload alone is no reason for a new file: only so many old ones are kept. */
	if (pipeline_rotate(agent->pipeline, info->ssi_signo == SIGHUP) < 0)
		log_error("cannot begin a new log; the old one goes on");
	(void)sd_notify(0, "READY=1");
	return 0;
}

static int watch_signals(struct agent *agent)
{
	sigset_t set;
	int r = 0;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(SIGNALS); i++)
		sigaddset(&set, SIGNALS[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return -errno;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(SIGNALS); i++)
		r = sd_event_add_signal(agent->event, &agent->signals[i], SIGNALS[i], on_signal,
					agent);
	return r;
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

static int build_server(struct agent *agent)
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
static int handover_directory(const struct config *config, char **ret)
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
	int r = handover_directory(&agent->config, &directory);

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
		agent_detach_probes(agent);
	if (loader_replace(agent->loader))
		log_warning("removed the probes of another version");
	cgroup_sweep();
	return 0;
}

static int say_start(struct agent *agent)
{
	const char *sinks[AGENT_SINKS];
	struct agent_start event = {
		.version = SESHAT_VERSION,
		.strategy = "tracepoint",
		.kernel = agent->kernel.release,
		.pid = (uint32_t)getpid(),
		.config = agent->options.config,
		.capabilities = (const char *const *)agent->caps,
		.capabilities_count = agent->caps_count,
		.sinks = sinks,
		.probes = agent->probes.report,
		.sessions = agent->sessions.open,
		.gap = agent->gap,
	};
	char sid[UUID_SIZE];
	int r = uuid_generate(sid);

	for (size_t place = 0; place < AGENT_SINKS; place++)
		if (pipeline_sink(agent->pipeline, place))
			sinks[event.sinks_count++] = pipeline_sink(agent->pipeline, place)->name;
	if (r == 0)
		r = pipeline_agent_start(agent->pipeline, sid, &event);
	if (r < 0) {
		log_error("cannot write agent.start: %s", strerror(-r));
		return r;
	}
	/* What the other agent had handed to a sink, and may have taken with it. */
	for (size_t place = 0; place < SINK_SET_PLACES; place++)
		agent_sessions_lost(agent, place);
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
		r = watch_signals(agent);
	if (r < 0)
		log_error("cannot set up the event loop: %s", strerror(-r));
	return r;
}

/*
 * The order is that of need. Who has the socket is the agent, so that comes before anything is touched; what is asked there is
 * answered by the event loop, once all of it stands.
 */
static int build(struct agent *agent)
{
	int (*const steps[])(struct agent * agent) = {
		find_machine,	    build_event,    build_server,    agent_load, build_pipeline,
		agent_reader_start, build_sessions, drop_privileges, say_start,
	};
	int r = 0;

	agent->started = clock_boottime_ns();
	agent->group = find_group(agent->config.agent.group);
	raise_limits();
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](agent);
	return r;
}

/* What has come until now is written; sessions that are open stay so, for the next agent. */
static void say_stop(struct agent *agent)
{
	struct agent_stop event = { .reason = agent->stop_reason };
	struct pipeline_stats stats;
	int r;

	agent_drain(agent);
	(void)agent_sessions_settle(agent);
	pipeline_stats_get(agent->pipeline, &stats);
	event.uptime_ns = clock_boottime_ns() - agent->started;
	event.sessions = agent->sessions.open;
	event.records = stats.written;
	for (size_t i = 0; i < LOSS_REASONS; i++)
		event.lost += stats.lost[i];
	r = pipeline_agent_stop(agent->pipeline, &event);
	if (r < 0)
		log_error("cannot write agent.stop: %s", strerror(-r));
	if (agent->sessions.open > 0 && !agent->pin)
		log_warning("%llu sessions are open, and nobody records them until the next start",
			    (unsigned long long)agent->sessions.open);
}

static void close_outputs(struct agent *agent)
{
	struct pipeline_stats before, after;
	int r;

	if (!agent->pipeline)
		return;
	agent_outputs_flush(agent);
	pipeline_stats_get(agent->pipeline, &before);
	r = pipeline_close(agent->pipeline);
	pipeline_stats_get(agent->pipeline, &after);
	/* Only if nothing is left is it certain that all of it is written; else the next agent says what is not. */
	if (after.unwritten == before.unwritten)
		agent_sessions_keep(agent);
	else
		log_error("%llu records could not be written any more: %s",
			  (unsigned long long)(after.unwritten - before.unwritten),
			  strerror(r < 0 ? -r : -after.sink_error));
}

static void demolish(struct agent *agent)
{
	server_free(agent->server);
	close_outputs(agent);
	agent_sessions_free(agent);
	agent_reader_stop(agent);
	pipeline_free(agent->pipeline);
	loader_free(agent->loader);
	handover_free(agent->handover);
	sd_event_source_disable_unref(agent->due);
	for (size_t i = 0; i < ARRAY_SIZE(agent->signals); i++)
		sd_event_source_disable_unref(agent->signals[i]);
	sd_event_unref(agent->event);
	free(agent->probes.attached);
	free(agent->probes.missing);
	for (size_t i = 0; i < agent->caps_count; i++)
		free(agent->caps[i]);
	free(agent->cgroup_mount);
	fd_close(agent->cgroup_root);
	fd_close(agent->pin_lock);
	config_free(&agent->config);
}

static int run(struct agent *agent, int *ready)
{
	bool background = *ready >= 0;
	int r = background_ready(ready);

	if (background)
		log_set_syslog();
	if (r < 0) {
		log_error("cannot go to the background: %s", strerror(-r));
		return r;
	}
	(void)sd_notifyf(0, "READY=1\nSTATUS=%zu probes, attached while a session is open",
			 agent->probes.report.attached_count);
	agent_outputs_flush(agent);
	agent_look(agent);
	r = sd_event_loop(agent->event);
	(void)sd_notify(0, "STOPPING=1");
	if (r < 0)
		log_error("the event loop failed: %s", strerror(-r));
	say_stop(agent);
	return r;
}

int agent_run(const struct agent_options *options)
{
	struct agent agent = {
		.options = *options, .cgroup_root = -1, .pin_lock = -1, .stop_reason = "error"
	};
	_cleanup_free_ char *path = NULL;
	int ready = -1, status = 0, r;

	/* The background's working directory is another one. */
	path = realpath(options->config, NULL);
	if (path)
		agent.options.config = path;
	r = agent_config_read(&agent.options, &agent.config);
	if (r < 0)
		return r == -EINVAL ? AGENT_CONFIG : AGENT_FAILED;
	log_set_hasty();
	if (!options->foreground) {
		r = background_enter(&ready, &status);
		if (r < 0)
			log_error("cannot go to the background: %s", strerror(-r));
		if (r != 0) {
			config_free(&agent.config);
			return r < 0 ? AGENT_FAILED : status;
		}
	}
	r = build(&agent);
	if (r >= 0)
		r = run(&agent, &ready);
	demolish(&agent);
	fd_close(ready);
	return r < 0 ? AGENT_FAILED : AGENT_OK;
}

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
	_cleanup_(server_freep) struct server *server = NULL;
	_cleanup_free_ char *directory = NULL;
	struct agent agent = { .options = *options, .pin_lock = -1 };
	int r = agent_config_read(options, &config);

	if (r < 0)
		return r == -EINVAL ? AGENT_CONFIG : AGENT_FAILED;
	agent.config = config;
	r = sd_event_new(&agent.event);
	if (r >= 0)
		r = build_server(&agent); /* whoever has the socket is the agent */
	if (r >= 0)
		r = handover_directory(&config, &directory);
	if (r >= 0 && agent_lock_pins(&agent) == 0) {
		if (agent.pin)
			(void)loader_drop_pins(agent.pin);
		handover_clear(directory);
		cgroup_sweep();
	}
	server_free(agent.server);
	sd_event_unref(agent.event);
	fd_close(agent.pin_lock);
	return r < 0 ? AGENT_FAILED : AGENT_OK;
}
