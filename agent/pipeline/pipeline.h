/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way of a record in user space: bytes from the ring buffer, decoded, reassembled, matched
 * with their session, enriched, encoded as JSON, written to the sinks. What is lost on the way is
 * counted and written to the log itself, as session.lost.
 *
 * A record counts as written when one sink (those of best effort do not count) has taken its line; what another one
 * lacks of it is counted for that sink, and told in session.lost with the sink's name once it takes lines again.
 */
#ifndef SESHAT_PIPELINE_H
#define SESHAT_PIPELINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/host.h"
#include "session/events.h"
#include "session/session.h"
#include "sinks/sink.h"

struct pipeline;

/* Everything but host may be zero or NULL: the default is in brackets. */
struct pipeline_config {
	struct host host;
	/*
	 * CLOCK_REALTIME minus CLOCK_BOOTTIME; asked at the start and at each flush
	 * [clock_offset_ns]
	 */
	int64_t (*clock_offset)(void *userdata);
	/* CLOCK_BOOTTIME, for records that begin here [clock_boottime_ns] */
	uint64_t (*now)(void *userdata);
	/*
	 * The executable of a process whose image the kernel has not named: writes up to size
	 * bytes, returns their number, or negative errno [/proc/PID/exe].
	 */
	int (*exe_path)(uint32_t pid, char *buf, size_t size, void *userdata);
	/*
	 * The path of a cgroup, as /proc/PID/cgroup shows it: writes it with its NUL, returns 0 or
	 * negative errno [none is known].
	 */
	int (*cgroup_path)(uint64_t id, char *buf, size_t size, void *userdata);
	void *userdata;		 /* for the four above; borrowed */
	size_t images_limit;	 /* executables remembered [4096] */
	size_t reassembly_limit; /* bytes of unfinished records [64 MiB] */
};

struct pipeline_stats {
	uint64_t written;	     /* audit records of all kinds, in all sessions */
	uint64_t lost[LOSS_REASONS]; /* numbered records */
	uint64_t undecodable;	     /* records so broken that their session is not known */
	uint64_t unmatched;	     /* records of a session that is not open */
	uint64_t unwritten; /* lines that sinks took and could not write: after pipeline_close */
	uint64_t refused;   /* lines that a sink refused, those of best effort included */
	int sink_error;	    /* the latest of a sink that counts, negative errno; 0: none */
};

/* Returns 0 or -ENOMEM. config is copied, userdata borrowed until pipeline_free. */
int pipeline_new(struct pipeline **ret, const struct pipeline_config *config);

/* Closes the sinks that are still open and frees everything. NULL is allowed. */
void pipeline_free(struct pipeline *pipeline);

/*
 * Takes ownership of the sink, on success only. Returns its place (0 is the first one's), or -ENOSPC when there are
 * SINK_SET_PLACES already.
 */
int pipeline_add_sink(struct pipeline *pipeline, struct sink *sink);

/* Puts a sink (NULL: none) into a place and closes what was there. Returns 0, or the error of closing. */
int pipeline_replace_sink(struct pipeline *pipeline, size_t place, struct sink *sink);

/* The sink in a place; NULL: none. Borrowed. */
const struct sink *pipeline_sink(const struct pipeline *pipeline, size_t place);

/* Begins new files, where sinks have files; moved: only in place of those that somebody has moved away. Returns 0 or the first error. */
int pipeline_rotate(struct pipeline *pipeline, bool moved);

/* Nanoseconds since 1970 of a CLOCK_BOOTTIME, as records show it. */
int64_t pipeline_realtime(const struct pipeline *pipeline, uint64_t boottime);

/* In how many milliseconds pipeline_flush is to be called even if no record comes; -1: never. */
int pipeline_due(const struct pipeline *pipeline);

/*
 * Opens a session and writes its session.start. Returns 0, -EEXIST, -EINVAL, -ENOMEM, or a sink's
 * error; on error there is no such session.
 */
int pipeline_session_start(struct pipeline *pipeline, const struct session_start *start);

/*
 * Goes on with a session that another process began, and had come so far with: nothing is written. Errors as with
 * pipeline_session_start.
 */
int pipeline_session_resume(struct pipeline *pipeline, const struct session_start *start,
			    const struct session_progress *progress);

/* How far it has come. Returns 0 or -ENOENT. */
int pipeline_session_progress(const struct pipeline *pipeline, uint64_t key,
			      struct session_progress *ret);

/*
 * Records that a sink had taken are gone, or may be: those of the session from first_ei to last_ei (key 0: `count` records of
 * sessions that are over). Told in session.lost once the sink takes lines. Nothing happens for a count of 0, or a session that is not
 * there.
 */
void pipeline_sink_lost(struct pipeline *pipeline, uint64_t key, size_t place, uint64_t first_ei,
			uint64_t count);

/* Writes session.switch or session.logout. Returns 0, -ENOENT, -ENOMEM or a sink's error. */
int pipeline_session_switch(struct pipeline *pipeline, uint64_t key,
			    const struct session_switch *event);
int pipeline_session_logout(struct pipeline *pipeline, uint64_t key,
			    const struct session_logout *event);

/*
 * The agent's own log: its first record, those of changed configurations, and its last one. sid has 36 characters.
 * Return 0, -EEXIST or -ENOENT (out of order), -ENOMEM, or a sink's error.
 */
int pipeline_agent_start(struct pipeline *pipeline, const char *sid,
			 const struct agent_start *event);
int pipeline_agent_config(struct pipeline *pipeline, const struct agent_config *event);
int pipeline_agent_stop(struct pipeline *pipeline, const struct agent_stop *event);

/*
 * One record from the ring buffer, 8-byte aligned; borrowed during the call. A bad or lost record
 * is counted and is no failure. Returns 0; or negative errno when the caller must stop.
 */
int pipeline_feed(struct pipeline *pipeline, const void *data, size_t size);

/*
 * What the kernel says it has lost of a session until now. Writes session.lost for what is new, as
 * soon as the numbers show where it was lost (that is once the records numbered until now have been
 * fed, or nothing has been fed between two calls). Returns 0, -ENOENT (no such session), or a
 * sink's error, and then it is tried again at the next call.
 */
int pipeline_losses(struct pipeline *pipeline, uint64_t key, const struct kernel_losses *now);

/*
 * Ends a session, after its last record was fed: writes what is to be said of losses, then
 * session.end (with end->time, or the present if that is later), and flushes. The session is gone in
 * any case. Returns 0, -ENOENT, or a sink's error when none has all of it.
 */
int pipeline_session_end(struct pipeline *pipeline, uint64_t key, const struct session_end *end);

/*
 * The end of a batch: flushes the sinks, and writes session.lost for what was lost in user space.
 * Returns 0, or the first error of a sink; the caller goes on in any case.
 */
int pipeline_flush(struct pipeline *pipeline);

/*
 * Flushes and closes the sinks; pipeline_stats_get then tells what was left unwritten. Returns 0 or
 * the first error.
 */
int pipeline_close(struct pipeline *pipeline);

/* The counts as they are now. */
void pipeline_stats_get(const struct pipeline *pipeline, struct pipeline_stats *ret);

#endif
