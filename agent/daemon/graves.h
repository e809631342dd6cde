/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups of sessions that have ended. A process leaves its cgroup a moment after it is known to have ended, so the
 * directory may have to be removed a little later.
 */
#ifndef SESHAT_DAEMON_GRAVES_H
#define SESHAT_DAEMON_GRAVES_H

#include "session/cgroup.h"

struct agent;

/* Removes the cgroup, now or later; the struct holds nothing afterwards. */
void graves_bury(struct agent *agent, struct cgroup *cgroup);

/* Tries once more what is left, and lets go of it: the next agent's sweep removes it. */
void graves_free(struct agent *agent);

#endif
