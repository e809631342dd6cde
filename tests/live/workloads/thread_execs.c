/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread_execs COUNT FOLDER PROGRAM: COUNT children, one after the other, in each of which a thread that is not the
 * leader executes PROGRAM: in every other one after it tried to open FOLDER/NUMBER.
 */
#include "facts.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

static const char *folder, *program;

static void *run(void *userdata)
{
	long number = (long)userdata;
	char path[256];

	snprintf(path, sizeof(path), "%s/%ld", folder, number);
	if (number % 2 && (open(path, O_RDONLY) >= 0 || errno != ENOENT))
		die("open");
	execl(program, program, NULL);
	die("exec");
	return NULL;
}

static _Noreturn void child(long number)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, (void *)number) != 0)
		die("thread");
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int count = argc == 4 ? atoi(argv[1]) : -1, status;

	if (count < 0)
		die("arguments");
	folder = argv[2];
	program = argv[3];
	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0)
			child(i);
		if (waitpid(pid, &status, 0) != pid || status != 0)
			die("child");
	}
	return 0;
}
