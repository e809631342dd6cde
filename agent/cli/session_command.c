/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session_command.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/agent.h"
#include "cli/login_request.h"
#include "cli/output.h"
#include "cli/reply.h"
#include "cli/sessions.h"
#include "cli/sessions_list.h"
#include "cli/status.h"
#include "control/message.h"

enum {
	KEY_JSON = 256,
	KEY_USER,
	KEY_SERVICE,
	KEY_RUSER,
	KEY_RHOST,
	KEY_TTY,
	KEY_PID,
	KEY_LOGIND,
	KEY_CONNECTION,
	KEY_AUTH_INFO,
	KEY_SID,

	PID_LIMIT = 4194304, /* PID_MAX_LIMIT of the kernel */
};

struct session_options {
	struct agent_options agent;
	struct login_options login;
	const char *what; /* "open" or "close" */
	const char *sid;
	bool json;
};

static const struct argp_option OPTIONS[] = {
	{ "user", KEY_USER, "NAME", 0, "who logs in (default: $PAM_USER)", 0 },
	{ "service", KEY_SERVICE, "NAME", 0, "what opens the session (default: $PAM_SERVICE)", 0 },
	{ "rhost", KEY_RHOST, "HOST", 0, "from where (default: $PAM_RHOST)", 0 },
	{ "ruser", KEY_RUSER, "NAME", 0, "who asks (default: $PAM_RUSER)", 0 },
	{ "tty", KEY_TTY, "TTY", 0, "the terminal (default: $PAM_TTY)", 0 },
	{ "logind-session", KEY_LOGIND, "ID", 0, "(default: $XDG_SESSION_ID)", 0 },
	{ "ssh-connection", KEY_CONNECTION, "TEXT", 0, "(default: $SSH_CONNECTION)", 0 },
	{ "ssh-auth-info", KEY_AUTH_INFO, "TEXT", 0, "(default: $SSH_AUTH_INFO_0)", 0 },
	{ "pid", KEY_PID, "PID", 0, "the session's first process (default: the parent of this one)",
	  0 },
	{ "sid", KEY_SID, "SID", 0, "the session to close (default: that of the first process)",
	  0 },
	{ "json", KEY_JSON, NULL, 0, "show the reply as one line of JSON", 0 },
	{ 0 },
};

static pid_t parse_pid(const char *argument, struct argp_state *state)
{
	unsigned long pid;
	char *end;

	errno = 0;
	pid = strtoul(argument, &end, 10);
	if (errno || *end || argument[0] < '1' || argument[0] > '9' || pid > PID_LIMIT)
		argp_error(state, "bad process id: %s", argument);
	return (pid_t)pid;
}

/* The options that are strings of the login; NULL: it is none of them. */
static const char **login_member(struct login_options *login, int key)
{
	switch (key) {
	case KEY_USER:
		return &login->user;
	case KEY_SERVICE:
		return &login->service;
	case KEY_RUSER:
		return &login->ruser;
	case KEY_RHOST:
		return &login->rhost;
	case KEY_TTY:
		return &login->tty;
	case KEY_LOGIND:
		return &login->logind_session;
	case KEY_CONNECTION:
		return &login->ssh_connection;
	case KEY_AUTH_INFO:
		return &login->ssh_auth_info;
	default:
		return NULL;
	}
}

static void parse_what(struct session_options *options, const char *argument,
		       struct argp_state *state)
{
	if (options->what)
		argp_error(state, "one of open and close only");
	if (strcmp(argument, "open") != 0 && strcmp(argument, "close") != 0)
		argp_error(state, "neither open nor close: %s", argument);
	options->what = argument;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct session_options *options = state->input;
	const char **member = login_member(&options->login, key);

	if (member) {
		*member = argument;
		return 0;
	}
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->agent;
		return 0;
	case KEY_PID:
		options->login.pid = parse_pid(argument, state);
		return 0;
	case KEY_SID:
		options->sid = argument;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case ARGP_KEY_ARG:
		parse_what(options, argument, state);
		return 0;
	case ARGP_KEY_END:
		if (!options->what)
			argp_error(state, "neither open nor close given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child CHILDREN[] = { { .argp = &AGENT_PARSER }, { 0 } };

static const struct argp PARSER = {
	.options = OPTIONS,
	.parser = parse_option,
	.args_doc = "open|close",
	.children = CHILDREN,
	.doc = "Open a session and print its id, or close one, as the PAM module does."
	       "\vWhen pam_exec(8) runs \"seshat session open\" at the end of a session, it closes it.",
};

static int show(struct json_object *reply, const char *key, bool json)
{
	struct output output;

	output_init(&output);
	json_object_object_del(reply, "ok");
	if (json) {
		output_json(&output, reply);
	} else if (key) {
		text_bytes(&output.text, reply_string(reply, key));
		text_printf(&output.text, "\n");
	}
	return output_end(&output, 0);
}

static int open_session(struct session_options *options)
{
	_cleanup_(control_message_freep) struct json_object *request = NULL;
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	int status;

	login_options_complete(&options->login);
	if (!options->login.user || !options->login.service) {
		log_error("who logs in, and through what? --user and --service are needed");
		return STATUS_FAILED;
	}
	request = login_request(&options->login);
	status = agent_ask(&options->agent, request, &reply);
	return status ? status : show(reply, "sid", options->json);
}

/* The session that a process is the leader of; *ret is borrowed from the list. Returns 0 or an exit status. */
static int find_session(struct session_options *options, struct sessions_list *list,
			const char **ret)
{
	struct json_object *session;
	int status = sessions_ask(&options->agent, list);

	if (status)
		return status;
	if (sessions_list_finish(list, NULL) < 0)
		return STATUS_FAILED;
	for (size_t i = 0; (session = sessions_list_get(list, i)); i++) {
		if (reply_number(session, "leader_pid") != options->login.pid)
			continue;
		*ret = reply_string(session, "sid").data;
		return 0;
	}
	log_error("no session has the process %d as its first", (int)options->login.pid);
	return STATUS_NEGATIVE;
}

static int close_session(struct session_options *options)
{
	_cleanup_(sessions_list_freep) struct sessions_list *list = NULL;
	_cleanup_(control_message_freep) struct json_object *request = NULL;
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	const char *sid = options->sid;
	int status = 0;

	if (sessions_list_new(&list) < 0)
		return STATUS_FAILED;
	if (!sid)
		status = find_session(options, list, &sid);
	if (status)
		return status;
	request = agent_request("session.close");
	if (request && control_add_string(request, "sid", sid) < 0)
		return STATUS_FAILED;
	status = agent_ask(&options->agent, request, &reply);
	return status ? status : show(reply, NULL, options->json);
}

int session_main(int argc, char **argv)
{
	struct session_options options = { 0 };
	char name[] = "seshat session";
	const char *type = getenv("PAM_TYPE");

	argv[0] = name;
	options.login.pid = getppid();
	argp_err_exit_status = STATUS_FAILED;
	if (argp_parse(&PARSER, argc, argv, 0, NULL, &options))
		return STATUS_FAILED;
	if (strcmp(options.what, "close") == 0 || (type && strcmp(type, "close_session") == 0))
		return close_session(&options);
	return open_session(&options);
}
