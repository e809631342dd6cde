/* SPDX-License-Identifier: GPL-2.0-only */
/* The records of io_uring's requests about sockets. */
#ifndef SESHAT_URING_NETWORK_BPF_H
#define SESHAT_URING_NETWORK_BPF_H

#include "outcome.bpf.h"
#include "uring_emit.bpf.h"

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

/* The staged address as what a system call asked for. */
static __always_inline void uring_asked(struct network_request *asked,
					const struct uring_long *entry, __u16 operation)
{
	asked->operation = operation;
	asked->readable = !(entry->request.notes & URING_UNREADABLE);
	asked->size = entry->request.size;
	asked->family = asked->size >= 2 ? *(const __u16 *)entry->text[0] : FAMILY_UNSPEC;
	bpf_probe_read_kernel(asked->address, sizeof(asked->address), entry->text[0]);
}

/* What is there is the kernel's word, unless it is marked as the program's. */
static __always_inline void uring_vouch(struct wire_network *out)
{
	if (out->flags & WIRE_NET_DST_REQUEST)
		out->flags += WIRE_NET_DST - WIRE_NET_DST_REQUEST;
	if (out->flags & WIRE_NET_SRC_REQUEST)
		out->flags += WIRE_NET_SRC - WIRE_NET_SRC_REQUEST;
}

static __always_inline __u16 uring_operation(const struct uring_request *request,
					     const struct sock *sk)
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
	case URING_RECVMSG:
		return WIRE_RECEIVE;
	default:
		/* On a new TCP socket it is a connect too. */
		return sk && KREAD(sk, sk_type) == TYPE_STREAM ? WIRE_CONNECT : WIRE_SEND;
	}
}

/* The socket that is the key in outcomes, 0 for none: of a multipath socket the connection below it. */
static __always_inline __u64 uring_connection(const struct sock *sk)
{
	const struct mptcp_sock *multipath = (const struct mptcp_sock *)sk;

	if (!sk || KREAD(sk, sk_protocol) != PROTOCOL_MPTCP)
		return (__u64)sk;
	return bpf_core_field_exists(multipath->first) ? (__u64)BPF_CORE_READ(multipath, first) : 0;
}

/* As network_failed_source(). */
static __always_inline void uring_failed_source(struct wire_network *out, const struct sock *sk)
{
	struct outcome *outcome;

	if (out->operation != WIRE_CONNECT || out->src_port || !sk)
		return;
	outcome = outcome_ended(uring_connection(sk));
	if (!outcome)
		return;
	__builtin_memcpy(out->src_addr, outcome->network.src_addr, sizeof(out->src_addr));
	out->src_port = outcome->network.src_port;
	out->flags |= outcome->network.flags & WIRE_NET_SRC;
}

static __always_inline void uring_ends(struct scratch *scratch, struct wire_network *out,
				       const struct sock *sk, const struct uring_long *entry,
				       struct network_request *asked)
{
	bool known = !(out->flags & WIRE_NET_NO_RESULT), done = known && out->return_code >= 0;

	uring_asked(asked, entry, out->operation);
	if (out->operation == WIRE_CONNECT || out->operation == WIRE_SEND) {
		network_addresses(out, sk, asked, NULL);
		network_unix(scratch, out, NULL, asked);
		if (done && sk && out->socket_family == FAMILY_UNIX && out->family == FAMILY_UNIX)
			network_unix_peer(scratch, sk);
	} else if (out->operation == WIRE_BIND &&
		   !(known && socket_is_bound(out, sk, out->return_code))) {
		socket_claim(scratch, out, asked);
	} else if (sk) {
		socket_ends(scratch, out, sk);
	}
	uring_failed_source(out, sk);
	if (!(entry->request.notes & URING_CLAIM))
		uring_vouch(out);
}

