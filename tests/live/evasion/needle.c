/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hide one exec among argv[2] opens of argv[1] by each of argv[3] processes at full speed: when half of them are done, a
 * child executes argv[4].
 */
#include "facts.h"

#include <fcntl.h>
#include <sys/wait.h>

static void flood(const char *path, long count)
{
	for (long i = 0; i < count; i++) {
		int fd = open(path, O_RDONLY);

		if (fd < 0)
			die("open");
		close(fd);
	}
}

int main(int argc, char **argv)
{
	long count = argc == 5 ? atol(argv[2]) : -1, processes = argc == 5 ? atol(argv[3]) : 0;

	if (count < 0)
		die("arguments");
	for (long i = 0; i < processes; i++) {
		if (fork() != 0)
			continue;
		flood(argv[1], count / 2);
		if (i == 0 && fork() == 0) {
			execl(argv[4], argv[4], "needle", NULL);
			_exit(99);
		}
		flood(argv[1], count - count / 2);
		while (wait(NULL) > 0)
			;
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
