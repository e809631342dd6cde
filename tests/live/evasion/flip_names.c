/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While one thread exchanges argv[1] and argv[2] (directories, or symbolic links to them) as fast as it can, another opens
 * the file argv[3] below argv[1] argv[4] times. Tells which file each call gave.
 */
#include "facts.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

static atomic_int stop;
static char **names;

static void *flip(void *userdata)
{
	(void)userdata;
	while (!atomic_load(&stop))
		if (syscall(SYS_renameat2, AT_FDCWD, names[1], AT_FDCWD, names[2],
			    RENAME_EXCHANGE) < 0)
			die("renameat2");
	return NULL;
}

int main(int argc, char **argv)
{
	long count = argc == 5 ? atol(argv[4]) : -1;
	pthread_t thread;
	char path[4096];
	struct stat st;
	int fd;

	names = argv;
	if (count < 0 || snprintf(path, sizeof(path), "%s/%s", argv[1], argv[3]) >= 4096)
		die("arguments");
	if (pthread_create(&thread, NULL, flip, NULL) != 0)
		die("thread");
	for (long i = 0; i < count; i++) {
		fd = open(path, O_RDONLY);
		if (fd < 0 || fstat(fd, &st) < 0)
			die("open");
		printf("%lu\n", st.st_ino);
		close(fd);
	}
	atomic_store(&stop, 1);
	return pthread_join(thread, NULL) != 0;
}
