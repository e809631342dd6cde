/* SPDX-License-Identifier: Apache-2.0 */
/* seshatd: the agent. */
#include <argp.h>
#include <stddef.h>

#include "base/log.h"
#include "config/config.h"
#include "daemon/agent.h"

const char *argp_program_version = "seshatd " SESHAT_VERSION;

enum {
	OPTION_FOREGROUND = 'f',
	OPTION_CHECK = 0x100,
	OPTION_DETACH,
};

struct invocation {
	struct agent_options options;
	int (*main)(const struct agent_options *options);
};

static const struct argp_option OPTIONS[] = {
	{ "config", 'c', "FILE", 0, "Read FILE instead of " CONFIG_PATH, 0 },
	{ "foreground", OPTION_FOREGROUND, NULL, 0,
	  "Stay in the foreground, as service managers want it", 0 },
	{ "check-config", OPTION_CHECK, NULL, 0,
	  "Read the configuration, say what is wrong with it, and exit", 0 },
	{ "detach", OPTION_DETACH, NULL, 0,
	  "Remove what a stopped agent has left to the next one: open sessions are no longer recorded",
	  0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct invocation *invocation = state->input;

	switch (key) {
	case 'c':
		invocation->options.config = argument;
		invocation->options.config_asked = true;
		return 0;
	case OPTION_FOREGROUND:
		invocation->options.foreground = true;
		return 0;
	case OPTION_CHECK:
		invocation->main = agent_check_config;
		return 0;
	case OPTION_DETACH:
		invocation->main = agent_detach;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "too many arguments: %s", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp PARSER = {
	.options = OPTIONS,
	.parser = parse_option,
	.doc = "Record what the sessions on this machine do, as PAM opens them.",
};

int main(int argc, char **argv)
{
	struct invocation invocation = { .options = { .config = CONFIG_PATH }, .main = agent_run };

	log_set_program("seshatd");
	argp_err_exit_status = AGENT_USAGE;
	if (argp_parse(&PARSER, argc, argv, 0, NULL, &invocation))
		return AGENT_USAGE;
	return invocation.main(&invocation.options);
}
