/* SPDX-License-Identifier: GPL-2.0-only */
/* How a TCP connection that nobody waited for has ended: established, refused, timed out, given up. */
#include "outcome.bpf.h"
#include "worker.bpf.h"

enum {
	ERROR_ABORTED = -103,
};

/* Is the current task in a system call whose end outcome_returned() sees? */
static __always_inline bool outcome_in_call(struct task_struct *task)
{
	struct pt_regs *regs;

	if (task_is_worker(task))
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return arch_slot(regs, arch_compat(task)) == SLOT_NETWORK;
}

/* Will nobody tell of the request that connects this? What is apart of an earlier connection is of no use any more. */
static __always_inline bool outcome_is_unheard(__u64 key)
{
	/* Of a multipath socket: the request is about that one. */
	__u64 whole = (__u64)BPF_CORE_READ((const struct sock *)key, sk_socket, sk);
	struct outcome *apart = bpf_map_lookup_elem(&outcomes_apart, &whole);
	bool unheard = apart && apart->phase == OUTCOME_RETURNED;

	if (unheard)
		bpf_map_delete_elem(&outcomes_apart, &whole);
	bpf_map_delete_elem(&outcomes_apart, &key);
	return unheard;
}

/* In the task that connects. The source port is not known yet. */
static __noinline int outcome_begin(__u64 key)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = worker_find(task);
	struct outcome outcome = {}, *before;

	/* One that is there all the same is of a socket that is gone, and whose memory this one has now. */
	if (!state) {
		bpf_map_delete_elem(&outcomes, &key);
		return 0;
	}
	/* Another thread's, whose call has not ended yet: nobody else would tell it. */
	before = bpf_map_lookup_elem(&outcomes, &key);
	if (before && __sync_lock_test_and_set(&before->phase, OUTCOME_RETURNED) == OUTCOME_ENDED)
		outcome_send(before);
	outcome.session = state->session;
	task_fill(&outcome.task, task, state);
	outcome.network.operation = WIRE_CONNECTED;
	outcome.elsewhere = !outcome_in_call(task);
	if (outcome.elsewhere && outcome_is_unheard(key))
		outcome.phase = OUTCOME_RETURNED;
	network_socket(&outcome.network, (const struct sock *)key);
	bpf_map_update_elem(&outcomes, &key, &outcome, BPF_ANY);
	if (!outcome.elsewhere)
		state->connecting = key;
	return 0;
}

/* The addresses are still there; a port that was given back is where the last packet had it from. */
static __always_inline void outcome_addresses(struct wire_network *out, const struct sock *sk)
{
	out->flags = 0;
	network_source(out, sk);
	if (!out->src_port) {
		out->src_port = bpf_ntohs(KREAD((const struct inet_sock *)sk, inet_sport));
		out->flags |= out->src_port ? WIRE_NET_SRC : 0;
	}
	network_peer(out, sk);
}

/* In any context. What the kernel has no error for was ended by the program itself. */
static __noinline int outcome_end(__u64 key, __u32 established)
{
	const struct sock *sk = (const struct sock *)key;
	struct outcome *outcome = bpf_map_lookup_elem(&outcomes, &key);
	__u32 before;
	int error;

	if (!outcome)
		return 0;
	error = KREAD(sk, sk_err);
	outcome->network.return_code = established ? 0 : error ? -error : ERROR_ABORTED;
	outcome_addresses(&outcome->network, sk);
	before = __sync_lock_test_and_set(&outcome->phase, OUTCOME_ENDED);
	if (before == OUTCOME_RETURNED)
		outcome_send(outcome);
	else if (outcome->elsewhere)
		bpf_map_update_elem(&outcomes_apart, &key, outcome, BPF_ANY);
	if (before == OUTCOME_RETURNED || outcome->elsewhere)
		bpf_map_delete_elem(&outcomes, &key);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(outcome_state, struct sock *sock, int before, int after)
{
	struct sock *sk = NULL;

	/* The address as a plain number, which is what the other functions take. */
	bpf_probe_read_kernel(&sk, sizeof(sk), &ctx[0]);
	/* Of a multipath socket the connections below it are looked at, which have errors and addresses first. */
	if (KREAD(sk, sk_protocol) != PROTOCOL_TCP)
		return 0;
	if (after == TCP_STATE_SYN_SENT)
		return outcome_begin((__u64)sk);
	/* Two that connect to each other at once go by SYN_RECV. */
	if ((before == TCP_STATE_SYN_SENT || before == TCP_STATE_SYN_RECV) &&
	    after != TCP_STATE_SYN_RECV)
		return outcome_end((__u64)sk, after == TCP_STATE_ESTABLISHED);
	return 0;
}
