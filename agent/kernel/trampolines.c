/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/trampolines.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bpf/state.h"
#include "kernel/descriptors.h"
#include "kernel/pins.h"
#include "kernel/targets.h"

/* Every call of the 32-bit table goes through it, where it is no part of its callers. */
#define NARROW_WHOLE "ia32_sys_call"

/*
 * The programs, what they hook where that is not a system call's function, and the map that holds the way to each. Nothing but
 * jumps is ever attached, and made anew each time: an old one may take its time to go.
 */
static const struct {
	const char *program;
	const char *jump;
	const char *function; /* NULL: that of a system call */
	enum bpf_attach_type type;
	enum { FOR_CALLS, FOR_REFUSED, FOR_STOPPING, FOR_STOPPED, FOR_NARROW, PURPOSES } purpose;
} PROGRAMS[] = {
	/* one for each prototype that the functions of system calls have */
	{ "calls_0", "calls_0_jump", NULL, BPF_TRACE_FEXIT, FOR_CALLS },
	{ "calls_1", "calls_1_jump", NULL, BPF_TRACE_FEXIT, FOR_CALLS },
	/* of those with the same purpose a kernel has one function */
	{ "calls_refused", "calls_refused_jump", "__secure_computing", BPF_TRACE_FEXIT,
	  FOR_REFUSED },
	{ "calls_not_permitted", "calls_not_permitted_jump", "__seccomp_permit_syscall",
	  BPF_TRACE_FEXIT, FOR_REFUSED },
	{ "calls_stopping", "calls_stopping_jump", "ptrace_notify", BPF_TRACE_FENTRY,
	  FOR_STOPPING },
	{ "calls_stopped", "calls_stopped_jump", "ptrace_notify", BPF_TRACE_FEXIT, FOR_STOPPED },
	{ "calls_narrow", "calls_narrow_jump", NARROW_WHOLE, BPF_TRACE_FEXIT, FOR_NARROW },
};

enum {
	GENERATIONS = 16, /* JUMP_GENERATIONS of bpf/calls.bpf.c */
	COUNT = sizeof(PROGRAMS) / sizeof(PROGRAMS[0])
};

struct hook {
	const char *function;
	uint32_t id;	  /* of the function, in the kernel's type information */
	uint32_t slot;	  /* enum syscall_slot, of a system call's */
	uint32_t program; /* index in PROGRAMS */
	int link;	  /* -1: not attached */
	int jump;	  /* the program that is attached; -1: none, or another process's */
};

struct trampolines {
	struct targets targets;
	struct hook *hooks; /* owned */
	size_t count;
	uint32_t special
		[COUNT]; /* the functions that are no system call's, 0: not there, or not needed */
	const char *attach_to[COUNT]; /* what a program is loaded for; NULL: it is not */
	bool narrow_whole;	      /* NARROW_WHOLE can be hooked */
	uint32_t generation;	      /* of jumps: the index of their way in its map */
};

static uint32_t slot_bit(uint32_t slot)
{
	return UINT32_C(1) << slot;
}

/* A program at a function. Returns its descriptor, or negative errno. */
static int load_at(uint32_t id, enum bpf_attach_type type, const struct bpf_insn *code, size_t size,
		   const char *name)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type, .attach_btf_id = id);
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, name, "GPL", code, size, &options);

	return fd < 0 ? -errno : fd;
}

/* Can a program be loaded there, and attached? */
static int try_at(uint32_t id, bool attach)
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

	return load_at(hook->id, PROGRAMS[hook->program].type, code, sizeof(code) / sizeof(code[0]),
		       "calls_jump");
}

static int no_function(char *ret_reason, const char *name)
{
	(void)snprintf(ret_reason, TRAMPOLINES_REASON_SIZE, "the kernel has no function %s", name);
	return -ENOENT;
}

/*
 * Can the function of all 32-bit calls be hooked? Where it is hooked already nothing is attached to try it: the kernel would
 * leave out the ends of calls that are under way.
 */
static bool has_narrow(uint32_t id, uint32_t attached)
{
	return attached ? attached & TRAMPOLINES_NARROW : try_at(id, true) == 0;
}

