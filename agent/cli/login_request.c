/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/login_request.h"

#include <json-c/json.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "cli/agent.h"
#include "control/message.h"

/* Member of the request, where it is kept, and the variable that has it. */
static const struct {
	const char *key;
	size_t offset;
	const char *variable;
} MEMBERS[] = {
	{ "user", offsetof(struct login_options, user), "PAM_USER" },
	{ "service", offsetof(struct login_options, service), "PAM_SERVICE" },
	{ "ruser", offsetof(struct login_options, ruser), "PAM_RUSER" },
	{ "rhost", offsetof(struct login_options, rhost), "PAM_RHOST" },
	{ "tty", offsetof(struct login_options, tty), "PAM_TTY" },
	{ "logind_session", offsetof(struct login_options, logind_session), "XDG_SESSION_ID" },
	{ "ssh_connection", offsetof(struct login_options, ssh_connection), "SSH_CONNECTION" },
	{ "ssh_auth_info", offsetof(struct login_options, ssh_auth_info), "SSH_AUTH_INFO_0" },
};

void login_options_complete(struct login_options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++) {
		const char **member = (const char **)(void *)((char *)options + MEMBERS[i].offset);

		if (!*member)
			*member = getenv(MEMBERS[i].variable);
	}
}

struct json_object *login_request(const struct login_options *options)
{
	_cleanup_(control_message_freep) struct json_object *request =
		agent_request("session.open");

	if (!request || control_add(request, "pid", json_object_new_int64(options->pid)) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++) {
		const char *value;

		memcpy(&value, (const char *)options + MEMBERS[i].offset, sizeof(value));
		if (value && value[0] && control_add_string(request, MEMBERS[i].key, value) < 0)
			return NULL;
	}
	return TAKE_PTR(request);
}
