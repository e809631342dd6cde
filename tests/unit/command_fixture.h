/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command of the program, run in a child.
 */
#ifndef SESHAT_TESTS_COMMAND_FIXTURE_H
#define SESHAT_TESTS_COMMAND_FIXTURE_H

#include "child.h"

enum {
	TEXT_SIZE = 65536,
	ARGUMENTS_MAX = 12,
};

struct command {
	int (*main)(int argc, char **argv);
	const char *arguments[ARGUMENTS_MAX]; /* the name first */
};

/* argp ends the process: what the test itself still holds there is no leak. */
static inline void leave(int status, void *argument)
{
	(void)argument;
	fflush(NULL);
	_exit(status);
}

static inline void run_command(void *argument)
{
	const struct command *command = argument;
	char *argv[ARGUMENTS_MAX + 1] = { NULL };
	int argc = 0;

	while (command->arguments[argc]) {
		argv[argc] = strdup(command->arguments[argc]);
		argc++;
	}
	child_check(on_exit(leave, NULL) == 0);
	exit(command->main(argc, argv));
}

#endif
