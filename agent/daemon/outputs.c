/* SPDX-License-Identifier: Apache-2.0 */
/* The sinks, as the configuration has them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/state.h"
#include "sinks/file.h"
#include "sinks/journal.h"
#include "sinks/queue.h"

enum {
	LOG_DIRECTORY_MODE = 02750,
	US_PER_MS = 1000,
	DUE_ACCURACY_US = 10000,
};

/*
 * The file's directory: the set-group-id bit gives the group to what is made in it, now and when it is rotated, without
 * a capability for that. One that is there already is left as it is.
 */
static void directory_prepare(const struct config *config, gid_t group)
{
	_cleanup_free_ char *directory = strdup(config->file.path);
	char *slash = directory ? strrchr(directory, '/') : NULL;

	if (!slash || slash == directory)
		return;
	*slash = '\0';
	if (mkdir(directory, 0700) < 0)
		return; /* if it is not there, opening the file says so */
	if ((group != (gid_t)-1 && chown(directory, (uid_t)-1, group) < 0) ||
	    chmod(directory, LOG_DIRECTORY_MODE) < 0)
		log_warning("cannot give %s to the group %s: %s, ignoring", directory,
			    config->agent.group, strerror(errno));
}

static int file_open(const struct config *config, gid_t group, struct sink **ret)
{
	static const enum file_sync policies[] = {
		[CONFIG_SYNC_NONE] = FILE_SYNC_NONE,
		[CONFIG_SYNC_INTERVAL] = FILE_SYNC_INTERVAL,
		[CONFIG_SYNC_EACH] = FILE_SYNC_EACH,
	};
	struct file_config file = {
		.path = config->file.path,
		.group = group,
		.sync = policies[config->file.sync],
		.sync_interval_ms = (unsigned int)config->file.sync_interval_ms,
		.max_size = config->file.max_size,
		.max_age_s = config->file.max_age_s,
		.keep = config->file.keep,
	};

	directory_prepare(config, group);
	return file_new(ret, &file);
}

int agent_journal_socket(const struct config *config, char **ret)
{
	const char *namespace = config->journal.namespace;
	char *path;

	if (asprintf(&path, "/run/systemd/journal%s%s/socket", namespace[0] ? "." : "", namespace) <
	    0)
		return -ENOMEM;
	*ret = path;
	return 0;
}

static int journal_open(const struct config *config, struct sink **ret)
{
	_cleanup_free_ char *path = NULL;
	int r = agent_journal_socket(config, &path);

	return r < 0 ? r : journal_new(ret, path);
}

/* *ret is NULL for one that is not enabled. */
static int output_open(const struct config *config, gid_t group, enum agent_sink place,
		       struct sink **ret)
{
	bool file = place == AGENT_SINK_FILE;
	struct sink *inner = NULL;
	int r;

	*ret = NULL;
	if (!(file ? config->file.enabled : config->journal.enabled))
		return 0;
	r = file ? file_open(config, group, &inner) : journal_open(config, &inner);
	if (r == 0)
		r = queue_new(ret, inner, file ? config->file.queue : config->journal.queue);
	if (r < 0) {
		log_error("cannot open the sink %s: %s", file ? config->file.path : "journal",
			  strerror(-r));
		if (inner)
			(void)sink_close(inner, NULL);
	}
	return r;
}

int agent_outputs_open(struct agent *agent)
{
	for (int place = 0; place < AGENT_SINKS; place++) {
		struct sink *sink;
		int r = output_open(&agent->config, agent->group, (enum agent_sink)place, &sink);

		if (r < 0)
			return r;
		(void)pipeline_replace_sink(agent->pipeline, (size_t)place, sink);
	}
	return 0;
}

static bool output_same(const struct config *a, const struct config *b, enum agent_sink place)
{
	if (place == AGENT_SINK_JOURNAL)
		return a->journal.enabled == b->journal.enabled &&
		       strcmp(a->journal.namespace, b->journal.namespace) == 0 &&
		       a->journal.queue == b->journal.queue;
	return a->file.enabled == b->file.enabled && strcmp(a->file.path, b->file.path) == 0 &&
	       a->file.sync == b->file.sync &&
	       a->file.sync_interval_ms == b->file.sync_interval_ms &&
	       a->file.max_size == b->file.max_size && a->file.max_age_s == b->file.max_age_s &&
	       a->file.keep == b->file.keep && a->file.queue == b->file.queue;
}

