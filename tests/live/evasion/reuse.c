/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Make argv[2] processes one after another which all have the same pid. By turns they are a child of this process that
 * opens /none/ROUND and executes argv[1] with ROUND as its argument, and one of another process that only opens. Tells the
 * pid, and for each round the parent.
 */
#include "facts.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

static pid_t make(pid_t wanted)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&wanted,
		.set_tid_size = 1,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void child(char *program, long round)
{
	char path[64], number[24];
	char *words[] = { program, number, NULL };

	snprintf(number, sizeof(number), "%ld", round);
	snprintf(path, sizeof(path), "/none/%s", number);
	if (open(path, O_RDONLY) >= 0)
		_exit(98);
	if (program)
		execve(program, words, NULL);
	_exit(program ? 99 : 7);
}

static void round_run(pid_t wanted, char *program, long round)
{
	pid_t pid = make(wanted);
	struct facts f;

	if (pid == 0)
		child(program, round);
	if (pid != wanted || waitpid(pid, NULL, 0) != pid)
		die("clone3");
	facts_begin(&f, "round");
	facts_add(&f, ",\"child\":%d,\"round\":%ld", pid, round);
	facts_end(&f);
}

int main(int argc, char **argv)
{
	long rounds = argc == 3 ? atol(argv[2]) : -1;
	/* One that was just in use is not the next one that anybody gets. */
	pid_t wanted = fork(), pid;

	if (wanted == 0)
		_exit(0);
	if (rounds < 0 || wanted < 0 || waitpid(wanted, NULL, 0) != wanted)
		die("fork");
	for (long i = 0; i < rounds; i += 2) {
		round_run(wanted, argv[1], i);
		pid = fork();
		if (pid == 0) {
			round_run(wanted, NULL, i + 1);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			die("child");
	}
	return 0;
}
