/* SPDX-License-Identifier: Apache-2.0 */
/* How a session is opened. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/leader.h"
#include "daemon/state.h"
#include "enrich/proc.h"

enum {
	TEXT_SIZE = 4096,
};

/* Is the cgroup the scope that logind made for this login? Both the path and sd-login must say so. */
static bool is_scope(const char *path, const char *id, pid_t pid)
{
	_cleanup_free_ char *name = NULL, *known = NULL;
	const char *last = strrchr(path, '/');

	if (!last || asprintf(&name, "session-%s.scope", id) < 0) {
		name = NULL;
		return false;
	}
	return strcmp(last + 1, name) == 0 && sd_pid_get_session(pid, &known) >= 0 &&
	       strcmp(known, id) == 0;
}

/* The logind scope that the leader is in, or a cgroup of the session's own, which the leader is to be moved to. */
static int choose_cgroup(struct agent_session *session, const char *path)
{
	const struct agent *agent = session->agent;
	const char *id = session->login.logind_session;
	int r;

	if (agent->config.session.cgroup == CONFIG_CGROUP_AUTO && id && path &&
	    is_scope(path, id, session->leader) && cgroup_open(&session->cgroup, path) == 0)
		return 0;
	r = cgroup_create(&session->cgroup, session->sid);
	session->outside = r == 0;
	return r;
}

/* A cgroup that another session has already, as when the agent was not there when the scope was made. */
static int open_scope(struct agent_session *session, const struct scope_accounts *begin)
{
	const struct loader *loader = session->agent->loader;
	int r = scope_open(loader, session->key, session->cgroup.id, begin);

	if (r != -EEXIST || !session->cgroup.found)
		return r;
	cgroup_release(&session->cgroup);
	r = cgroup_create(&session->cgroup, session->sid);
	session->outside = r == 0;
	return r < 0 ? r : scope_open(loader, session->key, session->cgroup.id, begin);
}

/* A service without a terminal gives PAM its own name for one: "ssh" of sshd, "cron". */
static bool is_terminal(const char *tty)
{
	return tty && (strncmp(tty, "/dev/", 5) == 0 || strncmp(tty, "pts/", 4) == 0 ||
		       (strncmp(tty, "tty", 3) == 0));
}

static int begin_log(struct agent_session *session)
{
	struct session_start start = agent_session_describe(session);

	session->misses = loader_misses(session->agent->loader);
	if (session->login.interactive > 0 || is_terminal(start.tty))
		start.interactive = 1;
	else if (session->login.interactive < 0)
		start.interactive = 0;
	return pipeline_session_start(session->agent->pipeline, &start);
}

/* From where on it is followed to its end, whatever comes. */
static int session_register(struct agent_session *session)
{
	int r = agent_session_insert(session);

	if (r < 0)
		return r;
	r = agent_session_watch(session);
	if (r >= 0 && session->outside)
		r = leader_move_later(session->agent);
	if (r < 0)
		return r;
	/* Better recorded by this agent alone than not at all. */
	r = handover_keep(session->agent->handover, session);
	if (r < 0 && r != -EBADF)
		log_error("session %s: a restart would lose it: %s", session->sid, strerror(-r));
	return 0;
}

/* What it is in the kernel; *ret_error says what failed. */
static int session_prepare(struct agent_session *session, const char *path, bool joins,
			   const char **ret_error)
{
	const struct scope_accounts begin = { .processes = joins || session->moved ? 0 : 1 };
	int r;

	*ret_error = "cannot attach the probes";
	r = agent_attach(session->agent);
	if (r < 0)
		return r;
	*ret_error = "cannot make a cgroup for the session";
	r = choose_cgroup(session, path);
	if (r < 0)
		return r;
	*ret_error = "cannot make the session known to the probes";
	return open_scope(session, &begin);
}

/* session.start is written, and the leader marked; *ret_error says what failed. */
static int session_begin(struct agent_session *session, bool joins, const char **ret_error)
{
	int r;

	*ret_error = "cannot keep the session in mind";
	r = session_register(session);
	if (r < 0)
		return r;
	*ret_error = "cannot write the first record";
	r = begin_log(session);
	if (r < 0)
		return r;
	agent_session_touch(session);
	*ret_error = "cannot mark the session's leader";
	r = leader_take(session, joins);
	if (r < 0) /* what has begun in the log ends there, too */
		(void)pipeline_session_end(session->agent->pipeline, session->key,
					   &(struct session_end){ .time = clock_boottime_ns() });
	return r;
}

static void session_discard(struct agent_session *session)
{
	struct agent *agent = session->agent;

	scope_close(agent->loader, session->key, session->cgroup.id);
	if (session->cgroup.fd >= 0 && !session->cgroup.found)
		(void)cgroup_try_remove(&session->cgroup);
	handover_forget(agent->handover, session);
	agent_session_remove(session);
	if (agent->sessions.open == 0)
		agent_detach_idle(agent);
}