static void output_replace(struct agent *agent, size_t place, struct sink *sink)
{
	struct pipeline_stats before, after;

	pipeline_stats_get(agent->pipeline, &before);
	(void)pipeline_replace_sink(agent->pipeline, place, sink); /* shows in what is unwritten */
	pipeline_stats_get(agent->pipeline, &after);
	if (after.unwritten == before.unwritten)
		return;
	log_error("the old sink could not write %llu records that it had taken",
		  (unsigned long long)(after.unwritten - before.unwritten));
	agent_sessions_lost(agent, place);
}

int agent_outputs_change(struct agent *agent, const struct config *config)
{
	struct sink *sinks[AGENT_SINKS] = { NULL };
	int r = 0;

	/* All new ones first: a sink that cannot be opened must not leave the log with half of them. */
	for (int place = 0; r == 0 && place < AGENT_SINKS; place++)
		if (!output_same(&agent->config, config, (enum agent_sink)place))
			r = output_open(config, agent->group, (enum agent_sink)place,
					&sinks[place]);
	for (int place = 0; place < AGENT_SINKS; place++) {
		if (r < 0 && sinks[place])
			(void)sink_close(sinks[place], NULL);
		if (r < 0 || output_same(&agent->config, config, (enum agent_sink)place))
			continue;
		output_replace(agent, (size_t)place, sinks[place]);
		agent->sink_failed[place] = false;
	}
	return r;
}

/* Says once that a sink has failed, and once that it is well again. */
static void outputs_report(struct agent *agent)
{
	for (size_t place = 0; place < AGENT_SINKS; place++) {
		const struct sink *sink = pipeline_sink(agent->pipeline, place);
		struct sink_status status = { 0 };

		if (sink)
			sink_status_get(sink, &status);
		/* A journal that is only slow is no news, as long as its backlog has room. */
		if (status.error == -EAGAIN && status.refused == agent->sink_refused[place])
			status.error = 0;
		agent->sink_refused[place] = status.refused;
		if (status.error < 0 && !agent->sink_failed[place])
			log_error(
				"cannot write to the sink %s: %s; its records are kept, as far as there is room",
				sink->name, strerror(-status.error));
		if (sink && status.error == 0 && agent->sink_failed[place])
			log_warning("the sink %s takes records again", sink->name);
		agent->sink_failed[place] = status.error < 0;
	}
}

static int outputs_due(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source, (void)usec;
	agent_outputs_flush(userdata);
	return 0;
}

static int outputs_schedule(struct agent *agent, int milliseconds)
{
	uint64_t relative = (uint64_t)milliseconds * US_PER_MS;
	int r;

	if (!agent->due)
		return sd_event_add_time_relative(agent->event, &agent->due, CLOCK_MONOTONIC,
						  relative, DUE_ACCURACY_US, outputs_due, agent);
	r = sd_event_source_set_time_relative(agent->due, relative);
	return r < 0 ? r : sd_event_source_set_enabled(agent->due, SD_EVENT_ONESHOT);
}

void agent_outputs_flush(struct agent *agent)
{
	int milliseconds, r = 0;

	/* Errors are the sinks' affair: they keep what they have taken, and what they refuse is counted. */
	(void)pipeline_flush(agent->pipeline);
	agent_sessions_keep(agent);
	outputs_report(agent);
	if (sd_event_get_state(agent->event) == SD_EVENT_FINISHED)
		return; /* there is no later any more */
	milliseconds = pipeline_due(agent->pipeline);
	if (milliseconds >= 0)
		r = outputs_schedule(agent, milliseconds);
	else if (agent->due)
		r = sd_event_source_set_enabled(agent->due, SD_EVENT_OFF);
	if (r < 0)
		log_error("cannot wait for a sink: %s", strerror(-r));
}
