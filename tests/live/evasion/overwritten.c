/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Send datagrams to the unix socket argv[1] until its queue is full and the call waits; then another thread overwrites the
 * address in memory with argv[2], and makes room. Tells how many were sent, the last one included.
 */
#include "facts.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static const char *decoy;
static int receiver;
static pid_t sender;

static void *overwrite(void *userdata)
{
	char data[16], folder[64];

	(void)userdata;
	snprintf(folder, sizeof(folder), "/proc/self/task/%d", sender);
	await_state(folder, 'S');
	strcpy(address.sun_path, decoy);
	if (recv(receiver, data, sizeof(data), 0) < 0)
		die("recv");
	return NULL;
}

int main(int argc, char **argv)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), sent = 0;
	struct facts f;
	pthread_t thread;

	if (argc != 3)
		die("arguments");
	decoy = argv[2];
	sender = gettid();
	receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
	strcpy(address.sun_path, argv[1]);
	if (bind(receiver, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("bind");
	while (sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof(address)) == 1)
		sent++;
	if (pthread_create(&thread, NULL, overwrite, NULL) != 0)
		die("thread");
	if (sendto(fd, "y", 1, 0, (struct sockaddr *)&address, sizeof(address)) != 1)
		die("sendto");
	pthread_join(thread, NULL);
	facts_begin(&f, "sent");
	facts_add(&f, ",\"count\":%d", sent + 1);
	facts_end(&f);
	return 0;
}
