/* SPDX-License-Identifier: Apache-2.0 */
/* The command to audit: found, started, held until its session is ready. */
#ifndef SESHAT_CLI_COMMAND_H
#define SESHAT_CLI_COMMAND_H

#include <sys/types.h>

#include "cli/signals.h"

struct command {
	char **argv; /* borrowed, ends with NULL */
	char *path;  /* what to execute, owned */
	pid_t pid;   /* 0 before command_spawn() */
	int go;	     /* written to by command_go(), owned */
	int failure; /* the errno of a failed exec comes from here, owned */
};

/*
 * Finds argv[0] as execvp(3) does. Returns 0, or an exit status: STATUS_NOT_FOUND or STATUS_NOT_EXECUTABLE, told on
 * standard error.
 */
int command_find(struct command *ret, char **argv);

/*
 * Forks the process that is going to be the command, with everything as this process has it but the signals, which are
 * given back, and waiting. Returns 0 or negative errno.
 */
int command_spawn(struct command *command, const struct signals *signals);

/* Lets it execute. */
void command_go(struct command *command);

/*
 * Once the process has ended: the errno (positive) of its exec, if that failed, and then it has ended with
 * STATUS_NOT_EXECUTABLE or STATUS_NOT_FOUND; else 0.
 */
int command_failure(struct command *command);

/*
 * Lets go of the process without ending it: in a child of this one, which would hold the pipes open in which the other
 * two see each other's end.
 */
void command_forget(struct command *command);

/* Ends a process that was never let go, and reaps it; frees. */
void command_discard(struct command *command);

#endif