/* Which of the other functions there are. */
static int find_special(struct trampolines *trampolines, const struct btf *kernel,
			uint32_t attached, char *ret_reason)
{
	bool found[PURPOSES] = { false };
	uint32_t id, prototype;

	for (size_t i = 0; i < COUNT; i++) {
		if (!PROGRAMS[i].function || found[PROGRAMS[i].purpose])
			continue;
		id = target_id(kernel, PROGRAMS[i].function, &prototype);
		if (!id || (PROGRAMS[i].purpose == FOR_NARROW && !has_narrow(id, attached)))
			continue;
		/* The message is an argument since 5.18. */
		if (PROGRAMS[i].purpose == FOR_STOPPED &&
		    btf_vlen(btf__type_by_id(kernel, prototype)) != 2)
			continue;
		found[PROGRAMS[i].purpose] = true;
		trampolines->special[i] = id;
	}
	if (!found[FOR_REFUSED])
		return no_function(ret_reason, "__secure_computing");
	if (!found[FOR_STOPPED])
		return no_function(ret_reason, "ptrace_notify(code, message)");
	trampolines->narrow_whole = found[FOR_NARROW];
	return 0;
}

static bool is_served(const struct trampolines *trampolines, const struct target *target)
{
	return !(trampolines->targets.missing & slot_bit(target->slot));
}

/* A function may have two: at its beginning and at its end. */
static void hook_pin_name(const struct hook *hook, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s_%s", PROGRAMS[hook->program].program, hook->function);
}

static void hook_add(struct trampolines *trampolines, struct hook hook)
{
	hook.link = hook.jump = -1;
	trampolines->hooks[trampolines->count++] = hook;
	if (!trampolines->attach_to[hook.program])
		trampolines->attach_to[hook.program] = hook.function;
}

/* What is to be hooked, in the order in which it is attached. */
static int choose_hooks(struct trampolines *trampolines)
{
	const struct targets *targets = &trampolines->targets;

	free(trampolines->hooks);
	trampolines->count = 0;
	memset(trampolines->attach_to, 0, sizeof(trampolines->attach_to));
	trampolines->hooks = calloc(COUNT + targets->count, sizeof(*trampolines->hooks));
	if (!trampolines->hooks)
		return -ENOMEM;
	for (uint32_t i = 0; i < COUNT; i++)
		if (trampolines->special[i])
			hook_add(trampolines, (struct hook){ .function = PROGRAMS[i].function,
							     .id = trampolines->special[i],
							     .program = i });
	for (size_t i = 0; i < targets->count; i++)
		if (is_served(trampolines, &targets->list[i]))
			hook_add(trampolines, (struct hook){ .function = targets->list[i].name,
							     .id = targets->list[i].id,
							     .slot = targets->list[i].slot,
							     .program = targets->list[i].group });
	return 0;
}

static int find_all(struct trampolines *trampolines, uint32_t wanted, uint32_t attached,
		    char *ret_reason)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int r;

	if (!kernel) {
		r = -errno;
		(void)snprintf(ret_reason, TRAMPOLINES_REASON_SIZE,
			       "cannot read the kernel's type information: %s", strerror(-r));
		return r;
	}
	r = find_special(trampolines, kernel, attached, ret_reason);
	if (r == 0) {
		r = targets_find(&trampolines->targets, kernel, wanted, !trampolines->narrow_whole);
		if (r < 0)
			(void)snprintf(ret_reason, TRAMPOLINES_REASON_SIZE, "%s", strerror(-r));
	}
	btf__free(kernel);
	return r;
}

/* May programs be put there at all? */
static int try_first(const struct trampolines *trampolines, char *ret_reason)
{
	const struct target *first = trampolines->targets.list;
	int r = trampolines->targets.count > 0 ? try_at(first->id, false) : -ENOENT;

	if (r < 0)
		(void)snprintf(ret_reason, TRAMPOLINES_REASON_SIZE,
			       "the kernel takes no programs at the end of functions: %s",
			       strerror(-r));
	return r;
}

