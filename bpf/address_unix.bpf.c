/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own copy of a unix socket's address at connect(2) and at a send to it, since 6.7. Older kernels have no such
 * hook: there these programs are left out, and the name is read from the caller's memory after the call.
 */
#include "pending.bpf.h"
#include "sock.bpf.h"
#include "storage.bpf.h"
#include "worker.bpf.h"

/*
 * Loaded with the attach types BPF_CGROUP_UNIX_CONNECT and BPF_CGROUP_UNIX_SENDMSG, which the loader sets: the library's
 * names of sections end before them.
 */
extern void *bpf_cast_to_kern_ctx(void *context) __ksym;

enum { SUN_PATH = 2 }; /* offsetof(struct sockaddr_un, sun_path) */

/* sendmmsg() has come to the next message: the one before has been sent. */
static __noinline int pending_flush_unix(struct task_struct *task, struct task_state *state,
					 const struct pending_address *pending)
{
	struct wire_network *out;
	struct scratch *scratch;

	image_tell(task, state);
	scratch = record_begin(WIRE_NETWORK, sizeof(*out), task, state);
	if (!scratch)
		return 0;
	out = (struct wire_network *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_network){ .operation = WIRE_SEND, .family = FAMILY_UNIX };
	network_socket(out, (const struct sock *)pending->sock);
	if (part_unix_request(scratch, pending->path, pending->size))
		out->flags |= WIRE_NET_ABSTRACT;
	return record_end(scratch);
}

static __always_inline int pending_unix(struct bpf_sock_addr *ctx, __u16 operation)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pending_address *pending;
	struct bpf_sock_addr_kern *kernel;
	struct task_state state = {};
	__u64 cookie;
	__u32 size;

	if (!scope_peek(&state, task) || worker_is_at_work(task))
		return ALLOW;
	kernel = bpf_cast_to_kern_ctx(ctx);
	size = KREAD(kernel, uaddrlen);
	if (size < SUN_PATH || size > SUN_PATH + STATE_UNIX_SIZE)
		return ALLOW;
	pending = pending_take(task);
	if (!pending)
		return ALLOW;
	cookie = bpf_get_socket_cookie(ctx);
	if (operation == WIRE_SEND && pending_is(pending, WIRE_SEND) && pending->cookie == cookie)
		pending_flush_unix(task, &state, pending);
	else
		pending->messages = 0;
	pending->messages++;
	pending->operation = operation + 1;
	pending->cookie = cookie;
	pending->sock = (__u64)KREAD(kernel, sk);
	pending->family = FAMILY_UNIX;
	pending->protocol = 0;
	pending->type = KREAD(kernel, sk, sk_type);
	size -= SUN_PATH;
	pending->size = (__u16)size;
	barrier_var(size);
	if (size > STATE_UNIX_SIZE)
		return ALLOW;
	bpf_probe_read_kernel(pending->path, size, KREAD(kernel, uaddr) + SUN_PATH);
	return ALLOW;
}

SEC("cgroup/connect4")
int address_connect_unix(struct bpf_sock_addr *ctx)
{
	return pending_unix(ctx, WIRE_CONNECT);
}

SEC("cgroup/connect4")
int address_sendmsg_unix(struct bpf_sock_addr *ctx)
{
	return pending_unix(ctx, WIRE_SEND);
}
