/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Try to fool the recorder: while one thread opens the path in a buffer argv[3] times, another writes argv[1] and argv[2]
 * (of the same length) into that buffer by turns; likewise with the port of an address that is connected to. Tells
 * which file and which port the kernel took each time.
 */
#include "facts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

static char path[4096];
static struct sockaddr_in to = { .sin_family = AF_INET };
static atomic_int stop;
static char *names[2];

static void *flip(void *userdata)
{
	size_t size = strlen(names[0]);

	(void)userdata;
	for (unsigned int i = 0; !atomic_load(&stop); i++) {
		memcpy(path, names[i & 1], size);
		*(volatile in_port_t *)&to.sin_port = htons((unsigned short)(10001 + (i & 1)));
	}
	return NULL;
}

static void open_once(void)
{
	int fd = open(path, O_RDONLY);
	struct facts f;
	struct stat st;

	facts_begin(&f, "open");
	if (fd < 0 || fstat(fd, &st) < 0) {
		facts_add(&f, ",\"result\":%d", -errno);
	} else {
		facts_add(&f, ",\"result\":%d,\"inode\":%lu", fd, st.st_ino);
		close(fd);
	}
	facts_end(&f);
}

static void connect_once(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in peer = { 0 };
	socklen_t size = sizeof(peer);
	struct facts f;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    getpeername(fd, (struct sockaddr *)&peer, &size) < 0)
		die("connect");
	facts_begin(&f, "connect");
	facts_add(&f, ",\"port\":%u", ntohs(peer.sin_port));
	facts_end(&f);
	close(fd);
}

int main(int argc, char **argv)
{
	int count = argc == 4 ? atoi(argv[3]) : 0;
	pthread_t thread;

	if (argc != 4 || strlen(argv[1]) != strlen(argv[2]))
		die("arguments");
	names[0] = argv[1];
	names[1] = argv[2];
	strcpy(path, argv[1]);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(10001);
	if (pthread_create(&thread, NULL, flip, NULL) != 0)
		die("thread");
	for (int i = 0; i < count; i++) {
		open_once();
		connect_once();
	}
	atomic_store(&stop, 1);
	pthread_join(thread, NULL);
	return 0;
}
