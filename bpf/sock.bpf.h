/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel knows of a socket: its kind, its namespace, the addresses and names of both ends. */
#ifndef SESHAT_SOCK_BPF_H
#define SESHAT_SOCK_BPF_H

#include "image.bpf.h"
#include "request.bpf.h"

#include <bpf/bpf_endian.h>

enum {
	TYPE_STREAM = 1,
	TYPE_RAW = 3,
	PROTOCOL_TCP = 6,
	PROTOCOL_SCTP = 132,
	PROTOCOL_MPTCP = 262,
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_SYN_SENT = 2,
	TCP_STATE_SYN_RECV = 3,
	TCP_STATE_CLOSE = 7,
};

struct sockaddr_inet6 {
	__u16 family;
	__u16 port;
	__u32 flow;
	__u8 addr[16];
	__u32 scope_id;
};

static __always_inline bool is_inet(__u16 family)
{
	return family == FAMILY_INET || family == FAMILY_INET6;
}

static __always_inline bool is_link_local(const __u8 *addr)
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

/* The socket of a file, or NULL when it is none. */
static __always_inline struct socket *socket_of_file(const struct file *file)
{
	struct inode *inode;

	if (!file)
		return NULL;
	/* A socket in a file system, opened with O_PATH, has the type of one too. */
	inode = KREAD(file, f_inode);
	if ((KREAD(inode, i_mode) & FILE_TYPE) != FILE_SOCKET ||
	    KREAD(inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return NULL;
	return KREAD(file, private_data);
}

static __always_inline struct sock *socket_of(struct task_struct *task, __u32 descriptor)
{
	struct socket *socket = socket_of_file(file_of(task, descriptor));

	return socket ? KREAD(socket, sk) : NULL;
}

/* Kind, number and namespace of a socket that a file holds. */
static __always_inline void network_socket(struct wire_network *out, const struct sock *sk)
{
	struct socket *socket = KREAD(sk, sk_socket);
	__u32 net_ns = KREAD(sk, __sk_common.skc_net.net, ns.inum);

	out->socket_family = KREAD(sk, __sk_common.skc_family);
	out->protocol = KREAD(sk, sk_protocol);
	out->type = KREAD(sk, sk_type);
	if (net_ns != control.net_ns[0] && net_ns != control.net_ns[1])
		out->net_ns = net_ns;
	if (!socket)
		return;
	out->inode = KREAD(socket, file, f_inode, i_ino);
	/* A connection below a multipath socket is known by that. */
	if (KREAD(socket, sk, sk_protocol) == PROTOCOL_MPTCP)
		out->protocol = PROTOCOL_MPTCP;
}

/* Context id and port of one end of a vsock; read by helper, as its type is a module's on many kernels. */
static __always_inline void vsock_address(__u8 *out, const struct sock *sk, bool remote)
{
	const struct vsock_sock *vsock = (const struct vsock_sock *)sk;
	__u32 address[2] = {};

	if (!bpf_core_field_exists(vsock->local_addr))
		return;
	address[0] = remote ? BPF_CORE_READ(vsock, remote_addr.svm_cid) :
			      BPF_CORE_READ(vsock, local_addr.svm_cid);
	address[1] = remote ? BPF_CORE_READ(vsock, remote_addr.svm_port) :
			      BPF_CORE_READ(vsock, local_addr.svm_port);
	__builtin_memcpy(out, address, sizeof(address));
}

/* This end. */
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
		if (is_link_local(out->dst_addr))
			out->scope_id = (__u32)KREAD(sk, __sk_common.skc_bound_dev_if);
	}
	out->dst_port = bpf_ntohs(KREAD(sk, __sk_common.skc_dport));
	out->family = out->socket_family;
	out->flags |= WIRE_NET_DST;
}

static __always_inline bool network_has_peer(const struct sock *sk, __u16 family)
{
	__u64 addr[2] = {};

	if (KREAD(sk, __sk_common.skc_dport))
		return true;
	if (family == FAMILY_INET)
		return KREAD(sk, __sk_common.skc_daddr);
	BPF_CORE_READ_INTO(&addr, sk, __sk_common.skc_v6_daddr);
	return addr[0] | addr[1];
}

