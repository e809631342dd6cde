/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/status.h"
#include "control/client.h"
#include "control/message.h"

enum {
	KEY_SOCKET = 512, /* apart from what the commands use */
	/* An agent under load answers in milliseconds; one that syncs a log to a slow disk may take longer. */
	ANSWER_MS = 10000,
};

static const struct argp_option OPTIONS[] = {
	{ "config", 'c', "FILE", 0, "the agent's configuration (default: " CONFIG_PATH ")", 90 },
	{ "socket", KEY_SOCKET, "PATH", 0, "the agent's control socket (default: as configured)",
	  90 },
	{ 0 },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct agent_options *options = state->input;

	switch (key) {
	case 'c':
		options->config = argument;
		return 0;
	case KEY_SOCKET:
		options->socket = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp AGENT_PARSER = { .options = OPTIONS, .parser = parse_option };

struct json_object *agent_request(const char *op)
{
	_cleanup_(control_message_freep) struct json_object *request = json_object_new_object();

	if (!request || control_add_string(request, "op", op) < 0)
		return NULL;
	return TAKE_PTR(request);
}

static void report(void *userdata, const char *path, unsigned int line, const char *key,
		   const char *message)
{
	(void)userdata;
	log_error("%s:%u: %s%s%s", path, line, key, key[0] ? ": " : "", message);
}

int agent_config(const struct agent_options *options, struct config *ret)
{
	const char *path = options->config ? options->config : CONFIG_PATH;
	int r = config_load(ret, path, report, NULL);

	if (r == -EACCES && !options->config)
		log_warning("cannot read %s: %s, taking the defaults", path, strerror(-r));
	if ((r == -ENOENT || r == -EACCES) && !options->config)
		r = config_default(ret);
	if (r < 0 && r != -EINVAL)
		log_error("cannot read %s: %s", path, strerror(-r));
	return r < 0 ? STATUS_FAILED : 0;
}

/* What kept the request from being answered. */
static int call_failed(const char *socket, int error)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
		log_error("the agent does not run: nobody listens on %s", socket);
		return STATUS_NO_AGENT;
	case -ETIMEDOUT:
	case -ECONNRESET:
		log_error("the agent does not answer on %s: %s", socket, strerror(-error));
		return STATUS_NO_AGENT;
	case -EACCES:
		log_error("cannot ask the agent on %s: %s", socket, strerror(-error));
		return STATUS_DENIED;
	default:
		log_error("cannot ask the agent on %s: %s", socket, strerror(-error));
		return STATUS_FAILED;
	}
}

static int reply_check(struct json_object *reply)
{
	const char *text = "";
	int r = control_reply_error(reply, &text);

	if (r == 0)
		return 0;
	log_error("the agent refuses: %s", text);
	return r == -EPERM || r == -EACCES ? STATUS_DENIED : STATUS_NEGATIVE;
}

static int ask(const char *socket, struct json_object *request, struct json_object **ret)
{
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	int status, r = control_call(socket, request, ANSWER_MS, &reply);

	if (r < 0)
		return call_failed(socket, r);
	status = reply_check(reply);
	if (status == 0)
		*ret = TAKE_PTR(reply);
	return status;
}

int agent_socket(const struct agent_options *options, char **ret)
{
	_cleanup_(config_free) struct config config = { 0 };
	const char *path = options->socket;
	int status;

	if (!path) {
		status = agent_config(options, &config);
		if (status)
			return status;
		path = config.agent.socket;
	}
	*ret = strdup(path);
	if (*ret)
		return 0;
	log_error("cannot find the agent: %s", strerror(ENOMEM));
	return STATUS_FAILED;
}

int agent_ask(const struct agent_options *options, struct json_object *request,
	      struct json_object **ret)
{
	_cleanup_free_ char *socket = NULL;
	int status;

	if (!request) {
		log_error("cannot make a request: %s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	status = agent_socket(options, &socket);
	return status ? status : ask(socket, request, ret);
}
