/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going on with a session that another agent has opened.
 */
#ifndef SESHAT_DAEMON_ADOPT_H
#define SESHAT_DAEMON_ADOPT_H

struct agent_session;
struct session_progress;

/*
 * Finds its cgroup and its processes again. With pinned probes they were never lost; else whoever is in its cgroup, or has
 * its audit session id, joins it now. The session is taken over on success. Returns 0 or negative errno.
 */
int agent_session_adopt(struct agent_session *session, const struct session_progress *progress);

#endif
