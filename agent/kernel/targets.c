/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/targets.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/state.h"
#include "kernel/calls.h"

static const char *behind_prefix(const char *name, const char *const *prefixes)
{
	for (size_t i = 0; prefixes[i]; i++) {
		size_t length = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], length) == 0)
			return name + length;
	}
	return NULL;
}

static const struct call *call_of(const char *name)
{
	size_t count;
	const struct call *calls = calls_all(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(calls[i].name, name) == 0)
			return &calls[i];
	return NULL;
}

/* The call that a function is for, NULL if it is for none. */
static const struct call *call_behind(const char *name, bool narrow)
{
	const char *own = behind_prefix(name, CALLS_NATIVE);
	const struct call *call = own ? call_of(own) : NULL;

	if (call)
		return call->number == CALL_NONE && !behind_prefix(name, CALLS_SHARED) ? NULL :
											 call;
	own = narrow ? behind_prefix(name, CALLS_NARROW) : NULL;
	return own ? call_of(own) : NULL;
}

static bool is_known(const struct targets *targets, const char *name)
{
	for (size_t i = 0; i < targets->count; i++)
		if (strcmp(targets->list[i].name, name) == 0)
			return true;
	return false;
}

void targets_miss(struct targets *targets, uint32_t slot)
{
	const uint32_t sockets = UINT32_C(1) << SLOT_NETWORK | UINT32_C(1) << SLOT_SOCKET |
				 UINT32_C(1) << SLOT_RECEIVE;
	const uint32_t bit = UINT32_C(1) << slot;

	targets->missing |= bit & sockets ? sockets : bit;
}

/* The group of a prototype; TARGET_GROUPS where there are more of them than programs. */
static uint32_t group_of(struct targets *targets, uint32_t prototype)
{
	uint32_t group;

	for (group = 0; group < TARGET_GROUPS; group++) {
		if (!targets->prototypes[group])
			targets->prototypes[group] = prototype;
		if (targets->prototypes[group] == prototype)
			break;
	}
	return group;
}

static int target_add(struct targets *targets, const char *name, uint32_t slot, uint32_t id,
		      uint32_t prototype)
{
	struct target target = { .slot = slot, .id = id, .prototype = prototype };
	struct target *list;
	int length = snprintf(target.name, sizeof(target.name), "%s", name);

	/* Of several by one name the first is as good as any. */
	if (length >= (int)sizeof(target.name) || is_known(targets, name))
		return 0;
	target.group = group_of(targets, prototype);
	if (target.group == TARGET_GROUPS) {
		targets_miss(targets, slot);
		return 0;
	}
	list = reallocarray(targets->list, targets->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	list[targets->count++] = target;
	targets->list = list;
	return 0;
}

/* Calls that the kernel knows, and no function for them: it has another name, or is part of another one. */
static void note_missing(struct targets *targets, uint32_t wanted)
{
	size_t count;
	const struct call *calls = calls_all(&count);
	char name[TARGET_NAME];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", CALLS_NATIVE[0], calls[i].name);
		if ((wanted & (UINT32_C(1) << calls[i].slot)) && !is_known(targets, name) &&
		    call_exists(&calls[i]))
			targets_miss(targets, calls[i].slot);
	}
}

int targets_find(struct targets *ret, const struct btf *kernel, uint32_t wanted, bool narrow)
{
	struct targets targets = { 0 };
	uint32_t types = btf__type_cnt(kernel), id;
	int r = 0;

	for (id = 1; id < types && r == 0; id++) {
		const struct btf_type *type = btf__type_by_id(kernel, id);
		const char *name = btf__name_by_offset(kernel, type->name_off);
		const struct call *call;

		if (!btf_is_func(type) || !name)
			continue;
		call = call_behind(name, narrow);
		if (call && (wanted & (UINT32_C(1) << call->slot)))
			r = target_add(&targets, name, call->slot, id, type->type);
	}
	if (r < 0) {
		targets_free(&targets);
		return r;
	}
	note_missing(&targets, wanted);
	*ret = targets;
	return 0;
}

void targets_free(struct targets *targets)
{
	free(targets->list);
	*targets = (struct targets){ 0 };
}

uint32_t target_id(const struct btf *kernel, const char *name, uint32_t *ret_prototype)
{
	int id = btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC);

	if (id <= 0)
		return 0;
	*ret_prototype = btf__type_by_id(kernel, (__u32)id)->type;
	return (uint32_t)id;
}
