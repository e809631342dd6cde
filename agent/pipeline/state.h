/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pipeline consists of. Its files: pipeline.c (records from the kernel), write.c (lines to the sinks, and what they
 * lack), sessions.c (what user space says of sessions), agent.c (what it says of itself).
 */
#ifndef SESHAT_PIPELINE_STATE_H
#define SESHAT_PIPELINE_STATE_H

#include "enrich/enrich.h"
#include "pipeline/pipeline.h"
#include "probes/line.h"
#include "record/reassemble.h"
#include "record/record.h"
#include "session/table.h"
#include "sinks/set.h"

_Static_assert((int)SESSION_SINKS == (int)SINK_SET_PLACES, "a sink has no place in the session");

struct pipeline {
	struct pipeline_config config;
	struct record_layout layout;
	struct session_table sessions;
	struct enricher *enricher;	 /* owned */
	struct reassembler *reassembler; /* owned */
	struct line line;
	int64_t clock_offset;
	struct sink_set sinks;
	struct session *agent; /* owned: the agent's own log; NULL: it has none */
	unsigned int failing;  /* places that refused what they were asked last */
	bool untold;	       /* some session has losses that are not in the log */
	struct pipeline_stats stats;
};

/* A numbered record is lost in user space. */
void pipeline_lose(struct pipeline *pipeline, struct session *session, enum loss_reason reason,
		   unsigned int kind, uint64_t number);

/* CLOCK_BOOTTIME, as the configuration has it. */
uint64_t pipeline_now(const struct pipeline *pipeline);

/* Builds the line of a whole numbered record and writes it; on failure the record is counted as lost. */
void pipeline_record(struct pipeline *pipeline, struct session *session,
		     const struct record *record);

/* Builds and writes something that user space says itself. Returns 0 or negative errno. */
int pipeline_say(struct pipeline *pipeline, struct session *session, unsigned int kind,
		 uint64_t time, const void *event);

/* Writes session.lost for what of the session is not told yet. Returns 0 or the first error. */
int pipeline_tell(struct pipeline *pipeline, struct session *session);

/* Flushes all sinks, and remembers which of them refuse. */
struct sink_verdict pipeline_flush_sinks(struct pipeline *pipeline);

/* A session that is over hands to the agent's log what sinks lack of it. */
void pipeline_inherit(struct pipeline *pipeline, const struct session *session);

#endif
