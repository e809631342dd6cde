/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/leader.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/pids.h"
#include "daemon/state.h"
#include "enrich/proc.h"

enum {
	KERNEL_THREAD = 0x00200000, /* PF_KTHREAD, linux/sched.h */
	TREE_DEPTH = 16,	    /* generations that a leader can have until it is moved */
};

bool leader_can_be(pid_t pid)
{
	uint64_t flags;

	return pid > 1 && pid != getpid() &&
	       proc_stat((uint32_t)pid, PROC_STAT_FLAGS, &flags) == 0 && !(flags & KERNEL_THREAD);
}

bool leader_has_threads(pid_t pid)
{
	uint64_t count;

	return proc_stat((uint32_t)pid, PROC_STAT_THREADS, &count) == 0 && count > 1;
}

int leader_take(struct agent_session *session, bool joins)
{
	const struct loader *loader = session->agent->loader;
	struct scope_accounts accounts = { 0 };
	uint64_t key = 0;
	int r;

	if (!joins && !session->moved)
		return scope_mark(loader, session->key, session->pidfd, session->cgroup.id);
	session->outside = false;
	r = session->moved ? scope_move_begin(loader, session->key, session->leader) : 0;
	if (r == 0)
		r = cgroup_enter(&session->cgroup, session->leader);
	if (!session->moved) {
		if (r == 0)
			r = scope_accounts(loader, session->key, &accounts);
		return r < 0 || accounts.processes > 0 ? r : -ESRCH;
	}
	scope_move_end(loader, session->leader);
	if (r == 0)
		r = scope_find(loader, session->pidfd, &key);
	return r < 0 || key == session->key ? r : -ESRCH;
}

static void enter_tree(const struct agent_session *session, pid_t pid, int depth);

/* The children of a thread of the process: those that were forked before it was moved. */
static void enter_children(const struct agent_session *session, pid_t pid, const char *thread,
			   int depth)
{
	char path[64];
	FILE *file;
	pid_t child;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", (int)pid, thread);
	file = fopen(path, "re");
	if (!file)
		return;
	while (pids_next(file, &child))
		enter_tree(session, child, depth);
	fclose(file);
}

static void enter_tree(const struct agent_session *session, pid_t pid, int depth)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;
	int r = cgroup_enter(&session->cgroup, pid);

	if (r < 0 && r != -ESRCH)
		log_warning("cannot move process %d to the cgroup %s: %s, ignoring", (int)pid,
			    session->cgroup.path, strerror(-r));
	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = depth > 0 ? opendir(path) : NULL;
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			enter_children(session, pid, entry->d_name, depth - 1);
	closedir(dir);
}

/* One that has ended is not to be taken for whoever has its pid now. */
static bool is_alive(const struct agent_session *session)
{
	struct pollfd ended = { .fd = session->pidfd, .events = POLLIN };

	return session->pidfd >= 0 && poll(&ended, 1, 0) == 0;
}

void leader_move_now(struct agent *agent)
{
	struct agent_session *session, *next;

	HASH_ITER(by_key, agent->sessions.by_key, session, next) {
		if (!session->outside)
			continue;
		session->outside = false;
		if (!is_alive(session))
			continue;
		enter_tree(session, session->leader, TREE_DEPTH);
	}
}

static int move_leaders(sd_event_source *source, void *userdata)
{
	(void)source;
	leader_move_now(userdata);
	return 0;
}

int leader_move_later(struct agent *agent)
{
	int r;

	if (agent->sessions.later)
		return sd_event_source_set_enabled(agent->sessions.later, SD_EVENT_ONESHOT);
	r = sd_event_add_defer(agent->event, &agent->sessions.later, move_leaders, agent);
	if (r < 0)
		return r;
	return sd_event_source_set_priority(agent->sessions.later, SD_EVENT_PRIORITY_IDLE);
}
