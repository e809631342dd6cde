/* SPDX-License-Identifier: GPL-2.0-only */
/* Somebody else's program on the cgroup root. It forbids nothing, but being attached so, no other one beside it. */
#include "bpf/kernel_types.h"

SEC("cgroup/connect4")
int exclusive(struct bpf_sock_addr *ctx)
{
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