SHARED int uring_emit_socket(struct scratch *staging, __u64 socket, long ret)
{
	const struct sock *sk = (const struct sock *)socket;
	struct uring_request *request;
	struct uring_long *entry;
	struct request_slot *taken;
	struct wire_network *out;
	struct scratch *scratch;

	if (!staging)
		return 0;
	entry = staging_entry(staging);
	request = &entry->request;
	scratch = uring_begin(WIRE_NETWORK, sizeof(*out), request->session, &request->task);
	if (!scratch)
		return 0;
	out = (struct wire_network *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_network){
		.return_code = ret,
		.operation = uring_operation(request, sk),
		.flags = request->notes & URING_NO_RESULT ? WIRE_NET_NO_RESULT : 0,
		.via = request->opcode == URING_RECVMSG ? WIRE_VIA_SCM_RIGHTS : WIRE_VIA_IO_URING,
	};
	if (sk)
		network_socket(out, sk);
	out->family = out->socket_family;
	taken = request_take();
	if (!taken) {
		record_lost(scratch);
		scratch_give(scratch);
		return 0;
	}
	uring_ends(scratch, out, sk, entry, &taken->request);
	request_give(taken);
	return record_end(scratch);
}

/* The socket of a file as a plain number, which is what the shared functions take; 0 for none. */
static __always_inline __u64 uring_socket(const struct file *file)
{
	const struct socket *socket = socket_of_file(file);

	return socket ? (__u64)BPF_CORE_READ(socket, sk) : 0;
}

static __always_inline bool uring_is_stream(__u64 socket)
{
	const struct sock *sk = (const struct sock *)socket;

	return KREAD(sk, sk_type) == TYPE_STREAM;
}

static __always_inline bool uring_is_unix(__u64 socket)
{
	const struct sock *sk = (const struct sock *)socket;

	return sk && KREAD(sk, __sk_common.skc_family) == FAMILY_UNIX;
}

/*
 * Of the sends those of datagrams to an address: a connected stream ignores it. Of the accepts not those that found nobody
 * waiting.
 */
SHARED int uring_emit_network(struct scratch *staging, __u64 address, long ret)
{
	const struct io_kiocb *req = (const struct io_kiocb *)address;
	struct uring_request *request;
	struct file *file = NULL;
	__u64 socket;

	if (!staging)
		return 0;
	request = &staging_entry(staging)->request;
	if (request->opcode == URING_ACCEPT && !(request->notes & URING_NO_RESULT)) {
		if (ret == ERROR_AGAIN)
			return 0;
		file = uring_new_file(req, request->slot, ret);
	}
	if (!file)
		file = uring_file(req, request);
	socket = uring_socket(file);
	if (uring_is_send(request->opcode) &&
	    (!socket || (uring_is_stream(socket) && !(request->flags & SEND_FASTOPEN))))
		return 0;
	/* Descriptors may come, and nobody will hear of it. */
	if (request->opcode == URING_RECVMSG && !uring_is_unix(socket))
		return 0;
	uring_emit_socket(staging, socket, ret);
	if (!socket || (request->opcode != URING_CONNECT && !uring_is_send(request->opcode)))
		return 0;
	if (request->notes & URING_NO_RESULT)
		outcome_unheard(socket);
	else
		outcome_completed(&request->task, uring_connection((const struct sock *)socket),
				  ret, request->opcode != URING_CONNECT);
	return 0;
}

/* One of the sockets that a multishot accept has taken, whose request the kernel does not tell. */
SHARED int uring_emit_shot(struct scratch *staging, __u64 context, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct uring_request *request;
	__u64 socket;

	if (!staging || ret < 0)
		return 0;
	request = &staging_entry(staging)->request;
	if (request->slot)
		socket = uring_socket(
			uring_slot_file((const struct io_ring_ctx *)context, (__u32)ret));
	else
		socket = uring_socket(file_of(task, (__u32)ret));
	/* Another multishot request can have the same user_data: its numbers are no descriptors of sockets. */
	return socket ? uring_emit_socket(staging, socket, ret) : 0;
}

#endif
