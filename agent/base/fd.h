/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File descriptors.
 */
#ifndef SESHAT_BASE_FD_H
#define SESHAT_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Closes fd, if it is one (not negative), and leaves errno alone. Returns -1, so that a variable
 * can be closed and emptied in one statement. Errors of close(2) are ignored: nothing could be done
 * about them.
 */
int fd_close(int fd);

/*
 * One write(2), begun again after EINTR. On a descriptor that another program has made non-blocking
 * it waits for room, as a blocking one does. Returns the bytes written, or negative errno.
 */
ssize_t fd_write(int fd, const void *data, size_t size);

/*
 * Writes all of it. Returns 0 or negative errno; how much was written before an error is not told.
 */
int fd_write_all(int fd, const void *data, size_t size);

/*
 * Reads until size bytes are there or the file ends. Returns the bytes read, or negative errno.
 */
ssize_t fd_read_all(int fd, void *data, size_t size);

/*
 * A small text file, as /proc and /sys have them: at most size - 1 bytes, and a NUL behind them. Returns the bytes read, or
 * negative errno.
 */
ssize_t fd_read_text(const char *path, char *buf, size_t size);

#endif
