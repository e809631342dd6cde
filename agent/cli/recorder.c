/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/audit.h"
#include "cli/status.h"
#include "cli/watcher.h"

enum {
	PRIORITY = -10, /* nice value */
};

/*
 * A process group of its own: the terminal's signals, and stops, go to the foreground group alone. Writing to the
 * terminal from there must not stop it either (stty tostop). When everybody is told to end (a shutdown), it ends
 * with the last process of the session; and a limit on the size of files is an error of the file that has it.
 */
static void step_aside(void)
{
	static const int IGNORED[] = { SIGINT,	SIGQUIT, SIGHUP,  SIGPIPE, SIGTSTP,
				       SIGTTIN, SIGTTOU, SIGTERM, SIGXFSZ, SIGXCPU };
	sigset_t none;

	(void)setpgid(0, 0);
	for (size_t i = 0; i < sizeof(IGNORED) / sizeof(IGNORED[0]); i++)
		(void)signal(IGNORED[i], SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Nothing of COMMAND's that this process would only hold open: the ends of its pipes, the file system that its working
 * directory is on. Standard error stays, for messages.
 */
static void let_go(void)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    chdir("/") < 0)
		log_warning("the recorder cannot let go of the command's files: %s, ignoring",
			    strerror(errno));
}

/*
 * The session may be busier than there are processors, and keep the recorder from one: records are then lost. As
 * auditd does, with its priority_boost. And it has descriptors of its own, whatever limit COMMAND is to run under.
 */
static void claim_resources(void)
{
	struct rlimit files;

	if (setpriority(PRIO_PROCESS, 0, PRIORITY) < 0)
		log_warning("the recorder runs at a lower priority than it should: %s, ignoring",
			    strerror(errno));
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

static int record(const struct recorder_config *config, int ready, int orders)
{
	struct audit *audit = NULL;
	int status;

	claim_resources();
	status = audit_begin(&audit, config);
	if (status)
		return status;
	if (fd_write_all(ready, "r", 1) < 0)
		log_warning("the process that waits for the command is gone");
	fd_close(ready);
	audit_follow(audit, orders);
	return audit_end(audit);
}

int recorder_spawn(struct recorder *ret, const struct recorder_config *config)
{
	_cleanup_close_ int ready_read = -1, ready_write = -1, orders_read = -1, orders_write = -1;
	int ready[2], orders[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	ready_read = ready[0];
	ready_write = ready[1];
	if (pipe2(orders, O_CLOEXEC) < 0)
		return -errno;
	orders_read = orders[0];
	orders_write = orders[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		orders_write = fd_close(orders_write);
		ready_read = fd_close(ready_read);
		command_forget(config->command);
		step_aside();
		let_go();
		_exit((config->agent ? watcher_run : record)(config, TAKE_FD(ready_write),
							     orders_read));
	}
	*ret = (struct recorder){
		.pid = pid,
		.ready = TAKE_FD(ready_read),
		.orders = TAKE_FD(orders_write),
		.loss = config->agent ?
				"nobody waits for the end of the session any more" :
				"the recorder was ended: the session is not audited any more",
	};
	return 0;
}

bool recorder_wait_ready(struct recorder *recorder)
{
	char byte;
	bool ready = fd_read_all(recorder->ready, &byte, 1) == 1;

	recorder->ready = fd_close(recorder->ready);
	return ready;
}

int recorder_wait(const struct recorder *recorder)
{
	int status;

	while (waitpid(recorder->pid, &status, 0) < 0)
		if (errno != EINTR)
			return STATUS_FAILED;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		return WEXITSTATUS(status);
	log_error("the recorder was ended before the session began");
	return STATUS_FAILED;
}

void recorder_stop(struct recorder *recorder)
{
	/* Full or broken: it has been told, or is gone. */
	if (recorder->orders >= 0)
		(void)fd_write(recorder->orders, "s", 1);
	recorder->orders = fd_close(recorder->orders);
}
