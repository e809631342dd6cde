/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stacked FOLDER COUNT FILE: in a mount namespace of its own, mount FOLDER over itself COUNT times, and open FILE.
 */
#include "facts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

int main(int argc, char **argv)
{
	struct facts f;
	int fd;

	if (argc != 4)
		return 2;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("unshare");
	for (int i = 0; i < atoi(argv[2]); i++)
		if (mount(argv[1], argv[1], NULL, MS_BIND, NULL) < 0)
			die("mount");
	fd = open(argv[3], O_RDONLY);
	if (fd < 0)
		die(argv[3]);
	facts_begin(&f, "stacked");
	facts_end(&f);
	return 0;
}
