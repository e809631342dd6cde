/* SPDX-License-Identifier: Apache-2.0 */
/* Write to the file argv[1] which of the descriptors 0 to 63 are open, one number a line. */
#include "facts.h"

#include <fcntl.h>

enum { DESCRIPTORS = 64 };

int main(int argc, char **argv)
{
	char open_ones[DESCRIPTORS];
	FILE *out;

	for (int fd = 0; fd < DESCRIPTORS; fd++)
		open_ones[fd] = fcntl(fd, F_GETFD) >= 0;
	out = fopen(argc == 2 ? argv[1] : "", "w");
	if (!out)
		return 99;
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		if (open_ones[fd])
			fprintf(out, "%d\n", fd);
	return fclose(out) != 0;
}
