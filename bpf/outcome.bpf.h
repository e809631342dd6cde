/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections on their way. The one that ends the system call and the one that ends the connection exchange the entry's
 * phase; whoever comes second tells, if the call could not tell itself.
 */
#ifndef SESHAT_OUTCOME_BPF_H
#define SESHAT_OUTCOME_BPF_H

#include "sock.bpf.h"

enum {
	OUTCOMES =
		65536, /* connections on their way at once; what goes beyond is counted as lost */
	OUTCOMES_APART = 1024,
	ERROR_ALREADY = -114,
	ERROR_INPROGRESS = -115,
	ERROR_CANCELED = -125,
};

enum outcome_phase {
	OUTCOME_CALLING,
	OUTCOME_RETURNED, /* the call has ended without the outcome */
	OUTCOME_ENDED,	  /* the outcome is in the entry */
};

struct outcome {
	__u64 session;
	struct wire_task task;
	struct wire_network network;
	__u32 phase; /* enum outcome_phase */
	/* not begun by a system call, but by io_uring */
	__u32 elsewhere;
};

/* By the address of the struct sock. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, OUTCOMES);
	__type(key, __u64);
	__type(value, struct outcome);
} outcomes SEC(".maps");

/*
 * Of io_uring: those that have ended (OUTCOME_ENDED), until the completion, which nothing tells of when it is not wanted;
 * and sockets whose connection, begun later, has no such completion (OUTCOME_RETURNED).
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OUTCOMES_APART);
	__type(key, __u64);
	__type(value, struct outcome);
} outcomes_apart SEC(".maps");

/*
 * The record, on the stack: it may be in an interrupt, in whatever task was running. A session whose last process has ended
 * gets no more of them.
 */
static __noinline int outcome_send(const struct outcome *outcome)
{
	struct {
		struct wire_header header;
		struct wire_network network;
	} record = {};
	struct session_state *session;

	if (!outcome)
		return 0;
	session = scope_session(outcome->session);
	if (!session || session->processes <= 0)
		return 0;
	record.header.size = sizeof(record);
	record.header.kind = WIRE_NETWORK;
	record.header.session = outcome->session;
	record.header.number = __sync_fetch_and_add(&session->numbered, 1) + 1;
	record.header.time = bpf_ktime_get_boot_ns();
	record.header.task = outcome->task;
	record.network = outcome->network;
	if (ring_send(&record, sizeof(record)))
		session_lose(session, WIRE_NETWORK);
	return 0;
}

/* There was no room for the entry: what would have become a record is lost, and counted. */
static __always_inline void outcome_lost(const struct task_state *state)
{
	struct session_state *session = scope_session(state->session);

	if (session)
		session_miss(session, WIRE_NETWORK);
}

/*
 * Has the call told the outcome itself? It has not where it did not wait, or was interrupted; nor where it sent (fast open)
 * or deferred the connection.
 */
static __always_inline bool outcome_is_told(const struct outcome *outcome, long ret, __u32 no_wait)
{
	if (ret == ERROR_INPROGRESS || ret == ERROR_INTERRUPTED)
		return false;
	if (ret < 0)
		return true;
	return !no_wait && outcome->phase == OUTCOME_ENDED && !outcome->network.return_code;
}

/*
 * The system call that began a connection has ended with `ret`, after its own record. no_wait: a success says nothing of
 * the connection, as for data that goes with the first packet from a socket that does not wait.
 */
SHARED int outcome_returned(struct task_state *state, long ret, __u32 no_wait)
{
	struct outcome *outcome;
	__u64 key;

	if (!state)
		return 0;
	key = state->connecting;
	state->connecting = 0;
	ret = syscall_result(ret);
	outcome = bpf_map_lookup_elem(&outcomes, &key);
	if (!outcome) {
		if (ret == ERROR_INPROGRESS || ret == ERROR_INTERRUPTED)
			outcome_lost(state);
		return 0;
	}
	if (!outcome_is_told(outcome, ret, no_wait)) {
		/* User space has heard of this executable by now. */
		outcome->task.image[0] = state->image[0];
		outcome->task.image[1] = state->image[1];
		if (__sync_lock_test_and_set(&outcome->phase, OUTCOME_RETURNED) != OUTCOME_ENDED)
			return 0;
		outcome_send(outcome);
	}
	bpf_map_delete_elem(&outcomes, &key);
	return 0;
}

/* How the connection ended that a request of io_uring has begun, before its completion; NULL: it has not. */
static __always_inline struct outcome *outcome_ended(__u64 key)
{
	struct outcome *outcome = bpf_map_lookup_elem(&outcomes_apart, &key);

	return outcome && outcome->phase == OUTCOME_ENDED ? outcome : NULL;
}

/* Such a request is not seen to complete: whatever it begins is told. */
static __noinline int outcome_unheard(__u64 key)
{
	struct outcome unheard = { .phase = OUTCOME_RETURNED };

	return (int)bpf_map_update_elem(&outcomes_apart, &key, &unheard, BPF_ANY);
}

/*
 * A request of io_uring that can begin a connection has completed with `ret`, after its own record. One that is cancelled
 * leaves the connection on its way; one that sends has not waited for it.
 */
SHARED int outcome_completed(struct wire_task *task, __u64 key, long ret, __u32 sends)
{
	bool open = ret >= 0 || ret == ERROR_INPROGRESS || ret == ERROR_INTERRUPTED ||
		    ret == ERROR_CANCELED;
	struct outcome *outcome = bpf_map_lookup_elem(&outcomes, &key);

	if (!task)
		return 0;
	/* A request that fails in another way on a socket that connects has not begun that. */
	if (outcome && outcome->elsewhere && open) {
		outcome->task = *task;
		if (__sync_lock_test_and_set(&outcome->phase, OUTCOME_RETURNED) != OUTCOME_ENDED)
			return 0;
		/* It ends just now, and will be apart: told here. */
		outcome_send(outcome);
		bpf_map_delete_elem(&outcomes, &key);
		bpf_map_delete_elem(&outcomes_apart, &key);
		return 0;
	}
	outcome = outcome_ended(key);
	if (!outcome)
		return 0;
	if (open && (sends || ret || outcome->network.return_code))
		outcome_send(outcome);
	bpf_map_delete_elem(&outcomes_apart, &key);
	return 0;
}

#endif
