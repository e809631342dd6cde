/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sock_addr hooks: the kernel's own copy of an address, after it has left the caller's memory. They keep it
 * for the exit of the system call (network.bpf.c), and forbid nothing.
 */
#include "pending.bpf.h"
#include "sock.bpf.h"
#include "storage.bpf.h"
#include "worker.bpf.h"

/*
 * sendmmsg() calls the hook once a message, and goes on only after a success: the message before this one has
 * been sent. These programs can be preempted, so the record is put together on the stack.
 */
static __noinline int pending_flush(struct task_struct *task, const struct task_state *state,
				    const struct pending_address *pending)
{
	struct {
		struct wire_header header;
		struct wire_network network;
	} record = {};
	struct session_state *session = scope_session(state->session);

	if (!session)
		return 0;
	record.header.size = sizeof(record);
	record.header.number = __sync_fetch_and_add(&session->numbered, 1) + 1;
	header_fill(&record.header, WIRE_NETWORK, task, state);
	network_socket(&record.network, (const struct sock *)pending->sock);
	record.network.operation = WIRE_SEND;
	record.network.family = pending->family;
	record.network.dst_port = pending->port;
	record.network.src_port = pending->src_port;
	record.network.flags = WIRE_NET_DST | (pending->src_port ? WIRE_NET_SRC : 0);
	__builtin_memcpy(record.network.dst_addr, pending->addr, sizeof(pending->addr));
	__builtin_memcpy(record.network.src_addr, pending->src_addr, sizeof(pending->src_addr));
	if (ring_send(&record, sizeof(record)))
		session_lose(session, WIRE_NETWORK);
	return 0;
}

/*
 * The connect hooks run before the kernel looks at the family of the address: with another one it is none of theirs.
 * The sendmsg hooks run behind that, and AF_UNSPEC is as good as AF_INET there.
 */
static __always_inline struct pending_address *pending_begin(struct bpf_sock_addr *ctx,
							     __u16 operation, __u16 family)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pending_address *pending;
	struct task_state state = {};
	__u64 cookie;

	if (!scope_peek(&state, task) ||
	    (operation == WIRE_CONNECT && ctx->user_family != family) || worker_is_at_work(task))
		return NULL;
	pending = pending_take(task);
	if (!pending)
		return NULL;
	cookie = bpf_get_socket_cookie(ctx);
	if (operation == WIRE_SEND && pending_is(pending, WIRE_SEND) && pending->cookie == cookie)
		pending_flush(task, &state, pending);
	else
		pending->messages = 0;
	pending->messages++;
	pending->operation = operation + 1;
	pending->cookie = cookie;
	pending->sock = (__u64)ctx->sk;
	pending->type = (__u16)ctx->type;
	pending->protocol = (__u16)ctx->protocol;
	pending->port = bpf_ntohs((__u16)ctx->user_port);
	pending->family = family;
	__builtin_memset(pending->addr, 0, sizeof(pending->addr));
	__builtin_memset(pending->src_addr, 0, sizeof(pending->src_addr));
	return pending;
}

static __always_inline int pending_inet(struct bpf_sock_addr *ctx, __u16 operation)
{
	struct pending_address *pending = pending_begin(ctx, operation, FAMILY_INET);
	__u32 address = ctx->user_ip4, source = 0;

	if (!pending)
		return ALLOW;
	pending->src_port = 0;
	if (ctx->sk) {
		source = ctx->sk->src_ip4;
		pending->src_port = (__u16)ctx->sk->src_port;
	}
	__builtin_memcpy(pending->addr, &address, sizeof(address));
	__builtin_memcpy(pending->src_addr, &source, sizeof(source));
	return ALLOW;
}

static __always_inline int pending_inet6(struct bpf_sock_addr *ctx, __u16 operation)
{
	struct pending_address *pending = pending_begin(ctx, operation, FAMILY_INET6);
	__u32 address[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2],
			     ctx->user_ip6[3] };
	__u32 source[4] = {};

	if (!pending)
		return ALLOW;
	pending->src_port = 0;
	if (ctx->sk) {
		source[0] = ctx->sk->src_ip6[0];
		source[1] = ctx->sk->src_ip6[1];
		source[2] = ctx->sk->src_ip6[2];
		source[3] = ctx->sk->src_ip6[3];
		pending->src_port = (__u16)ctx->sk->src_port;
	}
	__builtin_memcpy(pending->addr, address, sizeof(address));
	__builtin_memcpy(pending->src_addr, source, sizeof(source));
	return ALLOW;
}

SEC("cgroup/connect4")
int address_connect4(struct bpf_sock_addr *ctx)
{
	return pending_inet(ctx, WIRE_CONNECT);
}

SEC("cgroup/connect6")
int address_connect6(struct bpf_sock_addr *ctx)
{
	return pending_inet6(ctx, WIRE_CONNECT);
}

SEC("cgroup/sendmsg4")
int address_sendmsg4(struct bpf_sock_addr *ctx)
{
	return pending_inet(ctx, WIRE_SEND);
}

SEC("cgroup/sendmsg6")
int address_sendmsg6(struct bpf_sock_addr *ctx)
{
	return pending_inet6(ctx, WIRE_SEND);
}
