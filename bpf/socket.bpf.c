/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other direction: bind, listen, accept. Both ends are the socket's own after the call; what a bind that failed wanted
 * is what the caller's memory holds.
 */
#include "sock.bpf.h"

enum {
	ERROR_AGAIN = -11,
};

/* The socket that the record is about: what accept(2) made, else what the call was given. */
static __always_inline struct sock *socket_result(struct task_struct *task,
						  const struct network_request *request, long ret)
{
	bool accepted = request->operation == WIRE_ACCEPT && ret >= 0;

	return socket_of(task, accepted ? (__u32)ret : request->descriptor);
}

/*
 * Nothing to tell: nobody was waiting to be accepted, or a netlink socket took a number, which names no peer and is
 * what every program does that asks for the machine's addresses.
 */
static __always_inline bool socket_is_due(const struct network_request *request,
					  const struct sock *sk, long ret)
{
	if (request->operation == WIRE_ACCEPT)
		return ret != ERROR_AGAIN;
	return request->operation != WIRE_BIND || !sk ||
	       KREAD(sk, __sk_common.skc_family) != FAMILY_NETLINK;
}

/* Has the bind done what it says? A seccomp filter may have answered in the kernel's place. */
static __always_inline bool socket_is_bound(const struct wire_network *out, const struct sock *sk,
					    long ret)
{
	if (ret < 0 || !sk)
		return false;
	if (out->socket_family == FAMILY_UNIX)
		return KREAD((const struct unix_sock *)sk, addr);
	if (is_inet(out->socket_family))
		return out->type == TYPE_RAW || KREAD(sk, __sk_common.skc_num);
	return out->socket_family == FAMILY_VSOCK;
}

static __always_inline void socket_unix(struct scratch *scratch, struct wire_network *out,
					const struct sock *sk)
{
	const struct unix_sock *peer;

	if (unix_is_abstract(sk))
		out->flags |= WIRE_NET_ABSTRACT;
	part_unix_name_of(scratch, WIRE_PART_PATH, (const struct unix_sock *)sk);
	if (out->operation != WIRE_ACCEPT)
		return;
	peer = (const struct unix_sock *)KREAD((const struct unix_sock *)sk, peer);
	if (peer)
		part_unix_name_of(scratch, WIRE_PART_NEW_PATH, peer);
}

/* What was asked for, as the kernel keeps it with the path. */
static __always_inline void socket_unix_request(struct scratch *scratch, const struct sock *sk)
{
	const struct unix_address *address = KREAD((const struct unix_sock *)sk, addr);
	__u32 size = (__u32)KREAD(address, len) - 2;

	if (address && !unix_is_abstract(sk))
		part_unix_request(scratch, address->name[0].sun_path, size);
}

static __always_inline void socket_claim(struct scratch *scratch, struct wire_network *out,
					 const struct network_request *request)
{
	if (!request->readable) {
		out->flags |= WIRE_NET_UNREADABLE;
		return;
	}
	network_claim(out, request);
	if (out->family == FAMILY_UNIX && request->size >= 2 &&
	    part_unix_request(scratch, (const char *)&request->address[2], request->size - 2))
		out->flags |= WIRE_NET_ABSTRACT;
}

static __always_inline void socket_ends(struct scratch *scratch, struct wire_network *out,
					const struct sock *sk)
{
	if (out->socket_family == FAMILY_UNIX) {
		socket_unix(scratch, out, sk);
		if (out->operation == WIRE_BIND)
			socket_unix_request(scratch, sk);
	} else if (out->operation == WIRE_ACCEPT && out->return_code >= 0) {
		network_ends(out, sk);
	} else if (out->socket_family == FAMILY_VSOCK) {
		vsock_address(out->src_addr, sk, false);
		out->flags |= WIRE_NET_SRC;
	} else if (is_inet(out->socket_family)) {
		network_source(out, sk);
		if (out->operation == WIRE_BIND)
			out->flags |= WIRE_NET_SRC;
		if ((out->flags & WIRE_NET_SRC) && out->socket_family == FAMILY_INET6 &&
		    is_link_local(out->src_addr))
			out->scope_id = (__u32)KREAD(sk, __sk_common.skc_bound_dev_if);
	}
}

/* The body: a call of the current task's that has ended with `ret`. */
SHARED int socket_body(struct task_state *state, struct network_request *request, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_network *out;
	struct scratch *scratch;
	struct sock *sk;

	if (!state || !request)
		return 0;
	sk = socket_result(task, request, ret);
	if (!socket_is_due(request, sk, ret))
		return 0;
	image_tell(task, state);
	scratch = record_begin(WIRE_NETWORK, sizeof(*out), task, state);
	if (!scratch)
		return 0;
	out = (struct wire_network *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_network){ .return_code = syscall_result(ret),
				      .operation = request->operation };
	if (sk)
		network_socket(out, sk);
	out->family = out->socket_family;
	if (request->operation == WIRE_BIND && !socket_is_bound(out, sk, ret)) {
		network_read_address(request);
		socket_claim(scratch, out, request);
	} else if (sk) {
		socket_ends(scratch, out, sk);
	}
	return record_end(scratch);
}

static __always_inline int socket_ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = scope_find(task);
	struct request_slot *taken = state ? request_take_for(state) : NULL;
	struct network_request *request;

	if (!taken)
		return 0;
	request = &taken->request;
	network_ask(request, regs, arch_compat(task));
	request->operation = request->call == CALL_BIND	  ? WIRE_BIND :
			     request->call == CALL_LISTEN ? WIRE_LISTEN :
							    WIRE_ACCEPT;
	socket_body(state, request, ret);
	request_give(taken);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(socket_exit, struct pt_regs *regs, long ret)
{
	return socket_ended(regs, ret);
}
