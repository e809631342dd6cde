/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session: whose it is, and how far its log has come.
 */
#ifndef SESHAT_SESSION_SESSION_H
#define SESHAT_SESSION_SESSION_H

#include <stdint.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/buffer.h"
#include "base/uuid.h"
#include "session/events.h"
#include "session/gaps.h"
#include "session/losses.h"

enum {
	SESSION_SINKS = 4, /* that a log can go to */
};

/* How far a session's log has come: what the next agent has to know to go on with it. */
struct session_progress {
	uint64_t start_time; /* CLOCK_BOOTTIME, nanoseconds */
	uint64_t ei;
	uint64_t records[EVENT_KINDS];
	uint64_t counted; /* numbered records lost, and told */
	uint64_t highest; /* number that has come */
	struct sink_loss sink_losses[SESSION_SINKS];
	struct kernel_losses taken; /* of the kernel's totals, in `counted` already */
};

struct session {
	uint64_t key; /* header.session of its records */
	char sid[UUID_SIZE];
	char *login;		       /* owned */
	char *user;		       /* owned */
	uint64_t start_time;	       /* CLOCK_BOOTTIME, nanoseconds */
	uint64_t ei;		       /* of the next record */
	uint64_t records[EVENT_KINDS]; /* written, by kind */
	struct gaps gaps;
	struct losses losses;
	struct sink_loss sink_losses[SESSION_SINKS]; /* not yet in the log; by the sink's place */
	/*
	 * The members that are the same in all its records, as text, and their "raw": made by
	 * encode/envelope.
	 */
	struct buffer members;
	struct buffer members_raw;
	UT_hash_handle hh; /* of struct session_table */
};

/*
 * A session as start has it; strings are copied. Returns 0, -EINVAL (a sid of wrong length), or
 * -ENOMEM.
 */
int session_new(struct session **ret, const struct session_start *start);

/* NULL is allowed. */
void session_free(struct session *session);

/* For _cleanup_. */
void session_freep(struct session **session);

void session_progress_get(const struct session *session, struct session_progress *ret);

/* Makes a new session the one that another agent had come so far with. */
void session_progress_set(struct session *session, const struct session_progress *progress);

/* Numbered records written until now. */
uint64_t session_written(const struct session *session);

#endif
