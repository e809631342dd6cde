/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check.h"

#include <argp.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/size.h"
#include "cli/agent.h"
#include "cli/check_results.h"
#include "cli/check_session.h"
#include "cli/reply.h"
#include "cli/status.h"
#include "control/message.h"
#include "kernel/features.h"
#include "session/cgroup.h"

enum {
	KEY_JSON = 256,
	KEY_TIMEOUT,

	TIMEOUT_MS = 10000,
	TIMEOUT_MIN_MS = 1000,
	TIMEOUT_MAX_MS = 600000,
	PROBE_SIZE = 128,
};

struct check_options {
	struct agent_options agent;
	int timeout_ms;
	bool json;
};

static const struct argp_option OPTIONS[] = {
	{ "timeout", KEY_TIMEOUT, "TIME", 0,
	  "how long to wait for records in each sink, from 1s to 10m (default: 10s)", 0 },
	{ "json", KEY_JSON, NULL, 0, "show the results as one line of JSON", 0 },
	{ 0 },
};

static void parse_timeout(struct check_options *options, const char *argument,
			  struct argp_state *state)
{
	uint64_t ms = 0;

	if (duration_parse(argument, TIMEOUT_MIN_MS, TIMEOUT_MAX_MS, &ms) < 0)
		argp_error(state, "bad time: %s (from 1s to 10m)", argument);
	options->timeout_ms = (int)ms;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct check_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->agent;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_TIMEOUT:
		parse_timeout(options, argument, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child CHILDREN[] = { { .argp = &AGENT_PARSER }, { 0 } };

static const struct argp PARSER = {
	.options = OPTIONS,
	.parser = parse_option,
	.children = CHILDREN,
	.doc = "Find out whether auditing works here: look at the kernel, the configuration and the agent, open a "
	       "session, do one of each in it, and see whether every record arrives in every sink.",
};

static const char *text_or(struct bytes bytes)
{
	return bytes.data ? bytes.data : "?";
}

static void check_kernel(struct check_results *results)
{
	_cleanup_free_ char *mount = NULL;
	struct utsname name;
	int r;

	if (uname(&name) == 0)
		check_results_add(results, true, "kernel", "%s", name.release);
	check_results_add(results, features_btf(), "the kernel has type information (BTF)", "%s",
			  features_btf() ? "" : "it must be built with CONFIG_DEBUG_INFO_BTF=y");
	check_results_add(results, !features_locked_down(),
			  "lockdown allows BPF to read the kernel", "%s",
			  features_locked_down() ? "boot with lockdown=integrity" : "");
	r = cgroup_find_mount(&mount);
	check_results_add(results, r == 0, "a cgroup v2 hierarchy is mounted", "%s",
			  r < 0 ? strerror(-r) : mount);
}

static bool check_configuration(const struct check_options *options, struct check_results *results)
{
	_cleanup_(config_free) struct config config = { 0 };
	const char *path = options->agent.config ? options->agent.config : CONFIG_PATH;
	int status = agent_config(&options->agent, &config);

	check_results_add(results, status == 0, "the configuration is right", "%s", path);
	return status == 0 || options->agent.socket;
}

static void check_sinks(struct check_results *results, struct json_object *status)
{
	for (size_t i = 0; i < reply_count(status, "sinks"); i++) {
		struct json_object *sink = reply_element(status, "sinks", i);
		struct bytes name = reply_string(sink, "name"), error = reply_string(sink, "error");

		check_results_add(results, !error.data, "the sink takes records", "%s%s%s",
				  text_or(name), error.data ? ": " : "",
				  error.data ? error.data : "");
	}
}

/* One that this kernel does not take may not be needed: whether anything is missing is for the canary to show. */
static void check_probes(struct check_results *results, struct json_object *status)
{
	check_results_add(results, reply_count(status, "probes") > 0, "probes are loaded", "%zu",
			  reply_count(status, "probes"));
	for (size_t i = 0; i < reply_count(status, "probes_missing"); i++) {
		struct json_object *missing = reply_element(status, "probes_missing", i);
		char what[PROBE_SIZE];

		(void)snprintf(what, sizeof(what), "the probe %s",
			       text_or(reply_string(missing, "probe")));
		check_results_skip(results, what, text_or(reply_string(missing, "reason")));
	}
}

/* The agent's status, to be put; NULL: told. */
static struct json_object *check_agent(const struct check_options *options,
				       struct check_results *results)
{
	_cleanup_(control_message_freep) struct json_object *request = agent_request("status");
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	int status = agent_ask(&options->agent, request, &reply);
	struct bytes version = reply_string(reply, "version");

	check_results_add(results, status == 0, "the agent answers", "%s%s",
			  version.data ? "version " : "", version.data ? version.data : "");
	if (status)
		return NULL;
	check_results_add(results, strcmp(text_or(version), SESHAT_VERSION) == 0,
			  "agent and command are of the same version", "%s", SESHAT_VERSION);
	check_probes(results, reply);
	check_sinks(results, reply);
	return TAKE_PTR(reply);
}

static void check(const struct check_options *options, struct check_results *results)
{
	_cleanup_(control_message_freep) struct json_object *status = NULL;

	check_kernel(results);
	if (!check_configuration(options, results))
		return;
	status = check_agent(options, results);
	if (!status)
		return;
	check_results_add(results, geteuid() == 0, "this is root", "%s",
			  geteuid() == 0 ? "" : "a session can be opened by root only");
	if (geteuid() == 0)
		check_session(&options->agent, status, options->timeout_ms, results);
}

int check_main(int argc, char **argv)
{
	struct check_options options = { .timeout_ms = TIMEOUT_MS };
	struct check_results results;
	char name[] = "seshat check";

	argv[0] = name;
	argp_err_exit_status = STATUS_FAILED;
	if (argp_parse(&PARSER, argc, argv, 0, NULL, &options))
		return STATUS_FAILED;
	if (check_results_init(&results, options.json) < 0) {
		log_error("cannot keep the results: %s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	check(&options, &results);
	return check_results_end(&results);
}
