/* SPDX-License-Identifier: Apache-2.0 */
/* seshat: the command. */
#include <argp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/ask.h"
#include "cli/check.h"
#include "cli/run.h"
#include "cli/session_command.h"
#include "cli/sessions.h"
#include "cli/show.h"
#include "cli/status.h"
#include "cli/tail.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} COMMANDS[] = {
	{ "run", run_main },	   { "status", status_main }, { "sessions", sessions_main },
	{ "tail", tail_main },	   { "show", show_main },     { "session", session_main },
	{ "rotate", rotate_main }, { "reload", reload_main }, { "check", check_main },
};

const char *argp_program_version = "seshat " SESHAT_VERSION;

struct invocation {
	int argc;
	char **argv; /* of the command: its name first */
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct invocation *invocation = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_ARG:
		invocation->argv = &state->argv[state->next - 1];
		invocation->argc = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no command given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp PARSER = {
	.parser = parse_option,
	.args_doc = "COMMAND [OPTION...] [ARGUMENT...]",
	.doc = "Record what a session does: programs, files, connections, as the kernel saw them."
	       "\vCommands:\n"
	       "  run        audit one command as a session, with no agent running\n"
	       "  status     show how the agent does\n"
	       "  sessions   list sessions, open and past\n"
	       "  tail       show the newest records\n"
	       "  show       show one session\n"
	       "  session    open or close a session\n"
	       "  rotate     begin a new log file\n"
	       "  reload     read the configuration again\n"
	       "  check      find out whether auditing works here\n"
	       "\n"
	       "\"seshat COMMAND --help\" shows the options of a command.",
};

int main(int argc, char **argv)
{
	struct invocation invocation = { 0 };
	char name[] = "seshat";

	/* What argp begins its messages with. */
	if (argc > 0)
		argv[0] = name;
	log_set_program("seshat");
	argp_err_exit_status = STATUS_FAILED;
	if (argp_parse(&PARSER, argc, argv, ARGP_IN_ORDER, NULL, &invocation))
		return STATUS_FAILED;
	for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++)
		if (strcmp(invocation.argv[0], COMMANDS[i].name) == 0)
			return COMMANDS[i].main(invocation.argc, invocation.argv);
	log_error("no such command: %s (see seshat --help)", invocation.argv[0]);
	return STATUS_FAILED;
}
