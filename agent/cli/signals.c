/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signals.h"

#include <stddef.h>
#include <time.h>

static const int WAITED[] = {
	SIGCHLD, SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1, SIGUSR2,	  SIGALRM, SIGTSTP,
	SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH, SIGIO,   SIGPWR,  SIGVTALRM, SIGPROF,
};

void signals_waited(sigset_t *ret)
{
	sigemptyset(ret);
	for (size_t i = 0; i < sizeof(WAITED) / sizeof(WAITED[0]); i++)
		sigaddset(ret, WAITED[i]);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		sigaddset(ret, number);
}

void signals_take(struct signals *ret)
{
	const struct sigaction reaped = { .sa_handler = SIG_DFL },
			       ignored = { .sa_handler = SIG_IGN };
	sigset_t set;

	signals_waited(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &ret->mask);
	(void)sigaction(SIGCHLD, &reaped, &ret->child);
	(void)sigaction(SIGPIPE, &ignored, &ret->pipe);
}

void signals_give(const struct signals *signals)
{
	(void)sigaction(SIGPIPE, &signals->pipe, NULL);
	(void)sigaction(SIGCHLD, &signals->child, NULL);
	(void)sigprocmask(SIG_SETMASK, &signals->mask, NULL);
}

void signals_pass_on(pid_t command)
{
	const struct timespec now = { 0 };
	sigset_t set;
	int number;

	signals_waited(&set);
	sigdelset(&set, SIGCHLD);
	while ((number = sigtimedwait(&set, NULL, &now)) > 0)
		(void)kill(command, number);
}
