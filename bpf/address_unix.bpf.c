/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own copy of a unix socket's address at connect(2), since 6.7. A file of its own, as
 * older kernels have no such hook, nor the function that gives the context's kernel side: there this program is
 * left out, and the name is read from the caller's memory after the call.
 */
#include "emit.bpf.h"

/*
 * Loaded with the attach type BPF_CGROUP_UNIX_CONNECT, which the loader sets: the library's names of sections end
 * before it.
 */
extern void *bpf_cast_to_kern_ctx(void *context) __ksym;

enum { SUN_PATH = 2 }; /* offsetof(struct sockaddr_un, sun_path) */

SEC("cgroup/connect4")
int address_connect_unix(struct bpf_sock_addr *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = scope_find(task);
	struct pending_address *pending;
	struct bpf_sock_addr_kern *kernel;
	__u32 size;

	if (!state)
		return ALLOW;
	kernel = bpf_cast_to_kern_ctx(ctx);
	size = KREAD(kernel, uaddrlen);
	if (size < SUN_PATH || size > SUN_PATH + STATE_UNIX_SIZE)
		return ALLOW;
	pending = &state->pending;
	pending->operation = WIRE_CONNECT + 1;
	pending->cookie = bpf_get_socket_cookie(ctx);
	pending->family = FAMILY_UNIX;
	size -= SUN_PATH;
	pending->size = (__u16)size;
	barrier_var(size);
	if (size > STATE_UNIX_SIZE)
		return ALLOW;
	bpf_probe_read_kernel(pending->path, size, KREAD(kernel, uaddr) + SUN_PATH);
	return ALLOW;
}
