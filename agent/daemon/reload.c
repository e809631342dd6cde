/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: read, and read again. */
#include <errno.h>
#include <grp.h>
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "control/message.h"
#include "daemon/state.h"

enum {
	CHANGES_MAX = 64, /* more than there are keys */
};

static void report(void *userdata, const char *path, unsigned int line, const char *key,
		   const char *message)
{
	(void)userdata;
	if (line)
		log_error("%s:%u: %s%s%s", path, line, key, key[0] ? ": " : "", message);
	else
		log_error("%s: %s%s%s", path, key, key[0] ? ": " : "", message);
}

int agent_config_read(const struct agent_options *options, struct config *ret)
{
	int r = config_load(ret, options->config, report, NULL);

	if (r == -ENOENT && !options->config_asked)
		r = config_default(ret);
	if (r < 0 && r != -EINVAL)
		log_error("cannot read %s: %s", options->config, strerror(-r));
	return r;
}

/* Differences, with copies of their texts. */
struct changes {
	struct config_change list[CHANGES_MAX];
	char *texts[CHANGES_MAX][3]; /* owned */
	size_t count;
	int error;
};

static void changes_free(struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		for (size_t k = 0; k < 3; k++)
			free(changes->texts[i][k]);
	}
}

static void note(void *userdata, const char *key, const char *from, const char *to, bool live)
{
	struct changes *changes = userdata;
	char **texts;

	if (changes->count == CHANGES_MAX) {
		changes->error = -E2BIG;
		return;
	}
	texts = changes->texts[changes->count];
	texts[0] = strdup(key);
	texts[1] = strdup(from);
	texts[2] = strdup(to);
	if (!texts[0] || !texts[1] || !texts[2])
		changes->error = -ENOMEM;
	changes->list[changes->count++] = (struct config_change){
		.key = texts[0],
		.from = texts[1],
		.to = texts[2],
		.live = live,
	};
}

static int reply_keys(struct json_object *reply, const char *name, const struct changes *changes,
		      bool live)
{
	struct json_object *keys = json_object_new_array();

	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < changes->count; i++) {
		struct json_object *key;

		if (changes->list[i].live != live)
			continue;
		key = json_object_new_string(changes->list[i].key);
		if (key && json_object_array_add(keys, key) == 0)
			continue;
		json_object_put(key);
		json_object_put(keys);
		return -ENOMEM;
	}
	return control_add(reply, name, keys);
}

static void swap(char **a, char **b)
{
	char *text = *a;

	*a = *b;
	*b = text;
}

/* What the running agent has been built with stays so: the rest of the new configuration counts. */
static void take(struct agent *agent, struct config *fresh)
{
	struct config old = agent->config;

	agent->config = *fresh;
	*fresh = old;
	swap(&agent->config.agent.socket, &fresh->agent.socket);
	swap(&agent->config.agent.state, &fresh->agent.state);
	swap(&agent->config.agent.group, &fresh->agent.group);
	swap(&agent->config.agent.pin, &fresh->agent.pin);
	agent->config.agent.ring_size = old.agent.ring_size;
	agent->config.agent.strategy = old.agent.strategy;
	agent->pin = agent->pin ? agent->config.agent.pin : NULL;
}

/* Puts it in force and writes agent.config, if anything differs. */
static int apply(struct agent *agent, struct config *fresh, const struct changes *changes)
{
	struct agent_config event = {
		.changes = changes->list,
		.changes_count = changes->count,
	};
	int r;

	if (changes->error < 0 || changes->count == 0)
		return changes->error;
	r = agent_outputs_change(agent, fresh);
	if (r < 0)
		return r;
	take(agent, fresh);
	agent_choose(agent);
	r = pipeline_agent_config(agent->pipeline, &event);
	if (r < 0)
		log_error("cannot write agent.config: %s", strerror(-r));
	for (size_t i = 0; i < changes->count; i++)
		log_warning("configuration: %s changes from \"%s\" to \"%s\"%s",
			    changes->list[i].key, changes->list[i].from, changes->list[i].to,
			    changes->list[i].live ? "" : " with the next start");
	agent_outputs_flush(agent);
	return 0;
}

int agent_reload(struct agent *agent, struct json_object *reply)
{
	_cleanup_(config_free) struct config fresh = { 0 };
	_cleanup_(changes_free) struct changes changes = { .count = 0 };
	int r = agent_config_read(&agent->options, &fresh);

	if (r == 0)
		r = config_diff(&agent->config, &fresh, note, &changes);
	if (r == 0)
		r = apply(agent, &fresh, &changes);
	if (r < 0) {
		log_error("the configuration stays as it was");
		return r;
	}
	if (!reply)
		return 0;
	r = reply_keys(reply, "changed", &changes, true);
	return r < 0 ? r : reply_keys(reply, "restart", &changes, false);
}
