/* SPDX-License-Identifier: Apache-2.0 */
/* What follows the verb in the readable lines of what a session, and the agent, tell of themselves. */
#ifndef SESHAT_CLI_PRETTY_SESSION_H
#define SESHAT_CLI_PRETTY_SESSION_H

#include <json-c/json_types.h>

#include "cli/pretty_text.h"

void pretty_session_start(struct text *text, struct json_object *record);
void pretty_session_switch(struct text *text, struct json_object *record);
void pretty_session_logout(struct text *text, struct json_object *record);
void pretty_session_lost(struct text *text, struct json_object *record);
void pretty_session_end(struct text *text, struct json_object *record);
void pretty_agent_start(struct text *text, struct json_object *record);
void pretty_agent_stop(struct text *text, struct json_object *record);
void pretty_agent_config(struct text *text, struct json_object *record);

/* "198.51.100.7:50522", "[2001:db8::7]:50522"; what names the place otherwise; nothing. */
void pretty_session_from(struct text *text, struct json_object *record);

/* "publickey SHA256:..., keyboard-interactive/pam"; nothing. */
void pretty_session_methods(struct text *text, struct json_object *record);

#endif
