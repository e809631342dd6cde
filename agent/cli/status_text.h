/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's status for people, and for monitoring. */
#ifndef SESHAT_CLI_STATUS_TEXT_H
#define SESHAT_CLI_STATUS_TEXT_H

#include "cli/pretty_text.h"

struct json_object;

/* Appends the status (the agent's reply) as readable lines. */
void status_text(struct text *text, struct json_object *status);

/* Appends it in the OpenMetrics text format, version 1.0, "# EOF" included. */
void status_metrics(struct text *text, struct json_object *status);

#endif
