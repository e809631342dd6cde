/* SPDX-License-Identifier: Apache-2.0 */
/* A sink of the agent, as seshat check reads it: which of the canary's records have arrived there. */
#ifndef SESHAT_CLI_CHECK_SINK_H
#define SESHAT_CLI_CHECK_SINK_H

#include <stdint.h>

#include "cli/check_expect.h"
#include "cli/log_filter.h"

struct log_follow;
struct log_journal;

/* One of the two. */
struct check_sink {
	struct log_follow *follow;   /* owned */
	struct log_journal *journal; /* owned */
	uint32_t seen;		     /* a bit for each step: 1 << step */
};

/* From now on what comes into the log. Return 0 or negative errno. */
int check_sink_open_file(struct check_sink *ret, const char *path);

/* socket: where the agent writes to; it tells the namespace. -ENXIO: it is no journal's that can be read. */
int check_sink_open_journal(struct check_sink *ret, const char *socket, const char *since);

/*
 * Reads what comes until all of the wanted steps of the session have been seen, or timeout_ms are over. Returns 0, or negative
 * errno; sink->seen tells what has come.
 */
int check_sink_wait(struct check_sink *sink, const struct check_facts *facts, const char *sid,
		    uint32_t wanted, int timeout_ms);

void check_sink_close(struct check_sink *sink);

#endif
