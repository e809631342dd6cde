/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/trial.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "base/cleanup.h"

static const struct bpf_insn RETURN = { .code = BPF_JMP | BPF_EXIT };

int trial_attach_type(int type)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1 },
		RETURN,
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options,
		    .expected_attach_type = (enum bpf_attach_type)type);
	_cleanup_close_ int fd =
		bpf_prog_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, NULL, "GPL", program, 2, &options);

	return fd == -EINVAL ? -EOPNOTSUPP : 0;
}

int trial_tracepoint(const char *name, size_t arguments)
{
	/* The last argument that it reads decides whether a program can be attached. */
	const struct bpf_insn program[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW,
		  .src_reg = BPF_REG_1,
		  .off = (__s16)((arguments > 0 ? arguments - 1 : 0) * sizeof(__u64)) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		RETURN,
	};
	_cleanup_close_ int fd =
		bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, "GPL", program, 3, NULL);
	_cleanup_close_ int link = -1;

	if (fd < 0)
		return 0;
	link = bpf_raw_tracepoint_open(name, fd);
	return link == -ENOENT || link == -EINVAL ? link : 0;
}
