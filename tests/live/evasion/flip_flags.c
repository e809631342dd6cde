/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While one thread writes O_RDONLY and O_RDWR | O_APPEND by turns into the structure that openat2(2) takes, another opens
 * argv[1] with it argv[2] times. Tells the flags that each descriptor has.
 */
#include "facts.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int stop;
static struct open_how how;

static void *flip(void *userdata)
{
	(void)userdata;
	while (!atomic_load(&stop)) {
		*(volatile __u64 *)&how.flags = O_RDONLY;
		*(volatile __u64 *)&how.flags = O_RDWR | O_APPEND;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : -1;
	pthread_t thread;
	int fd;

	if (count < 0)
		die("arguments");
	if (pthread_create(&thread, NULL, flip, NULL) != 0)
		die("thread");
	for (long i = 0; i < count; i++) {
		fd = (int)syscall(SYS_openat2, AT_FDCWD, argv[1], &how, sizeof(how));
		if (fd < 0)
			die("openat2");
		printf("%d\n", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND));
		close(fd);
	}
	atomic_store(&stop, 1);
	return pthread_join(thread, NULL) != 0;
}
