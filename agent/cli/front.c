/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/front.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "session/cgroup.h"

struct front {
	struct command *command;
	struct recorder *recorder;
	bool no_wait;
	bool command_ended;
	bool recorder_ended;
	bool recorder_failed;
	bool stopping;
	int status; /* of the command, as an exit status */
};

/* Has the process been continued, with the rest of its group, since it was stopped? Leaves that to be reaped. */
static bool is_continued(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WCONTINUED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

/*
 * The command has been stopped. So is this process, by the same signal, so that a shell that waits for it sees what
 * it would have seen of the command. Comes back once it is continued, and then continues the command. In an orphaned
 * process group the kernel does not stop anything (nobody could continue it): then this goes on waiting.
 */
static void stop_too(struct front *front, int signal_number)
{
	struct sigaction act = { .sa_handler = SIG_DFL }, old;
	const struct timespec now = { 0 };
	sigset_t one, cont;

	sigemptyset(&one);
	sigaddset(&one, signal_number);
	sigemptyset(&cont);
	sigaddset(&cont, SIGCONT);
	(void)sigaction(signal_number, &act, &old);
	(void)raise(signal_number);
	(void)sigprocmask(SIG_UNBLOCK, &one, NULL);
	/* Stopped here. */
	(void)sigprocmask(SIG_BLOCK, &one, NULL);
	(void)sigaction(signal_number, &old, NULL);
	/* Once more, and late, it could take back the stop that has come next. */
	if (sigtimedwait(&cont, NULL, &now) == SIGCONT && !is_continued(front->command->pid))
		(void)kill(front->command->pid, SIGCONT);
}

/* One that ended well has seen the last process of the session end, though it may not be reaped yet. */
static void reap_recorder(struct front *front, int status)
{
	if (!WIFEXITED(status) && !WIFSIGNALED(status))
		return;
	front->recorder_ended = true;
	front->recorder_failed = WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
	if (front->recorder_failed)
		log_error("%s", front->recorder->loss);
}

static void command_is_over(struct front *front, int status)
{
	int error = command_failure(front->command);

	if (error)
		log_error("cannot execute %s: %s", front->command->argv[0], strerror(error));
	front->command_ended = true;
	front->status = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_SIGNAL + WTERMSIG(status);
}

static void reap(struct front *front)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
		if (pid == front->recorder->pid) {
			reap_recorder(front, status);
		} else if (pid == front->command->pid) {
			if (WIFSTOPPED(status)) {
				stop_too(front, WSTOPSIG(status));
			} else if (WIFEXITED(status) || WIFSIGNALED(status)) {
				command_is_over(front, status);
			}
		}
	}
}

/*
 * Somebody does not want to wait for what the command left behind: the session ends now. The second time the recorder
 * itself is what is waited for, perhaps because nobody reads what it writes.
 */
static void stop_waiting(struct front *front)
{
	if (front->stopping)
		(void)kill(front->recorder->pid, SIGKILL);
	front->stopping = true;
	recorder_stop(front->recorder);
}

static void handle_signal(struct front *front, const siginfo_t *info)
{
	if (info->si_signo == SIGCHLD) {
		reap(front);
		return;
	}
	if (front->command_ended) {
		if (info->si_signo == SIGINT || info->si_signo == SIGTERM ||
		    info->si_signo == SIGHUP || info->si_signo == SIGQUIT)
			stop_waiting(front);
		return;
	}
	/* From the terminal or the kernel: the command's process group has it. From the command: not back to it. */
	if (info->si_code == SI_KERNEL || info->si_pid == front->command->pid)
		return;
	(void)kill(front->command->pid, info->si_signo);
}

int front_wait(struct command *command, struct recorder *recorder, bool no_wait)
{
	struct front front = { .command = command, .recorder = recorder, .no_wait = no_wait };
	sigset_t set;
	siginfo_t info;

	signals_waited(&set);
	reap(&front);
	while (!front.command_ended || !front.recorder_ended) {
		if (front.command_ended && front.no_wait)
			recorder_stop(recorder);
		if (sigwaitinfo(&set, &info) < 0) {
			if (errno != EINTR)
				log_error("cannot wait for the command: %s", strerror(errno));
			continue;
		}
		handle_signal(&front, &info);
	}
	/* One that was killed could not clear up. */
	if (front.recorder_failed)
		cgroup_sweep();
	return front.status;
}
