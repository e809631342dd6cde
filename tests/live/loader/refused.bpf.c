/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that the verifier refuses, and one that it takes. */
#include "bpf/kernel_types.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

SEC("tp_btf/sched_process_exit")
int good(__u64 *ctx)
{
	return 0;
}

/* Does not look whether there is an element. */
SEC("tp_btf/sched_process_fork")
int unchecked(__u64 *ctx)
{
	__u32 key = 0;
	__u64 *number = bpf_map_lookup_elem(&numbers, &key);

	return (int)*number;
}

/* Reads behind the end of its context. */
SEC("tp_btf/sched_process_exec")
int beyond(__u64 *ctx)
{
	return (int)ctx[100];
}

char LICENSE[] SEC("license") = "GPL";
