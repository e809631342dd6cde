/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/scope.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bpf/state.h"

int scope_open(const struct loader *loader, uint64_t key, uint64_t cgroup_id,
	       const struct scope_accounts *begin)
{
	struct session_state state = { .cgroup = cgroup_id };
	int sessions = loader_map(loader, "sessions"), r;

	if (begin) {
		memcpy(state.lost, begin->lost, sizeof(state.lost));
		state.numbered = begin->numbered;
		state.processes = begin->processes;
	}
	r = bpf_map_update_elem(sessions, &key, &state, BPF_NOEXIST);
	if (r < 0 || cgroup_id == 0)
		return r;
	r = bpf_map_update_elem(loader_map(loader, "cgroup_sessions"), &cgroup_id, &key,
				BPF_NOEXIST);
	if (r < 0)
		(void)bpf_map_delete_elem(sessions, &key);
	return r;
}

void scope_close(const struct loader *loader, uint64_t key, uint64_t cgroup_id)
{
	uint64_t owner;

	/* The cgroup first: nothing is to join a session that is not there. */
	if (cgroup_id &&
	    bpf_map_lookup_elem(loader_map(loader, "cgroup_sessions"), &cgroup_id, &owner) == 0 &&
	    owner == key)
		(void)bpf_map_delete_elem(loader_map(loader, "cgroup_sessions"), &cgroup_id);
	(void)bpf_map_delete_elem(loader_map(loader, "sessions"), &key);
}

int scope_prune(const struct loader *loader, bool (*known)(void *userdata, uint64_t key),
		void *userdata)
{
	int sessions = loader_map(loader, "sessions"), alive = 0, r;
	struct session_state state;
	uint64_t key, next;

	r = bpf_map_get_next_key(sessions, NULL, &next);
	while (r == 0) {
		/* The next one first: of one that is gone the kernel begins anew. */
		key = next;
		r = bpf_map_get_next_key(sessions, &key, &next);
		if (known(userdata, key) || bpf_map_lookup_elem(sessions, &key, &state) < 0)
			continue;
		alive += state.processes > 0;
		scope_close(loader, key, state.cgroup);
	}
	return r == -ENOENT ? alive : r;
}

int scope_mark(const struct loader *loader, uint64_t key, int pidfd, uint64_t cgroup_id)
{
	struct task_state state = { .session = key, .cgroup = cgroup_id };
	int r = bpf_map_update_elem(loader_map(loader, "tasks"), &pidfd, &state, BPF_ANY);

	return r == -ENOENT ? -ESRCH : r;
}

int scope_move_begin(const struct loader *loader, uint64_t key, pid_t pid)
{
	return bpf_map_update_elem(loader_map(loader, "moves"), &pid, &key, BPF_ANY);
}

void scope_move_end(const struct loader *loader, pid_t pid)
{
	(void)bpf_map_delete_elem(loader_map(loader, "moves"), &pid);
}

int scope_find(const struct loader *loader, int pidfd, uint64_t *ret_key)
{
	struct task_state state;
	int r = bpf_map_lookup_elem(loader_map(loader, "tasks"), &pidfd, &state);

	if (r < 0)
		return r;
	if (!state.session)
		return -ENOENT;
	*ret_key = state.session;
	return 0;
}

static int session_get(const struct loader *loader, uint64_t key, struct session_state *ret)
{
	return bpf_map_lookup_elem(loader_map(loader, "sessions"), &key, ret);
}

int scope_accounts(const struct loader *loader, uint64_t key, struct scope_accounts *ret)
{
	struct session_state session;
	int r = session_get(loader, key, &session);

	if (r < 0)
		return r;
	memcpy(ret->lost, session.lost, sizeof(ret->lost));
	ret->numbered = session.numbered;
	ret->processes = session.processes;
	return 0;
}

/* Is the process of the session? Its storage is that of its first thread, which stays until the last one ends. */
static bool is_member(int tasks, uint64_t key, pid_t pid)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct task_state state;

	return pidfd >= 0 && bpf_map_lookup_elem(tasks, &pidfd, &state) == 0 &&
	       state.session == key;
}

int scope_processes(const struct loader *loader, uint64_t key, uint32_t *pids, size_t *count,
		    uint64_t *ret_total)
{
	int tasks = loader_map(loader, "tasks");
	size_t room = *count, written = 0;
	struct dirent *entry;
	uint64_t total = 0;
	DIR *proc = opendir("/proc");

	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0 || !is_member(tasks, key, pid))
			continue;
		total++;
		if (written < room)
			pids[written++] = (uint32_t)pid;
	}
	closedir(proc);
	*count = written;
	*ret_total = total;
	return 0;
}
