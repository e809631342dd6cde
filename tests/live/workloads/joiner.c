/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process with argv[1] threads besides the leader, that says who they are and waits for a byte on standard
 * input (by then the test has moved it somewhere); then each thread, in turn, tries to open argv[2]/INDEX.
 */
#include "facts.h"

#include <fcntl.h>
#include <pthread.h>

static const char *folder;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void try_open(long index)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%ld", folder, index);
	if (open(path, O_RDONLY) >= 0 || errno != ENOENT)
		die("open");
}

static void tell(long index)
{
	struct facts f;

	facts_begin(&f, "thread");
	facts_add(&f, ",\"index\":%ld", index);
	facts_end(&f);
}

static void *run(void *userdata)
{
	tell((long)userdata);
	pthread_mutex_lock(&turn);
	try_open((long)userdata);
	pthread_mutex_unlock(&turn);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[64];
	int count = argc == 3 ? atoi(argv[1]) : 64;

	if (count >= 64)
		die("arguments");
	folder = argv[2];
	pthread_mutex_lock(&turn);
	for (long i = 1; i <= count; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)i) != 0)
			die("thread");
	tell(0);
	wait_byte(0);
	try_open(0);
	pthread_mutex_unlock(&turn);
	for (int i = 1; i <= count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
