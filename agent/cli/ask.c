/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

#include <argp.h>
#include <json-c/json.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "cli/agent.h"
#include "cli/output.h"
#include "cli/reply.h"
#include "cli/status.h"
#include "cli/status_text.h"
#include "control/message.h"

enum {
	KEY_JSON = 256,
	KEY_METRICS,
};

struct ask_options {
	struct agent_options agent;
	bool json;
	bool metrics;
};

static const struct argp_option STATUS_OPTIONS[] = {
	{ "json", KEY_JSON, NULL, 0, "show the status as one line of JSON", 0 },
	{ "metrics", KEY_METRICS, NULL, 0, "show it in the OpenMetrics text format", 0 },
	{ 0 },
};

static const struct argp_option JSON_OPTIONS[] = {
	{ "json", KEY_JSON, NULL, 0, "show the reply as one line of JSON", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct ask_options *options = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->agent;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_METRICS:
		options->metrics = true;
		return 0;
	case ARGP_KEY_END:
		if (options->json && options->metrics)
			argp_error(state, "--json and --metrics exclude each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child CHILDREN[] = { { .argp = &AGENT_PARSER }, { 0 } };

static const struct argp STATUS_PARSER = {
	.options = STATUS_OPTIONS,
	.parser = parse_option,
	.children = CHILDREN,
	.doc = "Show how the agent does: probes, sessions, records, losses, sinks.",
};

static const struct argp ROTATE_PARSER = {
	.options = JSON_OPTIONS,
	.parser = parse_option,
	.children = CHILDREN,
	.doc = "Make the agent begin a new log file.",
};

static const struct argp RELOAD_PARSER = {
	.options = JSON_OPTIONS,
	.parser = parse_option,
	.children = CHILDREN,
	.doc = "Make the agent read its configuration again, and say what changed.",
};

/* Parses the options and asks; *ret is the reply, to be put. Returns 0 or an exit status. */
static int ask(const struct argp *parser, int argc, char **argv, const char *op,
	       struct ask_options *options, struct json_object **ret)
{
	_cleanup_(control_message_freep) struct json_object *request = NULL;

	argp_err_exit_status = STATUS_FAILED;
	if (argp_parse(parser, argc, argv, 0, NULL, options))
		return STATUS_FAILED;
	request = agent_request(op);
	return agent_ask(&options->agent, request, ret);
}

static int show(struct json_object *reply, void (*print)(struct text *, struct json_object *),
		bool json)
{
	struct output output;

	output_init(&output);
	json_object_object_del(reply, "ok");
	if (json)
		output_json(&output, reply);
	else if (print)
		print(&output.text, reply);
	return output_end(&output, 0);
}

int status_main(int argc, char **argv)
{
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	struct ask_options options = { 0 };
	char name[] = "seshat status";
	int status;

	argv[0] = name;
	status = ask(&STATUS_PARSER, argc, argv, "status", &options, &reply);
	if (status)
		return status;
	return show(reply, options.metrics ? status_metrics : status_text, options.json);
}

int rotate_main(int argc, char **argv)
{
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	struct ask_options options = { 0 };
	char name[] = "seshat rotate";
	int status;

	argv[0] = name;
	status = ask(&ROTATE_PARSER, argc, argv, "rotate", &options, &reply);
	return status ? status : show(reply, NULL, options.json);
}

static bool contains(struct json_object *reply, const char *key, struct bytes name)
{
	for (size_t i = 0; i < reply_count(reply, key); i++)
		if (bytes_equal(reply_bytes(reply_element(reply, key, i)), name))
			return true;
	return false;
}

static void reload_text(struct text *text, struct json_object *reply)
{
	size_t count = reply_count(reply, "changed");

	for (size_t i = 0; i < count; i++) {
		struct bytes name = reply_bytes(reply_element(reply, "changed", i));

		if (contains(reply, "restart", name))
			continue;
		text_bytes(text, name);
		text_printf(text, ": changed\n");
	}
	for (size_t i = 0; i < reply_count(reply, "restart"); i++) {
		text_bytes(text, reply_bytes(reply_element(reply, "restart", i)));
		text_printf(text, ": changes when the agent is started again\n");
	}
	if (count == 0 && reply_count(reply, "restart") == 0)
		text_printf(text, "nothing changed\n");
}

int reload_main(int argc, char **argv)
{
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	struct ask_options options = { 0 };
	char name[] = "seshat reload";
	int status;

	argv[0] = name;
	status = ask(&RELOAD_PARSER, argc, argv, "reload", &options, &reply);
	return status ? status : show(reply, reload_text, options.json);
}
