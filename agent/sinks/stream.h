/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink that writes lines to a file descriptor: a regular file, a pipe, a terminal.
 *
 * Lines gather in a buffer of STREAM_BUFFER_SIZE bytes and are written when it is full or flushed.
 * When the file has no room (ENOSPC, EDQUOT, EIO, ...), what the buffer holds is kept and tried
 * again at each flush, and with the first line after one; lines that find no room in the buffer are
 * refused, and so are all after them until that has succeeded. EPIPE is for good. A regular file never ends in half a line once it
 * is closed, as long as nobody else has written to it.
 */
#ifndef SESHAT_SINKS_STREAM_H
#define SESHAT_SINKS_STREAM_H

#include "sinks/sink.h"

enum {
	STREAM_BUFFER_SIZE = 65536,
};

/*
 * A sink on an open descriptor, which it owns from then on (on success only). A regular file must
 * have been opened with O_APPEND. SIGPIPE must be ignored by the program. Returns 0, -ENOMEM, or
 * -EBADF.
 */
int stream_new(struct sink **ret, int fd);

#endif
