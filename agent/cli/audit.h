/* SPDX-License-Identifier: Apache-2.0 */
/* One session's audit with no agent running: the probes, the cgroup and the pipeline, for as long as it lasts. */
#ifndef SESHAT_CLI_AUDIT_H
#define SESHAT_CLI_AUDIT_H

#include "cli/recorder.h"

struct audit;

/*
 * Everything until session.start is written: probes attached, the command's process marked and in its cgroup.
 * Returns 0, or an exit status (enum status), told on standard error; nothing is left behind then.
 */
int audit_begin(struct audit **ret, const struct recorder_config *config);

/* Writes records until the last process of the session has ended, or a byte comes from `orders`. */
void audit_follow(struct audit *audit, int orders);

/* Writes session.end, closes the sinks, takes everything down, frees. Tells of losses. Returns an exit status. */
int audit_end(struct audit *audit);

#endif
