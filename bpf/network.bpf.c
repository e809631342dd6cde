/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * connect(2), and datagrams sent to an address without it. The address that the kernel acts on is copied by the
 * sock_addr hooks, and joined with the result at the exit of the system call.
 */
#include "outcome.bpf.h"
#include "pending.bpf.h"

enum {
	NO_DESCRIPTOR = -9, /* EBADF, EFAULT, EINVAL, ENOTSOCK: what the hooks never saw */
	BAD_ADDRESS = -14,
	BAD_ARGUMENT = -22,
	NO_SOCKET = -88,
	NO_WAIT = 0x40,	   /* MSG_DONTWAIT */
	NON_BLOCK = 04000, /* O_NONBLOCK */
	MESSAGES = 1024,   /* UIO_MAXIOV: the kernel sends no more in one call */
};

/* Of a multipath socket the hook has seen the connection below it, which has the same struct socket. */
static __always_inline bool pending_is_of(const struct pending_address *pending,
					  const struct sock *sk)
{
	const struct sock *seen = (const struct sock *)pending->sock;

	if (KREAD(sk, sk_protocol) == PROTOCOL_MPTCP)
		return KREAD(sk, sk_socket) == KREAD(seen, sk_socket);
	return pending->cookie == (__u64)KREAD(sk, __sk_common.skc_cookie.counter);
}

static __always_inline void network_pending(struct wire_network *out,
					    const struct pending_address *pending,
					    const struct network_request *request)
{
	const struct sockaddr_inet6 *address = (const void *)request->address;
	const __u64 *claimed = (const __u64 *)address->addr, *seen = (const __u64 *)pending->addr;

	__builtin_memcpy(out->dst_addr, pending->addr, sizeof(out->dst_addr));
	out->dst_port = pending->port;
	out->family = pending->family;
	/* The hook is not told the scope: the caller's, if it speaks of the same address. */
	if (pending->family == FAMILY_INET6 && request->size >= sizeof(*address) &&
	    claimed[0] == seen[0] && claimed[1] == seen[1])
		out->scope_id = address->scope_id;
	out->flags |= WIRE_NET_DST;
}

/*
 * A socket without a peer is connected to none, whatever the call returned: a seccomp filter may have answered in the
 * kernel's place.
 */
static __always_inline bool network_is_connected(const struct sock *sk, __u16 family,
						 const struct network_request *request)
{
	/* A multipath socket keeps the port. */
	if (KREAD(sk, sk_protocol) == PROTOCOL_MPTCP &&
	    KREAD(sk, __sk_common.skc_state) == TCP_STATE_CLOSE)
		return false;
	if (KREAD(sk, __sk_common.skc_dport))
		return true;
	/* A disconnect (AF_UNSPEC) takes the port away and leaves the address. */
	return request->family != FAMILY_UNSPEC && network_has_peer(sk, family);
}

static __always_inline void network_addresses(struct wire_network *out, const struct sock *sk,
					      const struct network_request *request,
					      const struct pending_address *pending)
{
	bool done = out->return_code >= 0 || out->return_code == ERROR_INPROGRESS;

	if (!request->readable && !pending) {
		out->flags |= WIRE_NET_UNREADABLE;
		out->family = out->socket_family;
	}
	if (sk && is_inet(out->socket_family))
		network_source(out, sk);
	if (sk && out->socket_family == FAMILY_VSOCK && done &&
	    request->operation == WIRE_CONNECT) {
		network_ends(out, sk);
		return;
	}
	if (request->operation == WIRE_CONNECT && sk && done && is_inet(out->socket_family) &&
	    (pending || network_is_connected(sk, out->socket_family, request)))
		network_peer(out, sk);
	else if (pending && is_inet(pending->family))
		network_pending(out, pending, request);
	else if (request->readable)
		network_claim(out, request);
}

/* Where in the file systems the peer is bound. */
static __always_inline void network_unix_peer(struct scratch *scratch, const struct sock *sk)
{
	const struct unix_sock *peer;

	peer = (const struct unix_sock *)KREAD((const struct unix_sock *)sk, peer);
	if (peer)
		part_path_of(scratch, WIRE_PART_PATH, peer, path);
}

/* Which of several messages failed, and why, the kernel tells nobody. */
static __always_inline void network_several(struct wire_network *out,
					    const struct pending_address *pending)
{
	if (out->return_code < 0)
		return;
	if (pending->messages > (__u64)out->return_code)
		out->flags |= WIRE_NET_NO_RESULT;
	out->return_code = 0;
}

