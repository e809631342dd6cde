/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command while a BPF program that does nothing is attached to the exit of all system calls: the
 * least that any program there costs everybody.
 *
 *	floor COMMAND [ARG...]
 */
#include <err.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* return 0; */
static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

int main(int argc, char **argv)
{
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uintptr_t)nothing,
		.insn_cnt = sizeof(nothing) / sizeof(nothing[0]),
		.license = (uintptr_t) "GPL",
	};
	union bpf_attr attach = { .raw_tracepoint.name = (uintptr_t) "sys_exit" };
	int program, link;

	if (argc < 2)
		errx(2, "usage: floor COMMAND [ARG...]");
	program = bpf(BPF_PROG_LOAD, &load);
	if (program < 0)
		err(1, "load");
	attach.raw_tracepoint.prog_fd = (uint32_t)program;
	link = bpf(BPF_RAW_TRACEPOINT_OPEN, &attach);
	if (link < 0)
		err(1, "attach");
	/* The kernel closes bpf(2)'s descriptors on exec; a copy stays, and the link with it. */
	if (dup(link) < 0)
		err(1, "dup");
	execv(argv[1], argv + 1);
	err(1, "%s", argv[1]);
}
