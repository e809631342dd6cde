/* SPDX-License-Identifier: Apache-2.0 */
/* Make a child that is born in the cgroup whose folder is argv[1]; the child tries to open argv[2] and exits. */
#include "facts.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP };
	struct facts f;
	pid_t pid;
	int fd;

	if (argc != 3 || (fd = open(argv[1], O_PATH | O_DIRECTORY)) < 0)
		die("cgroup");
	args.cgroup = (__u64)fd;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		die("clone3");
	if (pid == 0) {
		facts_begin(&f, "born");
		if (open(argv[2], O_RDONLY) >= 0 || errno != ENOENT)
			die("open");
		facts_end(&f);
		_exit(0);
	}
	if (waitpid(pid, NULL, 0) != pid)
		die("waitpid");
	return 0;
}
