/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/streams.h"

#include <errno.h>
#include <fcntl.h>

int streams_reserve(struct streams *ret)
{
	struct streams streams = { 0 };

	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		streams.closed[fd] = true;
		/* The lowest number that is free, which is this one. */
		if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			return -errno;
	}
	*ret = streams;
	return 0;
}
