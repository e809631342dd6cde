/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
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

ssize_t fd_read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = fd_read_all(fd, buf, size - 1);
	(void)fd_close(fd);
	if (length >= 0)
		buf[length] = '\0';
	return length;
}
