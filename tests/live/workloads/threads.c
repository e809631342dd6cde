/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argv[1] threads at once, argv[2] rounds each: try to open a file named after thread and round, connect a UDP socket to
 * 127.0.0.1 at the port 10000 + round, and send a datagram without connect to port 20000 + round.
 */
#include "facts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

static int rounds;
static pthread_barrier_t start;

static void *run(void *userdata)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	long index = (long)userdata;
	struct facts f;
	char path[64];

	facts_begin(&f, "thread");
	facts_add(&f, ",\"index\":%ld", index);
	facts_end(&f);
	pthread_barrier_wait(&start);
	for (int i = 0; i < rounds; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0), bare = socket(AF_INET, SOCK_DGRAM, 0);

		snprintf(path, sizeof(path), "/seshat-threads/%ld/%d", index, i);
		if (open(path, O_RDONLY) >= 0 || errno != ENOENT)
			die("open");
		to.sin_port = htons((unsigned short)(10000 + i));
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("connect");
		to.sin_port = htons((unsigned short)(20000 + i));
		if (sendto(bare, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1)
			die("sendto");
		close(fd);
		close(bare);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[256];
	int count = argc == 3 ? atoi(argv[1]) : 0;

	rounds = argc == 3 ? atoi(argv[2]) : 0;
	if (count < 1 || count > 256 ||
	    pthread_barrier_init(&start, NULL, (unsigned int)count) != 0)
		die("arguments");
	for (long i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)i) != 0)
			die("thread");
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
