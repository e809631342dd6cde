/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals of the process that stands where COMMAND would: taken over before anything is forked, and given back to
 * COMMAND as they were.
 */
#ifndef SESHAT_CLI_SIGNALS_H
#define SESHAT_CLI_SIGNALS_H

#include <signal.h>
#include <sys/types.h>

/* What was before. */
struct signals {
	sigset_t mask;
	struct sigaction child; /* SIGCHLD */
	struct sigaction pipe;	/* SIGPIPE */
};

/*
 * Blocks what is waited for (signals_waited()), makes children wait to be reaped whatever the parent left SIGCHLD at, and
 * ignores SIGPIPE. *ret remembers what was.
 */
void signals_take(struct signals *ret);

/* Undoes signals_take(): in a child, before it executes. */
void signals_give(const struct signals *signals);

/*
 * SIGCHLD, and all signals that a user or a program sends to this process and means for COMMAND. SIGKILL and SIGSTOP
 * nobody can pass on.
 */
void signals_waited(sigset_t *ret);

/*
 * Passes on to COMMAND, before it is let go, what has come until now. A signal for the whole process group, the
 * terminal's above all, may have come before there was a process for COMMAND. If that has it, too, nothing is done
 * twice: it has all of these blocked, and a signal waits only once.
 */
void signals_pass_on(pid_t command);

#endif
