/* SPDX-License-Identifier: Apache-2.0 */
/* What seshat tail shows, from wherever the log is. */
#ifndef SESHAT_CLI_TAIL_READ_H
#define SESHAT_CLI_TAIL_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/log_filter.h"
#include "cli/output.h"

enum {
	TAIL_ALL = 1000000000, /* as a count: all of them */
};

struct tail {
	struct log_filter filter;
	size_t count; /* the last so many of those that are there; TAIL_ALL */
	bool follow;  /* then go on with what comes */
	bool json;
	struct output *output; /* borrowed */
	uint64_t broken;       /* lines that could not be read */
};

/* Reads and shows; output is flushed before each wait, not at the end. Return 0 or negative errno (-EPIPE: nobody reads it). */
int tail_read_files(struct tail *tail, const char *path);
int tail_read_journal(struct tail *tail, const char *namespace);

#endif