/* Both ends, where the socket has them. */
static __always_inline void network_ends(struct wire_network *out, const struct sock *sk)
{
	if (out->socket_family == FAMILY_VSOCK) {
		vsock_address(out->src_addr, sk, false);
		vsock_address(out->dst_addr, sk, true);
		out->flags |= WIRE_NET_SRC | WIRE_NET_DST;
	} else if (is_inet(out->socket_family)) {
		network_source(out, sk);
		if (network_has_peer(sk, out->socket_family))
			network_peer(out, sk);
	}
}

/* An address in the caller's memory, as `out`'s other end or, bind's, as its own. */
static __always_inline void network_claim(struct wire_network *out,
					  const struct network_request *request)
{
	const struct sockaddr_inet6 *address = (const void *)request->address;
	bool own = out->operation == WIRE_BIND;
	__u8 *addr = own ? out->src_addr : out->dst_addr;

	out->family = request->family;
	if (request->family == FAMILY_INET && request->size >= 16) {
		__builtin_memcpy(addr, &request->address[4], 4);
	} else if (request->family == FAMILY_INET6 && request->size >= 24) {
		__builtin_memcpy(addr, address->addr, sizeof(address->addr));
		if (request->size >= sizeof(*address))
			out->scope_id = address->scope_id;
	} else if (request->family == FAMILY_VSOCK && request->size >= 16) {
		__builtin_memcpy(addr, &request->address[8], 4);
		__builtin_memcpy(addr + 4, &request->address[4], 4);
	} else {
		return;
	}
	if (own)
		out->src_port = bpf_ntohs(address->port);
	else
		out->dst_port = bpf_ntohs(address->port);
	out->flags |= own ? WIRE_NET_SRC_REQUEST : WIRE_NET_DST_REQUEST;
}

/* The name of the socket that part_unix_name_of() has put into path.dentry. */
SHARED int part_unix_name(struct scratch *scratch, __u16 type)
{
	const struct unix_address *address;
	const struct unix_sock *sk;
	__u32 at, size;
	char first = 0;

	if (!scratch)
		return 0;
	sk = (const struct unix_sock *)scratch->path.dentry;
	address = KREAD(sk, addr);
	if (!address)
		return 0;
	bpf_probe_read_kernel(&first, 1, address->name[0].sun_path);
	if (first)
		return part_path_of(scratch, type, sk, path);
	size = (__u32)KREAD(address, len) - 2;
	barrier_var(size);
	if (size > STATE_UNIX_SIZE || !part_begin(scratch, STATE_UNIX_SIZE + 8, &at))
		return 0;
	bpf_probe_read_kernel(&scratch->record[at + sizeof(struct wire_part)], size,
			      address->name[0].sun_path);
	return part_end(scratch, at, type, 0, size);
}

/* The name of a unix socket that the kernel keeps: its path in the file systems, or an abstract name. */
static __always_inline void part_unix_name_of(struct scratch *scratch, __u16 type,
					      const struct unix_sock *sk)
{
	scratch->path.dentry = (__u64)sk;
	part_unix_name(scratch, type);
}

/* Is the name that the kernel keeps an abstract one? */
static __always_inline bool unix_is_abstract(const struct sock *sk)
{
	const struct unix_address *address = KREAD((const struct unix_sock *)sk, addr);
	char first = 1;

	if (!address)
		return false;
	bpf_probe_read_kernel(&first, 1, address->name[0].sun_path);
	return !first;
}

/*
 * The name of a unix socket that was asked for: the kernel's copy where a hook has seen it, else as it is in the caller's
 * memory now. Is it an abstract one?
 */
static __always_inline bool part_unix_request(struct scratch *scratch, const char *name, __u32 size)
{
	struct task_struct *task = bpf_get_current_task_btf();
	char first = 0;
	__u32 at;
	long r;

	/* Else the compiler computes it from the number that it was computed from, of which the verifier knows no bound. */
	barrier_var(size);
	if (size > STATE_UNIX_SIZE || !part_begin(scratch, STATE_UNIX_SIZE + 8, &at))
		return false;
	bpf_probe_read_kernel(&first, 1, name);
	if (size && !first) {
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
	return size && !first;
}

#endif
