/* SPDX-License-Identifier: Apache-2.0 */
/* The part of seshat check that opens a session, does one of each in it, and looks for the records. */
#ifndef SESHAT_CLI_CHECK_SESSION_H
#define SESHAT_CLI_CHECK_SESSION_H

#include "cli/agent.h"
#include "cli/check_results.h"

struct json_object;

/* status: the agent's. timeout_ms: for a record to arrive. What it finds out goes into the results. */
void check_session(const struct agent_options *options, struct json_object *status, int timeout_ms,
		   struct check_results *results);

#endif
