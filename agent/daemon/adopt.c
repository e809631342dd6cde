/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/adopt.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/state.h"

/* Its cgroup: one of ours is made anew where it is gone, as its processes may be anywhere. */
static int find_cgroup(struct agent_session *session)
{
	_cleanup_free_ char *path = TAKE_PTR(session->cgroup.path);
	static const char own[] = "/seshat/";

	if (path && strncmp(path, own, sizeof(own) - 1) != 0 &&
	    cgroup_open(&session->cgroup, path) == 0)
		return 0;
	return cgroup_create(&session->cgroup, session->sid);
}

/* Entering the cgroup that it is in already makes it join the session, too. */
static int join(void *userdata, pid_t pid)
{
	const struct agent_session *session = userdata;
	int r = cgroup_enter(&session->cgroup, pid);

	if (r < 0 && r != -ESRCH)
		log_warning("session %s: process %d cannot join again: %s, ignoring", session->sid,
			    (int)pid, strerror(-r));
	return 0;
}

/* Those with the session's audit id, wherever they went. */
static void join_by_audit(struct agent_session *session)
{
	DIR *proc = session->audit_session == UINT32_MAX ? NULL : opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return;
	while ((entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		char path[64], text[32];

		(void)snprintf(path, sizeof(path), "/proc/%d/sessionid", (int)pid);
		if (pid <= 0 || fd_read_text(path, text, sizeof(text)) <= 0 ||
		    strtoul(text, NULL, 10) != session->audit_session)
			continue;
		(void)join(session, pid);
	}
	closedir(proc);
}

/* The probes do not know it: its numbers go on where its log stands. */
static int find_processes(struct agent_session *session, const struct session_progress *progress)
{
	struct scope_accounts begin = { .numbered = progress->highest };
	int r;

	memcpy(begin.lost, progress->taken.by_kind, sizeof(begin.lost));
	r = scope_open(session->agent->loader, session->key, session->cgroup.id, &begin);
	if (r < 0)
		return r;
	r = cgroup_each(&session->cgroup, join, session);
	if (r == 0)
		join_by_audit(session);
	session->received = progress->highest;
	return r;
}

/* The leader may have ended meanwhile, and its pid may be another's. */
static void find_leader(struct agent_session *session)
{
	uint64_t key;
	int pidfd = (int)syscall(SYS_pidfd_open, session->leader, 0);

	if (pidfd >= 0 && scope_find(session->agent->loader, pidfd, &key) == 0 &&
	    key == session->key)
		session->pidfd = pidfd;
	else
		fd_close(pidfd);
}

int agent_session_adopt(struct agent_session *session, const struct session_progress *progress)
{
	struct agent *agent = session->agent;
	struct session_start start;
	struct scope_accounts accounts;
	int r = agent_attach(agent);

	if (r == 0)
		r = find_cgroup(session);
	if (r == 0 && scope_accounts(agent->loader, session->key, &accounts) < 0) {
		r = find_processes(session, progress);
		agent->gap = true;
	}
	if (r < 0)
		return r;
	/* Those that the probes have missed while no agent ran, too: how many there were when it began, nobody knows any more. */
	session->misses = 0;
	start = agent_session_describe(session);
	/* The other agent may have ended between making the session and writing its first record. */
	r = progress->ei > 0 ? pipeline_session_resume(agent->pipeline, &start, progress) :
			       pipeline_session_start(agent->pipeline, &start);
	if (r == 0)
		r = agent_session_insert(session);
	if (r < 0)
		return r;
	if (session->key >= agent->sessions.next_key)
		agent->sessions.next_key = session->key + 1;
	find_leader(session);
	r = session->pidfd < 0 ? 0 : agent_session_watch(session);
	/* The leader's end, when nobody looked, was the end of the login; or PAM has said so to the other agent. */
	if (r >= 0 && (session->pidfd < 0 || session->closed))
		r = agent_session_grace(session);
	if (r < 0)
		log_warning("session %s: cannot wait for the end of its leader: %s, ignoring",
			    session->sid, strerror(-r));
	return 0;
}
