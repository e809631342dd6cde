/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lengths FOLDER: for each length from 1 to 4095 bytes, ask for a path of that length that is not there, and for
 * one that is the working directory. Then, below FOLDER, make and open a file whose own path has that length, for each
 * one that is longer than FOLDER's by two or more. Components of all sizes up to the longest.
 */
#include "facts.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { LONGEST = 4095, NAME_LONGEST = 255 };

static void must(long result, const char *what)
{
	if (result < 0)
		die(what);
}

/* "/n/nn..." with components of as many bytes as fit. */
static void missing(char *path, int length)
{
	for (int i = 0; i < length; i++)
		path[i] = i % (NAME_LONGEST + 1) == 0 ? '/' : 'n';
	path[length] = '\0';
}

static void ask(void)
{
	char path[LONGEST + 1];
	int fd;

	for (int length = 2; length <= LONGEST; length++) {
		missing(path, length);
		if (open(path, O_RDONLY) >= 0 || errno != ENOENT)
			die("a missing path");
	}
	for (int length = 1; length <= LONGEST; length++) {
		for (int i = 0; i < length; i++)
			path[i] = i % 2 ? '/' : '.';
		path[length] = '\0';
		fd = open(path, O_RDONLY);
		must(fd, path);
		close(fd);
	}
}

/* Files of each length in a folder whose path has SIZE bytes, then on in a folder in it. */
static void make(size_t size)
{
	char name[NAME_LONGEST + 1];
	size_t last = LONGEST - size - 1;
	int fd;

	if (last > NAME_LONGEST)
		last = NAME_LONGEST;
	for (size_t length = 1; length <= last; length++) {
		memset(name, 'f', length);
		name[length] = '\0';
		fd = open(name, O_CREAT | O_WRONLY, 0600);
		must(fd, name);
		close(fd);
	}
	/* The next folder's files begin one longer than the last one here: its own name takes one less. */
	if (size + last >= LONGEST - 1)
		return;
	memset(name, 'd', last - 1);
	name[last - 1] = '\0';
	must(mkdir(name, 0700), name);
	must(chdir(name), name);
	make(size + last);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	must(chdir(argv[1]), argv[1]);
	ask();
	make(strlen(argv[1]));
	return 0;
}
