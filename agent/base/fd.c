/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd); /* Linux frees the descriptor whatever close() returns */
	errno = saved;
	return -1;
}

ssize_t fd_write(int fd, const void *data, size_t size)
{
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLOUT };
		ssize_t n = write(fd, data, size);

		if (n >= 0)
			return n;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (poll(&wait, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *rest = data;

	while (size > 0) {
		ssize_t n = fd_write(fd, rest, size);

		if (n < 0)
			return (int)n;
		rest += n;
		size -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_all(int fd, void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}
