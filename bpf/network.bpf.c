/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * connect(2), and datagrams sent to an address without it. The address that the kernel acts on is copied by the
 * sock_addr hooks into the task's state, and joined with the result at the exit of the system call.
 */
#include "image.bpf.h"
#include "request.bpf.h"

#include <bpf/bpf_endian.h>

enum {
	ERROR_INPROGRESS = -115,
	TYPE_STREAM = 1,
	TYPE_RAW = 3,
};

struct sockaddr_inet6 {
	__u16 family;
	__u16 port;
	__u32 flow;
	__u8 addr[16];
	__u32 scope_id;
};

static __always_inline struct sock *socket_of(struct task_struct *task, __u32 descriptor,
					      __u16 *ret_type)
{
	struct file *file = file_of(task, descriptor);
	struct socket *socket;
	struct inode *inode;

	if (!file)
		return NULL;
	/* A socket in a file system, opened with O_PATH, has the type of one too. */
	inode = KREAD(file, f_inode);
	if ((KREAD(inode, i_mode) & FILE_TYPE) != FILE_SOCKET ||
	    KREAD(inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return NULL;
	socket = KREAD(file, private_data);
	*ret_type = (__u16)KREAD(socket, type);
	return KREAD(socket, sk);
}

static __always_inline bool pending_is_of(const struct task_state *state, const struct sock *sk)
{
	return state->pending.operation &&
	       state->pending.cookie == (__u64)KREAD(sk, __sk_common.skc_cookie.counter);
}

static __always_inline void network_source(struct wire_network *out, const struct sock *sk)
{
	if (out->socket_family == FAMILY_INET) {
		__u32 addr = KREAD(sk, __sk_common.skc_rcv_saddr);

		__builtin_memcpy(out->src_addr, &addr, sizeof(addr));
	} else {
		BPF_CORE_READ_INTO(&out->src_addr, sk, __sk_common.skc_v6_rcv_saddr);
	}
	/* A raw socket's number is its protocol. */
	out->src_port = out->type == TYPE_RAW ? 0 : KREAD(sk, __sk_common.skc_num);
	if (out->src_port)
		out->flags |= WIRE_NET_SRC;
}

/* Where the socket is connected to now. */
static __always_inline void network_peer(struct wire_network *out, const struct sock *sk)
{
	if (out->socket_family == FAMILY_INET) {
		__u32 addr = KREAD(sk, __sk_common.skc_daddr);

		__builtin_memcpy(out->dst_addr, &addr, sizeof(addr));
	} else {
		BPF_CORE_READ_INTO(&out->dst_addr, sk, __sk_common.skc_v6_daddr);
		if (out->dst_addr[0] == 0xfe && (out->dst_addr[1] & 0xc0) == 0x80)
			out->scope_id = (__u32)KREAD(sk, __sk_common.skc_bound_dev_if);
	}
	out->dst_port = bpf_ntohs(KREAD(sk, __sk_common.skc_dport));
	out->family = out->socket_family;
	out->flags |= WIRE_NET_DST;
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

static __always_inline void network_claim(struct wire_network *out,
					  const struct network_request *request)
{
	const struct sockaddr_inet6 *address = (const void *)request->address;

	out->family = request->family;
	if (request->family == FAMILY_INET && request->size >= 16) {
		__builtin_memcpy(out->dst_addr, &request->address[4], 4);
	} else if (request->family == FAMILY_INET6 && request->size >= 24) {
		__builtin_memcpy(out->dst_addr, address->addr, sizeof(out->dst_addr));
		if (request->size >= sizeof(*address))
			out->scope_id = address->scope_id;
	} else {
		return;
	}
	out->dst_port = bpf_ntohs(address->port);
	out->flags |= WIRE_NET_DST_REQUEST;
}

static __always_inline bool is_inet(__u16 family)
{
	return family == FAMILY_INET || family == FAMILY_INET6;
}

/*
 * A socket without a peer is connected to none, whatever the call returned: a seccomp filter may have answered in the
 * kernel's place.
 */
static __always_inline bool network_has_peer(const struct sock *sk, __u16 family,
					     const struct network_request *request)
{
	__u64 addr[2] = {};

	if (KREAD(sk, __sk_common.skc_dport))
		return true;
	/* A disconnect (AF_UNSPEC) takes the port away and leaves the address. */
	if (request->family == FAMILY_UNSPEC)
		return false;
	if (family == FAMILY_INET)
		return KREAD(sk, __sk_common.skc_daddr);
	BPF_CORE_READ_INTO(&addr, sk, __sk_common.skc_v6_daddr);
	return addr[0] | addr[1];
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
	if (request->operation == WIRE_CONNECT && sk && done && is_inet(out->socket_family) &&
	    (pending || network_has_peer(sk, out->socket_family, request)))
		network_peer(out, sk);
	else if (pending && is_inet(pending->family))
		network_pending(out, pending, request);
	else if (request->readable)
		network_claim(out, request);
}

/*
 * The name of a unix socket: the kernel's copy where a hook has seen it, else as it is in the caller's memory
 * now. What is in out->flags says which.
 */
static __always_inline void network_unix_request(struct scratch *scratch, struct wire_network *out,
						 const char *name, __u32 size)
{
	struct task_struct *task = bpf_get_current_task_btf();
	char first = 0;
	__u32 at;
	long r;

	if (size > STATE_UNIX_SIZE || !part_begin(scratch, STATE_UNIX_SIZE + 8, &at))
		return;
	bpf_probe_read_kernel(&first, 1, name);
	if (size && !first) {
		out->flags |= WIRE_NET_ABSTRACT;
		bpf_probe_read_kernel(&scratch->record[at + sizeof(struct wire_part)], size, name);
	} else {
		/* A path ends at its NUL, which the caller's size may or may not include. */
		r = bpf_probe_read_kernel_str(&scratch->record[at + sizeof(struct wire_part)],
					      size + 1, name);
		size = r > 0 && r <= STATE_UNIX_SIZE + 1 ? (__u32)r - 1 : 0;
	}
	part_end(scratch, at, WIRE_PART_REQUEST, 0, size);
	if (first && first != '/')
		part_path_of(scratch, WIRE_PART_BASE, KREAD(task, fs), pwd);
	else if (first && !root_is_plain(task))
		part_path_of(scratch, WIRE_PART_BASE, KREAD(task, fs), root);
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

static __always_inline void network_emit(struct task_struct *task, struct task_state *state,
					 const struct network_request *request, long ret)
{
	struct pending_address *pending = NULL;
	struct wire_network *out;
	struct scratch *scratch;
	struct sock *sk;
	__u16 type = 0;

	image_tell(task, state);
	scratch = record_begin(WIRE_NETWORK, sizeof(*out), task, state);
	if (!scratch)
		return;
	out = (struct wire_network *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_network){ .return_code = syscall_result(ret),
				      .operation = request->operation };
	sk = socket_of(task, request->descriptor, &type);
	if (sk) {
		out->socket_family = KREAD(sk, __sk_common.skc_family);
		out->protocol = KREAD(sk, sk_protocol);
		out->type = type;
		if (state->pending.operation == request->operation + 1 && pending_is_of(state, sk))
			pending = &state->pending;
	}
	network_addresses(out, sk, request, pending);
	if (request->several && pending)
		network_several(out, pending);
	if (pending && pending->family == FAMILY_UNIX) {
		out->family = FAMILY_UNIX;
		network_unix_request(scratch, out, pending->path, pending->size);
	} else if (out->family == FAMILY_UNIX && request->size >= 2) {
		network_unix_request(scratch, out, (const char *)&request->address[2],
				     request->size - 2);
	}
	if (ret == 0 && sk && out->socket_family == FAMILY_UNIX && out->family == FAMILY_UNIX)
		network_unix_peer(scratch, sk);
	record_end(scratch);
}

/*
 * Is it a record? Every connect is. Of the sends those to an address: a hook saw it, or a datagram socket was given
 * one. A connected stream socket ignores what it is given.
 */
static __always_inline bool network_due(struct task_struct *task, const struct task_state *state,
					const struct network_request *request)
{
	struct sock *sk;
	__u16 type = 0;

	if (request->call == CALL_CONNECT)
		return true;
	if (request->call != CALL_SENDTO && request->call != CALL_SENDMSG &&
	    request->call != CALL_SENDMMSG)
		return false;
	if (!request->pointer && !state->pending.operation)
		return false;
	sk = socket_of(task, request->descriptor, &type);
	return sk && ((request->pointer && type != TYPE_STREAM) || pending_is_of(state, sk));
}

/* The body: a call of the current task's that has ended with `ret`. */
SHARED int network_body(struct task_state *state, struct network_request *request, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!state || !request)
		return 0;
	/* A send on a new TCP socket can be a connect too: then that hook has seen it. */
	if (request->call != CALL_CONNECT &&
	    !((request->flags & SEND_FASTOPEN) && state->pending.operation == WIRE_CONNECT + 1))
		request->operation = WIRE_SEND;
	/* Left by a call that ended elsewhere: io_uring's. */
	if (state->pending.operation != request->operation + 1)
		state->pending.operation = 0;
	if (!network_due(task, state, request))
		return 0;
	network_read_address(request);
	network_emit(task, state, request, ret);
	state->pending.operation = 0;
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(network_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = arch_compat(task);
	struct network_request request = { .operation = WIRE_CONNECT };
	struct task_state *state;
	__u64 arguments[6];

	arguments[0] = arch_argument(regs, compat, 0);
	arguments[1] = arch_argument(regs, compat, 1);
	arguments[2] = arch_argument(regs, compat, 2);
	arguments[3] = arch_argument(regs, compat, 3);
	arguments[4] = arch_argument(regs, compat, 4);
	arguments[5] = arch_argument(regs, compat, 5);
	request.call = network_call(arguments, compat, arch_syscall(regs, compat));
	request.descriptor = (__u32)arguments[0];
	request.several = request.call == CALL_SENDMMSG;
	/* sendto(descriptor, data, size, flags, ...), sendmsg(descriptor, message, flags) */
	request.flags = (__u32)arguments[request.call == CALL_SENDTO ? 3 : 2];
	network_pointer(&request, arguments, arch_pointers32(regs, compat));
	state = scope_find(task);
	return state ? network_body(state, &request, ret) : 0;
}
