/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's life: built, run, taken down. */
#include "daemon/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "daemon/background.h"
#include "daemon/leader.h"
#include "daemon/state.h"

static const int SIGNALS[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };

_Static_assert(sizeof(SIGNALS) / sizeof(SIGNALS[0]) ==
		       sizeof(((struct agent *)NULL)->signals) / sizeof(sd_event_source *),
	       "a signal has no source");

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

int agent_watch_signals(struct agent *agent)
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

int agent_say_start(struct agent *agent)
{
	const char *sinks[AGENT_SINKS];
	struct agent_start event = {
		.version = SESHAT_VERSION,
		.strategy = strategy_name(loader_strategy(agent->loader)),
		.strategy_reason = loader_strategy(agent->loader)->reason,
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

/* What has come until now is written; sessions that are open stay so, for the next agent. */
static void say_stop(struct agent *agent)
{
	struct agent_stop event = { .reason = agent->stop_reason };
	struct pipeline_stats stats;
	int r;

	leader_move_now(agent); /* the next agent looks for them in their cgroups */
	agent_drain(agent);
	(void)agent_sessions_settle(agent);
	pipeline_stats_get(agent->pipeline, &stats);
	event.uptime_ns = clock_boottime_ns() - agent->started;
	event.sessions = agent->sessions.open;
	event.records = stats.written;
	/* But for LOSS_PREEMPTED, which is no number of records: at most so many. */
	for (size_t i = 0; i < LOSS_PREEMPTED; i++)
		event.lost += stats.lost[i];
	r = pipeline_agent_stop(agent->pipeline, &event);
	if (r < 0)
		log_error("cannot write agent.stop: %s", strerror(-r));
	/* What is pinned outlives the agent: there is nobody that it would be for. */
	if (agent->sessions.open == 0)
		agent_detach_probes(agent);
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
	agent_outputs_flush(agent); /* who is told that it is ready finds agent.start in the log */
	(void)sd_notifyf(0, "READY=1\nSTATUS=%zu probes, attached while a session is open",
			 agent->probes.report.attached_count);
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
	r = agent_build(&agent);
	if (r >= 0)
		r = run(&agent, &ready);
	demolish(&agent);
	fd_close(ready);
	return r < 0 ? AGENT_FAILED : AGENT_OK;
}
