/* SPDX-License-Identifier: Apache-2.0 */
/*
 * joined LEADER FOLDER [PROGRAM [ARG...]]: a process of a leader, an actor and three more threads, that a test moves
 * somewhere. A byte on standard input lets each step happen:
 *
 *	LEADER "ended": the leader's thread ends before anything else; "ends": at a byte, after it tried to open
 *	FOLDER/leader; "waits": never, until the process ends.
 *	Then the actor waits for a byte and tries to open FOLDER/actor, unless FOLDER is empty. It executes PROGRAM;
 *	or, where there is none, lets the others try to open FOLDER/1 to FOLDER/3, each of which ends then, as it does.
 */
#include "facts.h"

#include <fcntl.h>
#include <pthread.h>

enum { OTHERS = 3 };

static const char *mode, *folder;
static char **program;
static pthread_mutex_t input = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t told, released;

static void try_open(const char *name)
{
	char path[256];

	if (!*folder)
		return;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (open(path, O_RDONLY) >= 0 || errno != ENOENT)
		die("open");
}

static void tell(const char *name)
{
	struct facts f;

	facts_begin(&f, name);
	facts_end(&f);
}

static void *act(void *userdata)
{
	(void)userdata;
	tell("actor");
	pthread_barrier_wait(&told);
	pthread_mutex_lock(&input);
	wait_byte(0);
	try_open("actor");
	if (*program) {
		execv(*program, program);
		die("exec");
	}
	pthread_barrier_wait(&released);
	return NULL;
}

static void *follow(void *userdata)
{
	tell(userdata);
	pthread_barrier_wait(&told);
	pthread_barrier_wait(&released);
	try_open(userdata);
	return NULL;
}

int main(int argc, char **argv)
{
	static char names[OTHERS][2] = { "1", "2", "3" };
	pthread_t thread, actor;

	if (argc < 3)
		die("arguments");
	mode = argv[1];
	folder = argv[2];
	program = argv + 3;
	pthread_barrier_init(&told, NULL, OTHERS + 2);
	pthread_barrier_init(&released, NULL, OTHERS + 1);
	pthread_mutex_lock(&input);
	tell("leader");
	if (pthread_create(&actor, NULL, act, NULL) != 0)
		die("thread");
	for (int i = 0; i < OTHERS; i++)
		if (pthread_create(&thread, NULL, follow, names[i]) != 0)
			die("thread");
	pthread_barrier_wait(&told);
	if (strcmp(mode, "ends") == 0) {
		wait_byte(0);
		try_open("leader");
	}
	pthread_mutex_unlock(&input);
	if (strcmp(mode, "waits") == 0)
		pthread_join(actor, NULL);
	pthread_exit(NULL);
}
