/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the recorder's place when the agent records: it has the session opened for the command, and waits until
 * the agent has written the last record.
 */
#ifndef SESHAT_CLI_WATCHER_H
#define SESHAT_CLI_WATCHER_H

#include "cli/recorder.h"

/*
 * Writes a byte to `ready`, which it closes, once the session is open; returns when it is over, or a byte comes from
 * `orders`. Returns 0, or an exit status when there is no session; told on standard error.
 */
int watcher_run(const struct recorder_config *config, int ready, int orders);

#endif
