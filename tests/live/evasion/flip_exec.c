/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While one thread writes argv[1] and argv[2] (of the same length) by turns into the path, and argv[3] and argv[4] into
 * the last argument, another executes PATH "zero" "-c" ARGUMENT argv[5] times, in children that share its memory.
 * Tells the exit code of each.
 */
#include "facts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

static atomic_int stop;
static char path[4096], argument[4096];
static char **texts;

static void *flip(void *userdata)
{
	size_t paths = strlen(texts[1]), arguments = strlen(texts[3]);

	(void)userdata;
	for (unsigned int i = 0; !atomic_load(&stop); i++) {
		memcpy(path, texts[1 + (i & 1)], paths);
		memcpy(argument, texts[3 + (i & 1)], arguments);
	}
	return NULL;
}

static void execute(void)
{
	char zero[] = "zero", option[] = "-c";
	char *argv[] = { zero, option, argument, NULL };
	pid_t pid = vfork();
	struct facts f;
	int status;

	if (pid == 0) {
		execve(path, argv, NULL);
		_exit(99);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("child");
	facts_begin(&f, "exec");
	facts_add(&f, ",\"child\":%d,\"code\":%d", pid, WEXITSTATUS(status));
	facts_end(&f);
}

int main(int argc, char **argv)
{
	long count = argc == 6 ? atol(argv[5]) : -1;
	pthread_t thread;

	texts = argv;
	if (count < 0)
		die("arguments");
	strcpy(path, argv[1]);
	strcpy(argument, argv[3]);
	if (pthread_create(&thread, NULL, flip, NULL) != 0)
		die("thread");
	for (long i = 0; i < count; i++)
		execute();
	atomic_store(&stop, 1);
	return pthread_join(thread, NULL) != 0;
}
