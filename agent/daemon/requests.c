/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked over the control socket. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "control/message.h"
#include "control/protocol.h"
#include "daemon/leader.h"
#include "daemon/state.h"
#include "session/ssh_auth.h"

static void loginp_free(struct login *login)
{
	login_free(login);
}

/* Says in the reply what was wrong, beside the errno. */
static int refuse(struct json_object *reply, int error, const char *text)
{
	(void)control_add_string(reply, "error", text);
	return error;
}

static int read_texts(struct json_object *request, struct login *login)
{
	const struct {
		const char *key;
		char **at;
	} texts[] = {
		{ "user", &login->login },  { "service", &login->service },
		{ "ruser", &login->ruser }, { "rhost", &login->rhost },
		{ "tty", &login->tty },	    { "logind_session", &login->logind_session },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
		r = control_get_string(request, texts[i].key, CONTROL_STRING_MAX, texts[i].at);
	return r;
}

/* Bad metadata is no reason to leave a login unrecorded: what cannot be read is left out. */
static int read_ssh(struct json_object *request, struct login *login)
{
	_cleanup_free_ char *connection = NULL, *auth = NULL;
	int r = control_get_string(request, "ssh_connection", CONTROL_STRING_MAX, &connection);

	if (r == 0)
		r = control_get_string(request, "ssh_auth_info", CONTROL_AUTH_INFO_MAX + 1, &auth);
	if (r < 0)
		return r;
	if (connection && ssh_connection_parse(bytes_of(connection), &login->connection) == -ENOMEM)
		return -ENOMEM;
	return auth ? ssh_auth_parse(bytes_of(auth), &login->auth) : 0;
}

/* 1: true; -1: false; 0: there is no such member. */
static int read_truth(struct json_object *request, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(request, key, &value))
		return 0;
	return json_object_get_boolean(value) ? 1 : -1;
}

/* Who it is: the certificate's key id, where there is one; else the account. */
static int read_login(struct json_object *request, struct login *login)
{
	const char *user;
	int r = read_texts(request, login);

	if (r < 0)
		return r;
	if (!login->login || !login->login[0] || !login->service || !login->service[0])
		return -EINVAL;
	r = read_ssh(request, login);
	if (r < 0)
		return r;
	/* A login had better not wait for its cgroup: that takes milliseconds. */
	login->at_once = read_truth(request, "at_once") > 0;
	login->interactive = read_truth(request, "interactive");
	user = login->auth.host_key ? NULL : login->auth.key.key_id;
	login->user = strdup(user && user[0] ? user : login->login);
	return login->user ? 0 : -ENOMEM;
}

/* The leader: the one that is named, or who asks. *ret_pidfd is the caller's. */
static int read_leader(const struct peer *peer, struct json_object *request, pid_t *ret_pid,
		       int *ret_pidfd)
{
	int64_t pid = peer->pid;
	int r = control_get_int(request, "pid", 1, INT_MAX, &pid), pidfd;

	if (r < 0 || pid <= 0)
		return -EINVAL;
	if (pid == peer->pid && peer->pidfd >= 0)
		pidfd = fcntl(peer->pidfd, F_DUPFD_CLOEXEC, 3);
	else
		pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (pidfd < 0)
		return -errno;
	if (!leader_can_be((pid_t)pid)) {
		fd_close(pidfd);
		return -EINVAL;
	}
	*ret_pid = (pid_t)pid;
	*ret_pidfd = pidfd;
	return 0;
}

static int request_open(void *userdata, const struct peer *peer, struct json_object *request,
			struct json_object *reply)
{
	_cleanup_(loginp_free) struct login login = { 0 };
	_cleanup_close_ int pidfd = -1;
	struct agent *agent = userdata;
	struct agent_session *session = NULL;
	const char *error = NULL;
	bool switched = false;
	pid_t pid = 0;
	int r = read_login(request, &login);

	if (r < 0)
		return refuse(reply, r, "user and service are needed, and texts of bounded length");
	r = read_leader(peer, request, &pid, &pidfd);
	if (r < 0)
		return refuse(reply, r,
			      "there is no such process, or none that a session can begin with");
	r = agent_session_open(agent, &login, pid, pidfd, &session, &switched, &error);
	if (r < 0) {
		agent->sessions.refused++;
		log_error("cannot open a session for process %d: %s: %s", (int)pid, error,
			  strerror(-r));
		return refuse(reply, r, error);
	}
	r = control_add_string(reply, "sid", session->sid);
	if (r < 0)
		return r;
	return control_add(reply, "switched", json_object_new_boolean(switched));
}

static int request_close(void *userdata, const struct peer *peer, struct json_object *request,
			 struct json_object *reply)
{
	_cleanup_free_ char *sid = NULL;
	struct agent_session *session = NULL;
	int r = control_get_string(request, "sid", UUID_SIZE - 1, &sid);
	int64_t processes;

	(void)peer;
	if (r == 0 && sid)
		session = agent_session_by_sid(userdata, sid);
	if (r < 0 || !sid)
		return refuse(reply, r < 0 ? r : -EINVAL, "the session's sid is needed");
	if (!session)
		return refuse(reply, -ENOENT, "there is no such session");
	processes = agent_session_close(session);
	if (processes < 0)
		return (int)processes;
	return control_add(reply, "processes", json_object_new_int64(processes));
}

/* Who asks is told when the session is over and its last record written, at once where there is none. */
static int request_wait(void *userdata, const struct peer *peer, struct json_object *request,
			struct json_object *reply)
{
	_cleanup_free_ char *sid = NULL;
	int r = control_get_string(request, "sid", UUID_SIZE - 1, &sid);

	(void)peer;
	if (r < 0 || !sid)
		return refuse(reply, r < 0 ? r : -EINVAL, "the session's sid is needed");
	return agent_session_by_sid(userdata, sid) ? SERVER_LATER : 0;
}

static int request_status(void *userdata, const struct peer *peer, struct json_object *request,
			  struct json_object *reply)
{
	(void)peer, (void)request;
	return agent_report_status(userdata, reply);
}

static int request_sessions(void *userdata, const struct peer *peer, struct json_object *request,
			    struct json_object *reply)
{
	int64_t after = 0;

	(void)peer;
	if (control_get_int(request, "after", 0, INT64_MAX, &after) < 0)
		return refuse(reply, -EINVAL, "after is a number from an earlier reply");
	return agent_report_sessions(userdata, after, reply);
}

static int request_rotate(void *userdata, const struct peer *peer, struct json_object *request,
			  struct json_object *reply)
{
	struct agent *agent = userdata;
	int r = pipeline_rotate(agent->pipeline, false);

	(void)peer, (void)request;
	if (r < 0)
		return refuse(reply, r, "cannot begin a new log");
	return 0;
}

static int request_reload(void *userdata, const struct peer *peer, struct json_object *request,
			  struct json_object *reply)
{
	int r = agent_reload(userdata, reply);

	(void)peer, (void)request;
	return r < 0 ? refuse(reply, r, "the configuration is refused; the agent's log says why") :
		       0;
}

const struct server_operation agent_operations[] = {
	{ "session.open", PEER_ALL, request_open },  { "session.close", PEER_ALL, request_close },
	{ "session.wait", PEER_ALL, request_wait },  { "status", PEER_READ, request_status },
	{ "sessions", PEER_READ, request_sessions }, { "rotate", PEER_ALL, request_rotate },
	{ "reload", PEER_ALL, request_reload },
};

const size_t agent_operations_count = ARRAY_SIZE(agent_operations);
