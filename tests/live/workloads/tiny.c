/* SPDX-License-Identifier: Apache-2.0 */
/* Make argv[1] processes that end at once, with exit code 0 to 99 in turn, argv[2] of them at a time. */
#include "facts.h"

#include <sys/wait.h>

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[1]) : 0, at_once = argc == 3 ? atoi(argv[2]) : 0,
	    running = 0;

	for (int i = 0; i < count; i++) {
		pid_t pid;

		if (running == at_once) {
			if (wait(NULL) < 0)
				die("wait");
			running--;
		}
		pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0)
			_exit(i % 100);
		running++;
	}
	while (wait(NULL) > 0)
		;
	return count > 0 ? 0 : 1;
}
