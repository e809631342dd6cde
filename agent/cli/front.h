/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that stands where COMMAND would: it waits for it, passes signals on, stops and goes on with it, and
 * ends as it ended.
 */
#ifndef SESHAT_CLI_FRONT_H
#define SESHAT_CLI_FRONT_H

#include <stdbool.h>

#include "cli/command.h"
#include "cli/recorder.h"

/*
 * Waits for the command, which was let go, and for the recorder, after signals_take(). `no_wait`: the session ends with the command.
 * Returns the exit status to end with.
 */
int front_wait(struct command *command, struct recorder *recorder, bool no_wait);

#endif
