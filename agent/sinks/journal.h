/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink that hands each line to systemd's journal, as one entry (see sinks/journal_entry.h), in the journal's
 * native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).
 *
 * The socket is our own, because sd_journal_sendv(3) returns success when there is no journal, and
 * waits while the journal does not read: lines would be lost in silence, or the agent would stand
 * still. Here the call never waits, and a line counts as taken once the journal's socket has it. What can be tried
 * again fails with -EAGAIN (the journal is busy or stopped), or with what connect(2) says (-ENOENT,
 * -ECONNREFUSED: it is not there); put a queue (sinks/queue.h) before it.
 */
#ifndef SESHAT_SINKS_JOURNAL_H
#define SESHAT_SINKS_JOURNAL_H

#include "sinks/sink.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/*
 * A sink to the journal that listens there; NULL: JOURNAL_SOCKET. The path is copied. It need not be there yet: each
 * write tries to connect. Returns 0, -ENAMETOOLONG, or -ENOMEM.
 */
int journal_new(struct sink **ret, const char *socket_path);

#endif
