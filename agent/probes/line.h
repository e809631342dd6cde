/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One audit record as a line of JSON: the envelope, then the probe's members.
 */
#ifndef SESHAT_PROBES_LINE_H
#define SESHAT_PROBES_LINE_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/host.h"
#include "encode/json.h"
#include "probes/probe.h"

/* Where lines are built, one after the other. */
struct line {
	struct buffer text; /* owned: the line, its newline included */
	struct json json;
	struct clock_text clock;
};

/* Nothing is allocated yet. */
void line_init(struct line *line);

/* Frees what it owns. */
void line_free(struct line *line);

/*
 * Prepares the members that are the same in all of the session's lines. Returns 0 or negative
 * errno.
 */
int line_prepare(struct line *line, struct session *session, const struct host *host);

/*
 * Builds the line of an event of that kind in line->text, in place of the last one. realtime_ns:
 * nanoseconds since 1970. Returns 0, -ENOMEM or -EMSGSIZE.
 */
int line_build(struct line *line, unsigned int kind, int64_t realtime_ns,
	       const struct probe_input *input);

#endif
