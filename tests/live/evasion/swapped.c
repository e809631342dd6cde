/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swapped LINK FIRST SECOND COUNT: open the folder that is the symbolic link LINK, and in it "file", COUNT times, while a
 * thread lets LINK lead to FIRST and to SECOND by turns. Tells the inode of each file that it got.
 */
#include "facts.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

static char *link_name, *targets[2], other_name[4096];
static volatile bool done;

static void *swap(void *userdata)
{
	(void)userdata;
	for (unsigned int i = 0; !done; i++)
		if (symlink(targets[i & 1], other_name) < 0 || rename(other_name, link_name) < 0)
			die(link_name);
	return NULL;
}

int main(int argc, char **argv)
{
	char file[4096];
	pthread_t thread;
	struct facts f;
	struct stat st;
	int fd;

	if (argc != 5)
		return 2;
	link_name = argv[1];
	targets[0] = argv[2];
	targets[1] = argv[3];
	snprintf(other_name, sizeof(other_name), "%s.new", link_name);
	snprintf(file, sizeof(file), "%s/file", link_name);
	if (pthread_create(&thread, NULL, swap, NULL) != 0)
		die("thread");
	for (int i = 0; i < atoi(argv[4]); i++) {
		fd = open(file, O_RDONLY);
		if (fd < 0 || fstat(fd, &st) < 0)
			die(file);
		facts_begin(&f, "open");
		facts_add(&f, ",\"inode\":%lu", st.st_ino);
		facts_end(&f);
		close(fd);
	}
	done = true;
	pthread_join(thread, NULL);
	return 0;
}
