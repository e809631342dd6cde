/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moving FROM TO COUNT: open the file FROM again, by its descriptor, COUNT times, while a thread moves it to TO and back
 * without a pause.
 */
#include "facts.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>

struct move {
	const char *from, *to;
	volatile bool done;
};

static void *move_it(void *userdata)
{
	const struct move *move = userdata;

	while (!move->done)
		if (rename(move->from, move->to) < 0 || rename(move->to, move->from) < 0)
			die("rename");
	return NULL;
}

int main(int argc, char **argv)
{
	struct move move = { 0 };
	pthread_t thread;
	char link[64];
	int fd, again;

	if (argc != 4)
		return 2;
	move.from = argv[1];
	move.to = argv[2];
	fd = open(move.from, O_RDONLY);
	if (fd < 0)
		die(move.from);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (pthread_create(&thread, NULL, move_it, &move) != 0)
		die("thread");
	for (int i = 0; i < atoi(argv[3]); i++) {
		again = open(link, O_RDONLY);
		if (again < 0)
			die(link);
		close(again);
	}
	move.done = true;
	pthread_join(thread, NULL);
	return 0;
}
