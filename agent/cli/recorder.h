/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder: a process of its own that loads the probes, reads the ring and writes the records, so that
 * neither the terminal's signals nor a stopped foreground job can hold it up.
 */
#ifndef SESHAT_CLI_RECORDER_H
#define SESHAT_CLI_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cli/command.h"
#include "kernel/choices.h"
#include "kernel/strategy.h"

struct recorder_config {
	struct command *command; /* whose session it is, spawned, not yet let go; borrowed */
	size_t ring_size;	 /* bytes */
	struct choices choices;	 /* kinds of events */
	enum strategy_choice strategy;
	int json;	  /* where JSON lines go, or -1; borrowed */
	int pretty;	  /* where readable lines go, or -1; borrowed */
	bool interactive; /* is standard input a terminal */

	/* Instead of all these: */
	const char *
		agent; /* the control socket of the agent that is to record; NULL: nobody else is */
	int sid;       /* where the session's id goes to, or -1; borrowed */
	const char *tty; /* the name of the terminal that standard input is, or NULL; borrowed */
};

struct recorder {
	pid_t pid;
	/* a byte comes from here when the session is ready; end of file means that it failed */
	int ready;
	int orders; /* a byte written here ends the session, whatever still runs; or the waiting for the agent's */
	const char *loss; /* what it means when it is killed, in words */
};

/* Forks the recorder. Returns 0 or negative errno. */
int recorder_spawn(struct recorder *ret, const struct recorder_config *config);

/* Waits for a recorder that failed to get ready. Returns the exit status that it ended with. */
int recorder_wait(const struct recorder *recorder);

/* Waits until the command may be let go. Returns whether it may; if not, the recorder has said why, and exits. */
bool recorder_wait_ready(struct recorder *recorder);

/* Ends the session now: what still runs is named in session.end. The agent's goes on. May be called more than once. */
void recorder_stop(struct recorder *recorder);

#endif
