/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/front.h"
#include "cli/preflight.h"
#include "cli/recorder.h"
#include "cli/size.h"
#include "cli/status.h"

enum {
	KEY_PRETTY = 256,
	KEY_NO_WAIT,
	KEY_BUFFER_SIZE,

	BUFFER_DEFAULT = 16 << 20,
	BUFFER_MIN = 64 << 10,
	BUFFER_MAX = 1 << 30,
	FILE_MODE = 0600,
};

struct run_options {
	const char *output; /* NULL: standard error; "-": standard output */
	bool pretty;
	bool no_wait;
	size_t buffer_size;
	char **command; /* ends with NULL */
};

static const struct argp_option OPTIONS[] = {
	{ "output", 'o', "FILE", 0,
	  "append the records to FILE, as JSON lines; - is standard output, "
	  "and standard error the default",
	  0 },
	{ "pretty", KEY_PRETTY, NULL, 0,
	  "show the records on standard error, one readable line each; with -o "
	  "beside the JSON, else instead of it",
	  0 },
	{ "no-wait", KEY_NO_WAIT, NULL, 0,
	  "end the session with COMMAND; without this, processes that outlive "
	  "COMMAND are waited for and recorded until they end",
	  0 },
	{ "buffer-size", KEY_BUFFER_SIZE, "SIZE", 0,
	  "of the ring buffer between kernel and recorder: a power of "
	  "two, from 64K to 1G (default: 16M)",
	  0 },
	{ 0 },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct run_options *options = state->input;

	switch (key) {
	case 'o':
		options->output = argument;
		return 0;
	case KEY_PRETTY:
		options->pretty = true;
		return 0;
	case KEY_NO_WAIT:
		options->no_wait = true;
		return 0;
	case KEY_BUFFER_SIZE:
		if (size_parse(argument, BUFFER_MIN, BUFFER_MAX, &options->buffer_size) < 0)
			argp_error(state, "bad buffer size: %s (a power of two, from 64K to 1G)",
				   argument);
		return 0;
	case ARGP_KEY_ARG:
		/* Options end here: what follows is COMMAND's. */
		options->command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no COMMAND given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp PARSER = {
	.options = OPTIONS,
	.parser = parse_option,
	.args_doc = "COMMAND [ARG...]",
	.doc = "Run COMMAND as an audited session: every program that it and its descendants execute, every file "
	       "they open and every connection they make becomes a JSON record."
	       "\vThe exit status is COMMAND's, 128+N when signal N ended it; 119 to 127 say what kept it from "
	       "running, see seshat(1).",
};

/* A descriptor of the recorder's own, not COMMAND's. */
static int open_output(const char *name)
{
	int fd;

	if (!name || strcmp(name, "-") == 0)
		fd = fcntl(name ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, FILE_MODE);
	return fd < 0 ? -errno : fd;
}

static int open_outputs(const struct run_options *options, struct recorder_config *config)
{
	if (options->output || !options->pretty) {
		config->json = open_output(options->output);
		if (config->json < 0) {
			log_error("cannot write %s: %s",
				  options->output ? options->output : "standard error",
				  strerror(-config->json));
			return STATUS_FILE;
		}
	}
	if (options->pretty) {
		config->pretty = open_output(NULL);
		if (config->pretty < 0) {
			log_error("cannot write standard error: %s", strerror(-config->pretty));
			return STATUS_FILE;
		}
	}
	return 0;
}

static int audit_command(struct command *command, const struct run_options *options,
			 struct recorder_config *config)
{
	struct recorder recorder;
	struct signals signals;
	int r;

	signals_take(&signals);
	r = command_spawn(command, &signals);
	if (r == 0) {
		config->command = command;
		r = recorder_spawn(&recorder, config);
	}
	if (r < 0) {
		log_error("cannot start a process: %s", strerror(-r));
		return STATUS_FAILED;
	}
	if (!recorder_wait_ready(&recorder))
		return recorder_wait(&recorder);
	r = command_go(command);
	if (r > 0)
		log_error("cannot execute %s: %s", command->argv[0], strerror(r));
	return front_wait(command, &recorder, options->no_wait);
}

int run_main(int argc, char **argv)
{
	struct run_options options = { .buffer_size = BUFFER_DEFAULT };
	struct recorder_config config = { .json = -1, .pretty = -1 };
	struct command command;
	char name[] = "seshat run";
	int status;

	argv[0] = name;
	argp_err_exit_status = STATUS_FAILED;
	if (argp_parse(&PARSER, argc, argv, ARGP_IN_ORDER, NULL, &options))
		return STATUS_FAILED;
	status = command_find(&command, options.command);
	if (status)
		return status;
	config.ring_size = options.buffer_size;
	config.interactive = isatty(STDIN_FILENO);
	status = preflight();
	if (!status)
		status = open_outputs(&options, &config);
	if (!status)
		status = audit_command(&command, &options, &config);
	command_discard(&command);
	fd_close(config.json);
	fd_close(config.pretty);
	return status;
}
