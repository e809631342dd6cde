/* SPDX-License-Identifier: Apache-2.0 */
/* seshat sessions: those that are open, from the agent, and those that were, from the log. */
#ifndef SESHAT_CLI_SESSIONS_H
#define SESHAT_CLI_SESSIONS_H

#include <argp.h>

#include "cli/agent.h"

struct sessions_list;

/* argv[0] is the command's name. Returns the exit status, one of enum status. */
int sessions_main(int argc, char **argv);

/* Asks the agent for all its sessions, page by page, and adds them. Returns 0 or an exit status. */
int sessions_ask(const struct agent_options *options, struct sessions_list *list);

#endif
