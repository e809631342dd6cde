/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that a session begins with.
 */
#ifndef SESHAT_DAEMON_LEADER_H
#define SESHAT_DAEMON_LEADER_H

#include <stdbool.h>
#include <sys/types.h>

struct agent;
struct agent_session;

/*
 * Can a session begin with that process? Not with one of the kernel's own, nor with init, whose children all would be of the
 * session, nor with the agent, which would record how it records. False, too, when there is none.
 */
bool leader_can_be(pid_t pid);

/* Has it several threads? */
bool leader_has_threads(pid_t pid);

/*
 * Makes the leader the session's first process. One with several threads, of another session, or whose rights are to be
 * known from the beginning, joins by entering the cgroup, under the kernel's locks; else for one thread, which waits for our answer, a mark does, and the entering can wait
 * until after it. Returns 0, -ESRCH when it ends just now, or another negative errno.
 */
int leader_take(struct agent_session *session, bool joins);

/*
 * Has those leaders, and the children that they have by then, that are `outside` enter their sessions' cgroups once the answer is
 * given: the kernel waits for all processors before it lets the first one move (cgroup_threadgroup_rwsem), which takes some ten
 * milliseconds that no login need wait for. Returns 0 or negative errno.
 */
int leader_move_later(struct agent *agent);

/* At once, where there will be no later: the agent stops. */
void leader_move_now(struct agent *agent);

#endif
