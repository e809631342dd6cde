/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink before another, which may fail for a while: what that one does not take waits, in order, and is
 * tried again. Lines are only refused when too many wait (-ENOBUFS); then until the backlog has
 * drained to a half, so that the log has one gap and not thousands.
 *
 * A line that the other sink refuses for the line's own sake (-EMSGSIZE, -EINVAL, -EBADMSG) would be
 * refused for ever: it is not kept. When that shows only later, it is dropped, and counted as refused
 * and as unwritten.
 *
 * After a failure nothing is tried until sink_due() says so: 1 ms later where the other side has
 * no room (-EAGAIN), 100 ms later else; twice as long after each failure in a row, up to 5 s.
 */
#ifndef SESHAT_SINKS_QUEUE_H
#define SESHAT_SINKS_QUEUE_H

#include "sinks/sink.h"

enum {
	QUEUE_FLUSH_LINES =
		4096, /* that one sink_flush() writes at most; it returns -EAGAIN when more wait */
	QUEUE_BUSY_MS = 1,
	QUEUE_RETRY_MS = 100,
	QUEUE_RETRY_MAX_MS = 5000,
	/*
	 * sink_close() goes on while the other side takes lines: it ends when nothing has moved for so
	 * long, and in any case after so long.
	 */
	QUEUE_CLOSE_IDLE_MS = 500,
	QUEUE_CLOSE_MS = 5000,
};

/*
 * A queue of at most limit bytes, lengths included, before inner, which it owns from then on (on success
 * only). It is named as inner is, and of best effort if that is. Returns 0 or -ENOMEM.
 */
int queue_new(struct sink **ret, struct sink *inner, size_t limit);

#endif
