/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a log file, one after another, in bounded memory. A line without its end is not shown: it may still be
 * being written.
 */
#ifndef SESHAT_CLI_LOG_READER_H
#define SESHAT_CLI_LOG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum {
	LOG_LINE_MAX =
		134217728, /* bytes of a line: more than any record has; longer ones count as broken */
};

struct log_reader {
	int fd;		      /* borrowed; read from where it stands */
	struct buffer buffer; /* what has been read and not been given out */
	size_t given;	      /* bytes of it that the last call gave out */
	size_t searched;      /* bytes behind those that hold no line's end */
	bool skipping;	      /* in the middle of a line that is too long */
	uint64_t broken;      /* lines that were not given out: too long, or without an end */
};

/* Begins to read; what an earlier file left, but its count of broken lines, is dropped. Zeroed before the first call. */
void log_reader_begin(struct log_reader *reader, int fd);

/*
 * The next whole line, with its end; borrowed until the next call. Returns 1, 0 when there is none yet, or negative
 * errno.
 */
int log_reader_next(struct log_reader *reader, const char **ret, size_t *ret_size);

/* Nothing comes any more: half a line that is left counts as broken. */
void log_reader_finish(struct log_reader *reader);

void log_reader_free(struct log_reader *reader);

#endif