static int session_create(struct agent *agent, struct login *login, pid_t pid, int pidfd,
			  const char *path, bool moved, struct agent_session **ret,
			  const char **ret_error)
{
	struct agent_session *session = agent_session_new(agent);
	/* These cannot, or need not, be marked before they are in the cgroup. */
	bool joins = login->at_once || leader_has_threads(pid);
	int r = session ? uuid_generate(session->sid) : -ENOMEM;

	*ret_error = "cannot begin a session";
	if (r < 0) {
		free(session);
		return r;
	}
	session->key = agent->sessions.next_key++;
	session->leader = pid;
	session->moved = moved;
	session->start_time = clock_boottime_ns();
	session->audit_session = proc_number((uint32_t)pid, "sessionid", UINT32_MAX);
	session->login = *login;
	session->pidfd = fcntl(pidfd, F_DUPFD_CLOEXEC, 3);
	r = session->pidfd < 0 ? -errno : session_prepare(session, path, joins, ret_error);
	if (r == 0)
		r = session_begin(session, joins, ret_error);
	if (r < 0) {
		session->login = (struct login){ 0 }; /* the caller's again */
		session_discard(session);
		return r;
	}
	*login = (struct login){ 0 };
	agent->sessions.opened++;
	*ret = session;
	return 0;
}

/* The session that the process is in, NULL when it is in none: by lineage, else by its cgroup. */
static struct agent_session *session_around(struct agent *agent, int pidfd, const char *path)
{
	struct agent_session *session, *next;
	uint64_t key;

	if (agent->sessions.open == 0)
		return NULL;
	if (scope_find(agent->loader, pidfd, &key) == 0)
		return agent_session_by_key(agent, key);
	HASH_ITER(by_key, agent->sessions.by_key, session, next) {
		size_t size = session->cgroup.path ? strlen(session->cgroup.path) : 0;

		if (size > 1 && path && strncmp(path, session->cgroup.path, size) == 0 &&
		    (path[size] == '\0' || path[size] == '/'))
			return session;
	}
	return NULL;
}

/* Does it come over a connection, and another one than the session's own? */
static bool is_elsewhere(const struct login_connection *own, const struct login_connection *other)
{
	if (!other->src_addr)
		return false;
	return !own->src_addr || strcmp(own->src_addr, other->src_addr) != 0 ||
	       own->src_port != other->src_port || own->dst_port != other->dst_port;
}

/*
 * Does a process of a session log in anew, as somebody else? A daemon that was started inside a session does (sshd or cron,
 * restarted by hand where no service manager does it): its logins come over connections of their own, or have an audit
 * session of their own, and no terminal; su and sudo have neither, and login has the session's terminal. So does a daemon
 * that serves one login after the other in the same process.
 */
static bool is_anew(const struct agent_session *around, const struct login *login, pid_t pid)
{
	uint32_t audit = proc_number((uint32_t)pid, "sessionid", UINT32_MAX);

	if (leader_has_threads(pid))
		return false;
	if (around->closed && around->leader == pid)
		return true;
	/* su and sudo say who asks (PAM_RUSER). */
	if (login->ruser || is_terminal(login->tty))
		return false;
	/*
	 * Who has an audit session already cannot give himself another one; who has none can (loginuid in proc(5)). pam_loginuid
	 * begins none where the daemon's is of the same account already: then the connection tells.
	 */
	return is_elsewhere(&around->login.connection, &login->connection) ||
	       (around->audit_session != UINT32_MAX && audit != UINT32_MAX &&
		audit != around->audit_session);
}

static int session_switch(struct agent_session *session, const struct login *login, pid_t pid,
			  const char **ret_error)
{
	struct agent *agent = session->agent;
	char path[64], program[32] = "", exe[TEXT_SIZE + 1];
	struct session_switch event = {
		.service = login->service,
		.from = login->ruser ? login->ruser : session->login.login,
		.to = login->login,
		.tty = login->tty,
		.pid = (uint32_t)pid,
		.program = program,
		.connection = &login->connection,
		.auth = &login->auth,
	};
	int n = proc_exe_path((uint32_t)pid, exe, TEXT_SIZE);

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (fd_read_text(path, program, sizeof(program)) > 0)
		program[strcspn(program, "\n")] = '\0';
	if (n > 0) {
		exe[n] = '\0';
		event.exe = exe;
	}
	*ret_error = "cannot write the record";
	agent_drain(agent); /* what led to it comes before it */
	agent->sessions.switched++;
	agent_session_touch(session);
	return pipeline_session_switch(agent->pipeline, session->key, &event);
}

int agent_session_open(struct agent *agent, struct login *login, pid_t pid, int pidfd,
		       struct agent_session **ret, bool *ret_switched, const char **ret_error)
{
	_cleanup_free_ char *path = NULL;
	struct agent_session *around;
	bool moved;
	int r = cgroup_of(pid, &path);

	*ret_error = "cannot look at the process";
	if (r < 0 && r != -ENOENT)
		return r;
	around = session_around(agent, pidfd, path);
	moved = around && is_anew(around, login, pid);
	*ret_switched = around && !moved;
	if (*ret_switched) {
		*ret = around;
		r = session_switch(around, login, pid, ret_error);
	} else {
		r = session_create(agent, login, pid, pidfd, path, moved, ret, ret_error);
	}
	agent_outputs_flush(agent);
	agent_look(agent);
	return r;
}
