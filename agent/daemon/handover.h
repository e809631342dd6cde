/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the next agent has to know of open sessions: a file for each with what was said at its beginning, and one shared
 * mapping with how far each log has come, which is up to date however this process ends.
 */
#ifndef SESHAT_DAEMON_HANDOVER_H
#define SESHAT_DAEMON_HANDOVER_H

#include <stddef.h>

struct agent;
struct agent_session;
struct handover;
struct session_progress;

/* Prepares the directory. Returns 0 or negative errno. */
int handover_new(struct handover **ret, const char *directory);
void handover_free(struct handover *handover);

/* Keeps a session. Returns 0 or negative errno; -EBADF when there is no handover (NULL), which the agent has said already. */
int handover_keep(struct handover *handover, struct agent_session *session);

/* How far the session's log has come, in the mapping. */
void handover_progress(struct handover *handover, const struct agent_session *session,
		       const struct session_progress *progress);

/* How many records of sessions that are over are not certain to be written. */
void handover_unconfirmed(struct handover *handover, const struct agent *agent);

/* Forgets a session that has ended. */
void handover_forget(struct handover *handover, struct agent_session *session);

/*
 * Goes on with every session that is kept there; what cannot be read is told and left out. Returns how many, or negative
 * errno.
 */
int handover_resume(struct handover *handover, struct agent *agent);

/* Removes everything that is kept below the directory. */
void handover_clear(const char *directory);

#endif