/* Can the call have got as far as the hook? Else what is pending was left by io_uring. */
static __always_inline bool network_reached(const struct task_state *state,
					    const struct pending_address *pending,
					    const struct sock *sk, long ret)
{
	if (state->connecting && state->connecting == pending->sock)
		return true;
	if (ret == NO_DESCRIPTOR || ret == NO_SOCKET || ret == BAD_ADDRESS || ret == BAD_ARGUMENT)
		return false;
	return !sk ||
	       (is_inet(KREAD(sk, __sk_common.skc_family)) && KREAD(sk, sk_type) != TYPE_RAW);
}

/*
 * The socket of the call, and what a hook has seen of it. The descriptor may stand for another file by now: another
 * thread closed or replaced it while the call was under way. Then it is the hook's word that counts.
 */
static __always_inline struct sock *network_sock(struct task_struct *task, struct task_state *state,
						 const struct network_request *request, long ret,
						 struct pending_address **ret_pending)
{
	struct pending_address *pending = pending_find(task);
	struct sock *sk = socket_of(task, request->descriptor);

	if (!pending_is(pending, request->operation))
		return sk;
	if (!sk || !pending_is_of(pending, sk)) {
		if (!network_reached(state, pending, sk, ret))
			return sk;
		sk = (struct sock *)pending->sock;
	}
	*ret_pending = pending;
	return pending_is_of(pending, sk) ? sk : NULL;
}

/* A connection that failed has given its port back; the entry of its outcome knows it still. */
static __always_inline void network_failed_source(struct wire_network *out,
						  const struct task_state *state)
{
	__u64 key = state->connecting;
	struct outcome *outcome;

	if (!key || out->src_port)
		return;
	outcome = bpf_map_lookup_elem(&outcomes, &key);
	if (!outcome || outcome->phase != OUTCOME_ENDED)
		return;
	__builtin_memcpy(out->src_addr, outcome->network.src_addr, sizeof(out->src_addr));
	out->src_port = outcome->network.src_port;
	out->flags |= outcome->network.flags & WIRE_NET_SRC;
}

static __always_inline void network_unix(struct scratch *scratch, struct wire_network *out,
					 const struct pending_address *pending,
					 const struct network_request *request)
{
	bool abstract = false;

	if (pending && pending->family == FAMILY_UNIX) {
		out->family = FAMILY_UNIX;
		abstract = part_unix_request(scratch, pending->path, pending->size);
	} else if (out->family == FAMILY_UNIX && request->size >= 2) {
		abstract = part_unix_request(scratch, (const char *)&request->address[2],
					     request->size - 2);
	}
	if (abstract)
		out->flags |= WIRE_NET_ABSTRACT;
}

SHARED int network_emit(struct task_state *state, struct network_request *request, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pending_address *pending = NULL;
	struct wire_network *out;
	struct scratch *scratch;
	struct sock *sk;

	if (!state || !request)
		return 0;
	image_tell(task, state);
	scratch = record_begin(WIRE_NETWORK, sizeof(*out), task, state);
	if (!scratch)
		return 0;
	out = (struct wire_network *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_network){ .return_code = syscall_result(ret),
				      .operation = request->operation };
	if (request->unknown)
		out->flags |= WIRE_NET_NO_RESULT;
	sk = network_sock(task, state, request, ret, &pending);
	if (sk) {
		network_socket(out, sk);
	} else if (pending) {
		out->socket_family = pending->family;
		out->protocol = pending->protocol;
		out->type = pending->type;
	}
	network_addresses(out, sk, request, pending);
	network_failed_source(out, state);
	if (request->call == CALL_SENDMMSG && pending)
		network_several(out, pending);
	network_unix(scratch, out, pending, request);
	if (ret == 0 && sk && out->socket_family == FAMILY_UNIX && out->family == FAMILY_UNIX)
		network_unix_peer(scratch, sk);
	return record_end(scratch);
}

/* A stream's address is ignored, or refused; but for SCTP's, which makes a connection of it. */
static __always_inline bool network_is_stream(const struct sock *sk)
{
	return KREAD(sk, sk_type) == TYPE_STREAM && KREAD(sk, sk_protocol) != PROTOCOL_SCTP;
}

/*
 * Is it a record? Every connect is. Of the sends those to an address: a hook saw it, or a datagram socket was given
 * one.
 */
