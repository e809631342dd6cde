/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit records for a person: one readable line for each, with the essentials of the event.
 *
 *	15:30:00.118 curl[4714]       exec     /usr/bin/curl -s http://198.51.100.7:8080/install.sh
 */
#ifndef SESHAT_CLI_PRETTY_H
#define SESHAT_CLI_PRETTY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct pretty_options {
	bool color;	     /* with the colours of ECMA-48 terminals */
	unsigned int indent; /* columns between the time and who did it */
};

/* The options for a descriptor: colour when it is a terminal and NO_COLOR is unset or empty. */
struct pretty_options pretty_options_for(int fd);

/*
 * Appends the readable line, with its newline, of one audit record: a line of size bytes that holds a
 * JSON object, with or without its newline. The time is in the local time zone (tzset is the caller's). Text from the
 * record is escaped where it could play with a terminal, and cut where it is very long.
 *
 * Returns 0; -EBADMSG when the line is no audit record; -ENOMEM, or -EMSGSIZE beyond the buffer's limit.
 * On error the buffer is as it was.
 */
int pretty_format(const char *line, size_t size, const struct pretty_options *opts,
		  struct buffer *ret);

#endif
