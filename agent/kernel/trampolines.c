/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/trampolines.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bpf/state.h"
#include "kernel/descriptors.h"
#include "kernel/hooks.h"
#include "kernel/loading.h"
#include "kernel/targets.h"

enum {
	GENERATIONS = 16, /* JUMP_GENERATIONS of bpf/calls.bpf.c */
};

struct trampolines {
	struct targets targets;
	struct hook *hooks; /* owned */
	size_t count;
	uint32_t special
		[HOOK_PROGRAMS]; /* the functions that are no system call's, 0: not there, or not needed */
	const char *attach_to[HOOK_PROGRAMS]; /* what a program is loaded for; NULL: it is not */
	bool narrow_whole;		      /* the function of all 32-bit calls can be hooked */
	uint32_t generation;		      /* of jumps: the index of their way in its map */
};

static uint32_t slot_bit(uint32_t slot)
{
	return UINT32_C(1) << slot;
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
	return attached ? attached & TRAMPOLINES_NARROW : hook_try(id, true) == 0;
}

/* Which of the other functions there are. */
static int find_special(struct trampolines *trampolines, const struct btf *kernel,
			uint32_t attached, char *ret_reason)
{
	bool found[HOOK_PURPOSES] = { false };
	uint32_t id, prototype;

	for (size_t i = 0; i < HOOK_PROGRAMS; i++) {
		if (!hook_programs[i].function || found[hook_programs[i].purpose])
			continue;
		id = target_id(kernel, hook_programs[i].function, &prototype);
		if (!id || (hook_programs[i].purpose == HOOK_NARROW && !has_narrow(id, attached)))
			continue;
		/* The message is an argument since 5.18. */
		if (hook_programs[i].purpose == HOOK_STOPPED &&
		    btf_vlen(btf__type_by_id(kernel, prototype)) != 2)
			continue;
		found[hook_programs[i].purpose] = true;
		trampolines->special[i] = id;
	}
	if (!found[HOOK_REFUSED])
		return no_function(ret_reason, "__secure_computing");
	if (!found[HOOK_STOPPED])
		return no_function(ret_reason, "ptrace_notify(code, message)");
	trampolines->narrow_whole = found[HOOK_NARROW];
	return 0;
}

static bool is_served(const struct trampolines *trampolines, const struct target *target)
{
	return !(trampolines->targets.missing & slot_bit(target->slot));
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
	trampolines->hooks = calloc(HOOK_PROGRAMS + targets->count, sizeof(*trampolines->hooks));
	if (!trampolines->hooks)
		return -ENOMEM;
	for (uint32_t i = 0; i < HOOK_PROGRAMS; i++)
		if (trampolines->special[i])
			hook_add(trampolines, (struct hook){ .function = hook_programs[i].function,
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
	int r = trampolines->targets.count > 0 ? hook_try(first->id, false) : -ENOENT;

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

bool trampolines_has(const char *program)
{
	return hook_program_index(program) < HOOK_PROGRAMS;
}

int trampolines_prepare(const struct trampolines *trampolines, struct bpf_object *object)
{
	struct bpf_program *program;
	const char *function;
	size_t i;
	int r;

	bpf_object__for_each_program(program, object)
	{
		i = hook_program_index(bpf_program__name(program));
		if (i == HOOK_PROGRAMS)
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
	return bpf_map__fd(bpf_object__find_map_by_name(object, hook_programs[program].jump));
}

/* Opens the way from the jumps to the programs. */
static int jumps_open(const struct trampolines *trampolines, const struct bpf_object *object)
{
	int fd;

	for (uint32_t i = 0; i < HOOK_PROGRAMS; i++) {
		if (!trampolines->attach_to[i])
			continue;
		fd = bpf_program__fd(
			bpf_object__find_program_by_name(object, hook_programs[i].program));
		if (bpf_map_update_elem(jump_map(object, i), &trampolines->generation, &fd,
					BPF_ANY) < 0)
			return -errno;
	}
	return 0;
}

/* A function that cannot be hooked: what is to be done about it. */
static int give_up(struct trampolines *trampolines, const struct hook *hook, int error,
		   char *ret_reason)
{
	(void)snprintf(ret_reason, TRAMPOLINES_REASON_SIZE, "cannot hook %s: %s", hook->function,
		       strerror(-error));
	if (hook_programs[hook->program].purpose != HOOK_CALLS || !loading_is_refusal(error))
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

		r = hook_attach(hook, jump_map(object, hook->program), trampolines->generation,
				folder);
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

bool trampolines_resume(struct trampolines *trampolines, const char *folder)
{
	for (size_t i = 0; i < trampolines->count; i++)
		if (!hook_resume(&trampolines->hooks[i], folder))
			return false;
	return true;
}

void trampolines_resumed(struct trampolines *trampolines, const struct bpf_object *object)
{
	uint32_t id;

	for (uint32_t i = 0; i < GENERATIONS; i++)
		for (uint32_t k = 0; k < HOOK_PROGRAMS; k++)
			if (trampolines->attach_to[k] &&
			    bpf_map_lookup_elem(jump_map(object, k), &i, &id) == 0)
				trampolines->generation = i;
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
	for (uint32_t i = 0; i < HOOK_PROGRAMS; i++)
		if (trampolines->attach_to[i])
			(void)bpf_map_delete_elem(jump_map(object, i), &trampolines->generation);
}

void trampolines_detach(struct trampolines *trampolines, const struct bpf_object *object,
			const char *folder)
{
	_cleanup_free_ int *links = calloc(trampolines->count + 1, sizeof(*links));
	_cleanup_close_ int release = -1;
	size_t open = 0;

	jumps_close(trampolines, object);
	for (size_t i = 0; i < trampolines->count; i++)
		if (links && trampolines->hooks[i].link >= 0)
			links[open++] = trampolines->hooks[i].link;
	if (open > 0)
		release = descriptors_hold(links, open);
	for (size_t i = 0; folder && i < trampolines->count; i++)
		hook_unpin(&trampolines->hooks[i], folder);
	close_links(trampolines);
}