static __always_inline bool network_due(struct task_struct *task, struct task_state *state,
					const struct network_request *request, long ret,
					bool is_pending)
{
	struct pending_address *pending = NULL;
	struct sock *sk;

	if (request->call == CALL_CONNECT)
		return true;
	if (request->call != CALL_SENDTO && request->call != CALL_SENDMSG &&
	    request->call != CALL_SENDMMSG)
		return false;
	if (!request->pointer && !is_pending)
		return false;
	sk = network_sock(task, state, request, ret, &pending);
	return pending || (sk && request->pointer && !network_is_stream(sk));
}

struct message_walk {
	struct task_state *state;
	struct network_request *request;
	long ret;
};

static long message_step(__u32 index, void *data)
{
	struct message_walk *walk = data;
	struct network_request *request = walk->request;
	long ret = walk->ret < 0 ? walk->ret : 0;

	request->readable = false;
	request->size = 0;
	request->unknown = walk->ret >= 0 && index >= walk->ret;
	message_address(request,
			request->messages +
				index * (request->pointers32 ? NARROW_STRIDE : MESSAGE_STRIDE));
	if (!request->pointer)
		return 0;
	network_read_address(request);
	network_emit(walk->state, request, ret);
	return 0;
}

/*
 * sendmmsg(2) on a socket that has no hook: a record for each message to an address that was sent, and for the one after
 * them, which was not; why, the kernel tells only when it was the first.
 */
SHARED int network_messages(struct task_state *state, struct network_request *request, long ret)
{
	struct message_walk walk = { .state = state, .request = request, .ret = ret };
	__u32 count;
	struct sock *sk;

	if (!state || !request)
		return 0;
	sk = socket_of(bpf_get_current_task_btf(), request->descriptor);
	if (!sk || network_is_stream(sk))
		return 0;
	count = ret < 0 ? 1 : (__u32)ret + 1;
	if (count > request->count)
		count = request->count;
	bpf_loop(count < MESSAGES ? count : MESSAGES, message_step, &walk, 0);
	return 0;
}

/* Does a success of this call say nothing of the connection that it began? */
static __always_inline bool network_no_wait(struct task_struct *task,
					    const struct network_request *request)
{
	struct file *file;

	if (request->call == CALL_CONNECT)
		return false;
	if (request->flags & NO_WAIT)
		return true;
	file = file_of(task, request->descriptor);
	return file && (KREAD(file, f_flags) & NON_BLOCK);
}

/* The body: a call of the current task's that has ended with `ret`. */
SHARED int network_body(struct task_state *state, struct network_request *request, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pending_address *pending = pending_find(task);
	bool is_pending;

	if (!state || !request)
		return 0;
	/* A send on a new TCP socket can be a connect too: then that hook has seen it. */
	if (request->call != CALL_CONNECT &&
	    !((request->flags & SEND_FASTOPEN) && pending_is(pending, WIRE_CONNECT)))
		request->operation = WIRE_SEND;
	is_pending = pending_is(pending, request->operation);
	/* Left by a call that ended elsewhere: io_uring's. */
	if (pending && !is_pending)
		pending->operation = 0;
	if (request->call == CALL_SENDMMSG && !is_pending)
		return network_messages(state, request, ret);
	if (network_due(task, state, request, ret, is_pending)) {
		network_read_address(request);
		network_emit(state, request, ret);
		if (pending)
			pending->operation = 0;
	}
	if (state->connecting)
		outcome_returned(state, ret, network_no_wait(task, request));
	return 0;
}

/* Which probe the call is for after all: enum syscall_slot. */
static __always_inline __u32 network_ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = scope_find(task);
	struct request_slot *taken;
	__u32 slot;

	if (!state)
		return SLOT_NETWORK;
	taken = request_take_for(state);
	if (!taken)
		return SLOT_NETWORK;
	network_ask(&taken->request, regs, arch_compat(task));
	slot = network_slot(taken->request.call);
	if (slot == SLOT_NETWORK)
		network_body(state, &taken->request, ret);
	request_give(taken);
	return slot;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(network_exit, struct pt_regs *regs, long ret)
{
	__u32 slot = network_ended(regs, ret);

	if (slot != SLOT_NETWORK && !(control.slots_off & (1u << slot)))
		bpf_tail_call(ctx, &syscall_probes, slot);
	return 0;
}
