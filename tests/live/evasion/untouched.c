/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name what to open and to execute by memory that nobody has touched yet, pages of the file argv[1] that are not mapped in
 * until somebody reads them. The file has a page for each string: a file to open, one that is not there, a program, an
 * argument, a program that is not there, an argument.
 */
#include "facts.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { PAGE = 4096, STRINGS = 6 };

int main(int argc, char **argv)
{
	char *strings[STRINGS], *words[3] = { NULL };
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	pid_t pid;

	if (fd < 0)
		die("arguments");
	for (int i = 0; i < STRINGS; i++) {
		strings[i] = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, i * PAGE);
		if (strings[i] == MAP_FAILED)
			die("mmap");
	}
	if (open(strings[0], O_RDONLY) < 0 || open(strings[1], O_RDONLY) >= 0)
		die("open");
	words[0] = words[1] = strings[3];
	pid = fork();
	if (pid == 0) {
		execve(strings[2], words, NULL);
		_exit(99);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		die("child");
	words[0] = words[1] = strings[5];
	if (execve(strings[4], words, NULL) == 0)
		die("execve");
	return 0;
}
