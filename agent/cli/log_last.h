/* SPDX-License-Identifier: Apache-2.0 */
/* The last so many of the lines that it is given. */
#ifndef SESHAT_CLI_LOG_LAST_H
#define SESHAT_CLI_LOG_LAST_H

#include <stddef.h>

#include "base/bytes.h"

struct log_last_line;

struct log_last {
	struct log_last_line *lines; /* owned, and so are their bytes; a ring once it is full */
	size_t count;
	size_t oldest; /* its index */
	size_t limit;  /* never more than that */
};

/* Takes a copy; the oldest goes when there are limit of them. Returns 0 or -ENOMEM. */
int log_last_add(struct log_last *last, const char *line, size_t size);

/* From the oldest (0) on; borrowed. */
struct bytes log_last_get(const struct log_last *last, size_t index);

void log_last_free(struct log_last *last);

#endif
