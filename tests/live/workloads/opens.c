/* SPDX-License-Identifier: Apache-2.0 */
/* Open and close argv[1] argv[2] times, as fast as it goes. */
#include "facts.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : -1;

	if (count < 0)
		die("arguments");
	for (long i = 0; i < count; i++) {
		int fd = open(argv[1], O_RDONLY);

		if (fd < 0)
			die("open");
		close(fd);
	}
	return 0;
}