int trampolines_new(struct trampolines **ret, uint32_t wanted, uint32_t attached, char *ret_reason)
{
	struct trampolines *trampolines = calloc(1, sizeof(*trampolines));
	int r;

	if (!trampolines) {
		(void)snprintf(ret_reason, TRAMPOLINES_REASON_SIZE, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	r = find_all(trampolines, wanted, attached, ret_reason);
	if (r == 0)
		r = try_first(trampolines, ret_reason);
	if (r == 0) {
		r = choose_hooks(trampolines);
		if (r < 0)
			(void)snprintf(ret_reason, TRAMPOLINES_REASON_SIZE, "%s", strerror(-r));
	}
	if (r < 0) {
		trampolines_free(trampolines);
		return r;
	}
	*ret = trampolines;
	return 0;
}

static void hook_close(struct hook *hook)
{
	if (hook->link >= 0)
		(void)close(hook->link);
	if (hook->jump >= 0)
		(void)close(hook->jump);
	hook->link = hook->jump = -1;
}

static void close_links(struct trampolines *trampolines)
{
	for (size_t i = trampolines->count; i-- > 0;)
		hook_close(&trampolines->hooks[i]);
}

void trampolines_free(struct trampolines *trampolines)
{
	if (!trampolines)
		return;
	close_links(trampolines);
	free(trampolines->hooks);
	targets_free(&trampolines->targets);
	free(trampolines);
}

uint32_t trampolines_slots(const struct trampolines *trampolines)
{
	uint32_t slots = 0;

	for (size_t i = 0; i < trampolines->targets.count; i++)
		slots |= slot_bit(trampolines->targets.list[i].slot);
	return slots & ~trampolines->targets.missing & ~slot_bit(SLOT_NONE);
}

uint32_t trampolines_control(const struct trampolines *trampolines)
{
	return trampolines_slots(trampolines) |
	       (trampolines->narrow_whole ? TRAMPOLINES_NARROW : 0);
}

static size_t index_of(const char *program)
{
	size_t i = 0;

	while (i < COUNT && strcmp(PROGRAMS[i].program, program) != 0)
		i++;
	return i;
}

bool trampolines_has(const char *program)
{
	return index_of(program) < COUNT;
}

int trampolines_prepare(const struct trampolines *trampolines, struct bpf_object *object)
{
	struct bpf_program *program;
	const char *function;
	size_t i;
	int r;

	bpf_object__for_each_program(program, object)
	{
		i = index_of(bpf_program__name(program));
		if (i == COUNT)
			continue;
		function = trampolines ? trampolines->attach_to[i] : NULL;
		bpf_program__set_autoload(program, function != NULL);
		r = function ? bpf_program__set_attach_target(program, 0, function) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

void trampolines_log(struct bpf_object *object, char *log, size_t size)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		if (trampolines_has(bpf_program__name(program)))
			bpf_program__set_log_buf(program, log, size);
	}
}

static int jump_map(const struct bpf_object *object, uint32_t program)
{
	return bpf_map__fd(bpf_object__find_map_by_name(object, PROGRAMS[program].jump));
}

/* Opens the way from the jumps to the programs. */
static int jumps_open(const struct trampolines *trampolines, const struct bpf_object *object)
{
	int fd;

	for (uint32_t i = 0; i < COUNT; i++) {
		if (!trampolines->attach_to[i])
			continue;
		fd = bpf_program__fd(bpf_object__find_program_by_name(object, PROGRAMS[i].program));
		if (bpf_map_update_elem(jump_map(object, i), &trampolines->generation, &fd,
					BPF_ANY) < 0)
			return -errno;
	}
	return 0;
}

static int hook_attach(const struct trampolines *trampolines, struct hook *hook,
		       const struct bpf_object *object, const char *folder)
{
	char path[PATH_MAX], name[TARGET_NAME + 32];
	int r;

	hook->jump = load_jump(hook, jump_map(object, hook->program), trampolines->generation);
	if (hook->jump < 0)
		return hook->jump;
	hook->link = bpf_raw_tracepoint_open(NULL, hook->jump);
	if (hook->link < 0)
		return -errno;
	if (!folder)
		return 0;
	hook_pin_name(hook, name, sizeof(name));
	r = pins_link(path, sizeof(path), folder, name);
	return r == 0 && bpf_obj_pin(hook->link, path) < 0 ? -errno : r;
}

/* A function that cannot be hooked: what is to be done about it. */
static int give_up(struct trampolines *trampolines, const struct hook *hook, int error,
		   char *ret_reason)
{
	(void)snprintf(ret_reason, TRAMPOLINES_REASON_SIZE, "cannot hook %s: %s", hook->function,
		       strerror(-error));
	if (PROGRAMS[hook->program].purpose != FOR_CALLS)
		return error;
	targets_miss(&trampolines->targets, hook->slot);
	return -EAGAIN;
}

int trampolines_attach(struct trampolines *trampolines, const struct bpf_object *object,
		       const char *folder, char *ret_reason)
{
	int r;

	trampolines->generation = (trampolines->generation + 1) % GENERATIONS;
	for (size_t i = 0; i < trampolines->count; i++) {
		struct hook *hook = &trampolines->hooks[i];

		r = hook_attach(trampolines, hook, object, folder);
		if (r < 0) {
			hook_close(hook);
			r = give_up(trampolines, hook, r, ret_reason);
		}
		if (r < 0)
			return r;
	}
	/* All at once: nothing is seen by the one half and not by the other. */
	r = jumps_open(trampolines, object);
	if (r < 0)
		(void)snprintf(ret_reason, TRAMPOLINES_REASON_SIZE, "%s", strerror(-r));
	return r;
}

int trampolines_again(struct trampolines *trampolines)
{
	return choose_hooks(trampolines);
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

bool trampolines_resume(struct trampolines *trampolines, const char *folder)
{
	char path[PATH_MAX], name[TARGET_NAME + 32];

	for (size_t i = 0; i < trampolines->count; i++) {
		struct hook *hook = &trampolines->hooks[i];

		hook_pin_name(hook, name, sizeof(name));
		if (pins_link(path, sizeof(path), folder, name) == 0)
			hook->link = bpf_obj_get(path);
		if (hook->link < 0)
			return false;
		hook->jump = program_behind(hook->link);
	}
	return true;
}

void trampolines_resumed(struct trampolines *trampolines, const struct bpf_object *object)
{
	uint32_t id;

	for (uint32_t i = 0; i < GENERATIONS; i++)
		for (uint32_t k = 0; k < COUNT; k++)
			if (trampolines->attach_to[k] &&
			    bpf_map_lookup_elem(jump_map(object, k), &i, &id) == 0)
				trampolines->generation = i;
}

uint64_t program_misses(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.recursion_misses : 0;
}

uint64_t trampolines_misses(const struct trampolines *trampolines)
{
	uint64_t misses = 0;

	for (size_t i = 0; i < trampolines->count; i++)
		misses += program_misses(trampolines->hooks[i].jump);
	return misses;
}

/* Nothing goes that way any more, once those are through that are on it. */
static void jumps_close(const struct trampolines *trampolines, const struct bpf_object *object)
{
	for (uint32_t i = 0; i < COUNT; i++)
		if (trampolines->attach_to[i])
			(void)bpf_map_delete_elem(jump_map(object, i), &trampolines->generation);
}

void trampolines_detach(struct trampolines *trampolines, const struct bpf_object *object,
			const char *folder)
{
	char path[PATH_MAX], name[TARGET_NAME + 32];
	_cleanup_free_ int *links = calloc(trampolines->count + 1, sizeof(*links));
	_cleanup_close_ int release = -1;
	size_t open = 0;

	jumps_close(trampolines, object);
	for (size_t i = 0; i < trampolines->count; i++)
		if (links && trampolines->hooks[i].link >= 0)
			links[open++] = trampolines->hooks[i].link;
	if (open > 0)
		release = descriptors_hold(links, open);
	for (size_t i = 0; folder && i < trampolines->count; i++) {
		hook_pin_name(&trampolines->hooks[i], name, sizeof(name));
		if (trampolines->hooks[i].link >= 0 &&
		    pins_link(path, sizeof(path), folder, name) == 0)
			(void)unlink(path);
	}
	close_links(trampolines);
}
