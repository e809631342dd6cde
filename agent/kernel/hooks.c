/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/hooks.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/pins.h"
#include "kernel/targets.h"

enum { PIN_NAME_SIZE = TARGET_NAME + 32 };

const struct hook_program hook_programs[HOOK_PROGRAMS] = {
	/* one for each prototype that the functions of system calls have */
	{ "calls_0", "calls_0_jump", NULL, BPF_TRACE_FEXIT, HOOK_CALLS },
	{ "calls_1", "calls_1_jump", NULL, BPF_TRACE_FEXIT, HOOK_CALLS },
	/* of those with the same purpose a kernel has one function */
	{ "calls_refused", "calls_refused_jump", "__secure_computing", BPF_TRACE_FEXIT,
	  HOOK_REFUSED },
	{ "calls_not_permitted", "calls_not_permitted_jump", "__seccomp_permit_syscall",
	  BPF_TRACE_FEXIT, HOOK_REFUSED },
	{ "calls_stopping", "calls_stopping_jump", "ptrace_notify", BPF_TRACE_FENTRY,
	  HOOK_STOPPING },
	{ "calls_stopped", "calls_stopped_jump", "ptrace_notify", BPF_TRACE_FEXIT, HOOK_STOPPED },
	/* every call of the 32-bit table goes through it, where it is no part of its callers */
	{ "calls_narrow", "calls_narrow_jump", "ia32_sys_call", BPF_TRACE_FEXIT, HOOK_NARROW },
};

size_t hook_program_index(const char *program)
{
	size_t i = 0;

	while (i < HOOK_PROGRAMS && strcmp(hook_programs[i].program, program) != 0)
		i++;
	return i;
}

/* A program at a function. Returns its descriptor, or negative errno. */
static int load_at(uint32_t id, enum bpf_attach_type type, const struct bpf_insn *code, size_t size,
		   const char *name)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type, .attach_btf_id = id);
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, name, "GPL", code, size, &options);

	return fd < 0 ? -errno : fd;
}

int hook_try(uint32_t id, bool attach)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_close_ int program = load_at(id, BPF_TRACE_FEXIT, nothing, 2, "calls_try");
	_cleanup_close_ int link = -1;

	if (program < 0)
		return program;
	if (!attach)
		return 0;
	link = bpf_raw_tracepoint_open(NULL, program);
	return link < 0 ? -errno : 0;
}

/* The few instructions that go on at the program in the map. */
static int load_jump(const struct hook *hook, int map, uint32_t generation)
{
	const struct bpf_insn code[] = {
		/* NOLINTNEXTLINE(misc-redundant-expression): two of the three are 0 */
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_2,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K,
		  .dst_reg = BPF_REG_3,
		  .imm = (__s32)generation },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load_at(hook->id, hook_programs[hook->program].type, code,
		       sizeof(code) / sizeof(code[0]), "calls_jump");
}

/* A function may have two: at its beginning and at its end. */
static void hook_pin_name(const struct hook *hook, char buf[PIN_NAME_SIZE])
{
	(void)snprintf(buf, PIN_NAME_SIZE, "%s_%s", hook_programs[hook->program].program,
		       hook->function);
}

static int hook_pin_path(const struct hook *hook, const char *folder, char ret[PATH_MAX])
{
	char name[PIN_NAME_SIZE];

	hook_pin_name(hook, name);
	return pins_link(ret, PATH_MAX, folder, name);
}

int hook_attach(struct hook *hook, int map, uint32_t generation, const char *folder)
{
	char path[PATH_MAX];
	int r;

	hook->jump = load_jump(hook, map, generation);
	if (hook->jump < 0)
		return hook->jump;
	hook->link = bpf_raw_tracepoint_open(NULL, hook->jump);
	if (hook->link < 0)
		return -errno;
	if (!folder)
		return 0;
	r = hook_pin_path(hook, folder, path);
	return r == 0 && bpf_obj_pin(hook->link, path) < 0 ? -errno : r;
}

bool hook_resume(struct hook *hook, const char *folder)
{
	char path[PATH_MAX];

	if (hook_pin_path(hook, folder, path) == 0)
		hook->link = bpf_obj_get(path);
	if (hook->link < 0)
		return false;
	hook->jump = program_behind(hook->link);
	return true;
}

void hook_unpin(const struct hook *hook, const char *folder)
{
	char path[PATH_MAX];

	if (hook->link >= 0 && hook_pin_path(hook, folder, path) == 0)
		(void)unlink(path);
}

void hook_close(struct hook *hook)
{
	if (hook->link >= 0)
		(void)close(hook->link);
	if (hook->jump >= 0)
		(void)close(hook->jump);
	hook->link = hook->jump = -1;
}

int program_behind(int link)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_obj_get_info_by_fd(link, &info, &size) < 0 ?
			 -1 :
			 bpf_prog_get_fd_by_id(info.prog_id);

	return fd < 0 ? -errno : fd;
}

uint64_t program_misses(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.recursion_misses : 0;
}
