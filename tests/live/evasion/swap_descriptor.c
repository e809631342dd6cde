/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Try to pass one open off as another: one task opens argv[1] argv[3] times and closes it again, while another one, which
 * shares its descriptors but is a process of its own, puts argv[2] in the place that the call returns, as fast as it can, or
 * with a fourth argument closes it there. Tells how often the descriptor was another file's when the call had returned.
 */
#include "facts.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { PLACE = 50, STACK = 1 << 16 };

static atomic_int stop;
static int decoy;
static bool closes;

static int swapper(void *userdata)
{
	(void)userdata;
	while (!atomic_load(&stop)) {
		if (closes)
			close(PLACE);
		else
			dup2(decoy, PLACE);
	}
	return 0;
}

/* Everything below the place is taken, so that the open gets it. */
static void fill(void)
{
	int fd;

	do
		fd = dup(decoy);
	while (fd >= 0 && fd < PLACE - 1);
	if (fd != PLACE - 1)
		die("dup");
}

int main(int argc, char **argv)
{
	int flags = CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, swapped = 0;
	long count = argc >= 4 ? atol(argv[3]) : -1;
	struct stat wanted, got;
	struct facts f;
	char *stack;
	pid_t pid;

	if (count < 0 || stat(argv[1], &wanted) < 0 || (decoy = open(argv[2], O_RDONLY)) < 0)
		die("arguments");
	closes = argc > 4;
	fill();
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack == MAP_FAILED)
		die("mmap");
	pid = clone(swapper, stack + STACK, flags, NULL);
	if (pid < 0)
		die("clone");
	for (long i = 0; i < count; i++) {
		close(PLACE);
		if (open(argv[1], O_RDONLY) != PLACE)
			continue;
		if (fstat(PLACE, &got) == 0 && got.st_ino != wanted.st_ino)
			swapped++;
	}
	atomic_store(&stop, 1);
	if (waitpid(pid, NULL, __WALL) != pid)
		die("waitpid");
	facts_begin(&f, "swap");
	facts_add(&f, ",\"swapped\":%d", swapped);
	facts_end(&f);
	return 0;
}
