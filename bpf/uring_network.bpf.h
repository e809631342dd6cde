/* SPDX-License-Identifier: GPL-2.0-only */
/* The records of io_uring's requests about sockets. */
#ifndef SESHAT_URING_NETWORK_BPF_H
#define SESHAT_URING_NETWORK_BPF_H

#include "uring_emit.bpf.h"

/* The socket of a file, or NULL when it is none. */
static __always_inline struct sock *uring_socket(const struct file *file, __u16 *ret_type)
{
	struct socket *socket;
	struct inode *inode;

	if (!file)
		return NULL;
	inode = KREAD(file, f_inode);
	if ((KREAD(inode, i_mode) & FILE_TYPE) != FILE_SOCKET ||
	    KREAD(inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return NULL;
	socket = KREAD(file, private_data);
	*ret_type = (__u16)KREAD(socket, type);
	return KREAD(socket, sk);
}

/* The file that the request is about; it has none before it is begun. */
static __always_inline struct file *uring_file(const struct io_kiocb *req,
					       const struct uring_request *request)
{
	const struct io_ring_ctx *ctx = KREAD(req, ctx);
	struct file *file = KREAD(req, file);

	if (file)
		return file;
	if (request->notes & URING_FIXED)
		return uring_slot_file(ctx, request->descriptor);
	return file_of(uring_task(req), request->descriptor);
}

/* The staged address: of the other end, or of this one (bind). */
static __always_inline void uring_claim(struct wire_network *out, const struct uring_long *entry)
{
	const struct sockaddr_inet6 *address = (const void *)entry->text[0];
	const __u32 size = entry->request.size;
	bool own = out->operation == WIRE_BIND;
	__u8 *addr = own ? out->src_addr : out->dst_addr;

	if (size < 2)
		return;
	out->family = address->family;
	if (out->family == FAMILY_INET && size >= 16) {
		__builtin_memcpy(addr, &entry->text[0][4], 4);
	} else if (out->family == FAMILY_INET6 && size >= 24) {
		__builtin_memcpy(addr, address->addr, sizeof(address->addr));
		if (size >= sizeof(*address))
			out->scope_id = address->scope_id;
	} else {
		return;
	}
	if (own)
		out->src_port = bpf_ntohs(address->port);
	else
		out->dst_port = bpf_ntohs(address->port);
	if (own)
		out->flags |= WIRE_NET_SRC;
	else
		out->flags |= entry->request.notes & URING_CLAIM ? WIRE_NET_DST_REQUEST :
								   WIRE_NET_DST;
}

static __always_inline void uring_addresses(struct wire_network *out, const struct sock *sk,
					    const struct uring_long *entry)
{
	bool inet = sk && is_inet(out->socket_family), known = !(out->flags & WIRE_NET_NO_RESULT);
	bool done = known && out->return_code >= 0;

	if (entry->request.notes & URING_UNREADABLE)
		out->flags |= WIRE_NET_UNREADABLE;
	out->family = out->socket_family;
	if (out->operation == WIRE_BIND && !(done && inet))
		uring_claim(out, entry);
	else if (inet && known)
		network_source(out, sk);
	if (out->operation == WIRE_ACCEPT && done && inet)
		network_peer(out, sk);
	else if (out->operation == WIRE_CONNECT && done && inet && KREAD(sk, __sk_common.skc_dport))
		network_peer(out, sk);
	else if (out->operation == WIRE_CONNECT || out->operation == WIRE_SEND)
		uring_claim(out, entry);
}

/* The name of a unix socket that was asked for. */
SHARED int uring_unix_name(struct scratch *staging, struct scratch *scratch, __u64 req)
{
	struct uring_long *entry;
	struct wire_network *out;
	__u32 at, size;
	char first;
	long r;

	if (!staging || !scratch || !part_begin(scratch, STATE_UNIX_SIZE + 8, &at))
		return 0;
	entry = staging_entry(staging);
	out = (struct wire_network *)&scratch->record[RECORD_FIXED];
	first = entry->text[0][2];
	size = entry->request.size - 2;
	barrier_var(size);
	if (size > STATE_UNIX_SIZE)
		return 0;
	if (size && !first) {
		out->flags |= WIRE_NET_ABSTRACT;
		bpf_probe_read_kernel(&scratch->record[at + sizeof(struct wire_part)], size,
				      &entry->text[0][2]);
	} else {
		/* A path ends at its NUL, which the caller's size may or may not include. */
		r = bpf_probe_read_kernel_str(&scratch->record[at + sizeof(struct wire_part)],
					      size + 1, &entry->text[0][2]);
		size = r > 0 && r <= STATE_UNIX_SIZE + 1 ? (__u32)r - 1 : 0;
	}
	part_end(scratch, at, WIRE_PART_REQUEST, 0, size);
	if (first)
		uring_base(scratch, req, FD_CWD, first, WIRE_PART_BASE);
	return 0;
}

/* Where in the file systems the socket, or its peer, is bound. */
static __always_inline void uring_unix_place(struct scratch *scratch, const struct sock *sk,
					     bool peer)
{
	const struct unix_sock *unix = (const struct unix_sock *)sk;

	if (peer)
		unix = (const struct unix_sock *)KREAD(unix, peer);
	if (unix)
		part_path_of(scratch, WIRE_PART_PATH, unix, path);
}

static __always_inline __u16 uring_operation(const struct uring_request *request, __u16 type)
{
	switch (request->opcode) {
	case URING_CONNECT:
		return WIRE_CONNECT;
	case URING_BIND:
		return WIRE_BIND;
	case URING_LISTEN:
		return WIRE_LISTEN;
	case URING_ACCEPT:
		return WIRE_ACCEPT;
	default:
		/* On a new TCP socket it is a connect too. */
		return type == TYPE_STREAM ? WIRE_CONNECT : WIRE_SEND;
	}
}

static __always_inline void uring_emit_socket(struct scratch *staging, __u64 req, long ret,
					      const struct sock *sk, __u16 type)
{
	struct uring_long *entry = staging_entry(staging);
	struct uring_request *request = &entry->request;
	struct wire_network *out;
	struct scratch *scratch = uring_begin(WIRE_NETWORK, sizeof(*out), request);
	bool done = ret >= 0 && !(request->notes & URING_NO_RESULT);

	if (!scratch)
		return;
	out = (struct wire_network *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_network){
		.return_code = ret,
		.operation = uring_operation(request, type),
		.flags = request->notes & URING_NO_RESULT ? WIRE_NET_NO_RESULT : 0,
		.via = WIRE_VIA_IO_URING,
	};
	if (sk) {
		out->socket_family = KREAD(sk, __sk_common.skc_family);
		out->protocol = KREAD(sk, sk_protocol);
		out->type = type;
	}
	uring_addresses(out, sk, entry);
	if (out->family == FAMILY_UNIX && request->size >= 2)
		uring_unix_name(staging, scratch, req);
	if (done && sk && out->socket_family == FAMILY_UNIX && out->family == FAMILY_UNIX)
		uring_unix_place(scratch, sk, out->operation == WIRE_CONNECT);
	record_end(scratch);
}

/* Of the sends those of datagrams to an address: a connected stream ignores it. */
SHARED int uring_emit_network(struct scratch *staging, __u64 address, long ret)
{
	const struct io_kiocb *req = (const struct io_kiocb *)address;
	struct uring_request *request;
	struct file *file = NULL;
	struct sock *sk;
	__u16 type = 0;

	if (!staging)
		return 0;
	request = &staging_entry(staging)->request;
	if (request->opcode == URING_ACCEPT && !(request->notes & URING_NO_RESULT))
		file = uring_new_file(req, request->slot, ret);
	if (!file)
		file = uring_file(req, request);
	sk = uring_socket(file, &type);
	if (uring_is_send(request->opcode) &&
	    (!sk || (type == TYPE_STREAM && !(request->flags & SEND_FASTOPEN))))
		return 0;
	uring_emit_socket(staging, address, ret, sk, type);
	return 0;
}

/* One of the sockets that a multishot accept has taken, whose request the kernel does not tell. */
SHARED int uring_emit_shot(struct scratch *staging, __u64 context, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct uring_request *request;
	struct sock *sk;
	__u16 type = 0;

	if (!staging || ret < 0)
		return 0;
	request = &staging_entry(staging)->request;
	if (request->slot)
		sk = uring_socket(uring_slot_file((const struct io_ring_ctx *)context, (__u32)ret),
				  &type);
	else
		sk = uring_socket(file_of(task, (__u32)ret), &type);
	/* Another multishot request can have the same user_data: its numbers are no descriptors of sockets. */
	if (sk)
		uring_emit_socket(staging, 0, ret, sk, type);
	return 0;
}

#endif
