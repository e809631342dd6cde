/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of the log as an entry of systemd's journal, in its native protocol.
 *
 * MESSAGE is the line itself, without its newline. MESSAGE_ID, PRIORITY, SYSLOG_IDENTIFIER and SYSLOG_FACILITY are
 * what journalctl selects and colours by. What an operator would search for is a field of its own: the member
 * "dst_addr" is SESHAT_DST_ADDR, and so on, with its exact bytes where the record has them in `raw`; an
 * array is one field a value.
 *
 * A sink takes bytes, not records: so the line is read back here, which also makes sure that the journal indexes the
 * very words that the line has. A line that is no record is an entry all the same, with the generic MESSAGE_ID.
 */
#ifndef SESHAT_SINKS_JOURNAL_ENTRY_H
#define SESHAT_SINKS_JOURNAL_ENTRY_H

#include <stddef.h>

#include "base/buffer.h"

enum {
	JOURNAL_ENTRY_LIMIT =
		536870912, /* bytes; more than any record becomes, less than the journal's own limit */
};

#define JOURNAL_GENERIC_ID "3ea0508ba7f54060994c7486e68baaa1" /* MESSAGE_ID of events without one */

struct json_tokener;

struct journal_entry {
	struct json_tokener *tokener; /* owned */
	struct buffer bytes;	      /* the entry */
};

/* Returns 0 or -ENOMEM. */
int journal_entry_init(struct journal_entry *entry);

/* Makes the entry's bytes of a line (size bytes, its newline included). Returns 0, -ENOMEM, or -EMSGSIZE. */
int journal_entry_build(struct journal_entry *entry, const char *line, size_t size);

/* An initialised or a zeroed one. */
void journal_entry_free(struct journal_entry *entry);

/* The event's MESSAGE_ID, 32 hexadecimal digits; a constant. */
const char *journal_entry_id(const char *event);

#endif
