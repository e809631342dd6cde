/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/loading.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bpf/state.h"
#include "kernel/pins.h"
#include "kernel/spares.h"
#include "kernel/trampolines.h"
#include "kernel/verifier.h"

static struct bpf_program *program_of(const struct bpf_object *object,
				      const struct loader_result *result)
{
	return bpf_object__find_program_by_name(object, result->entry->program);
}

static int map_resize(struct bpf_object *object, const char *name, size_t size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map || !size)
		return 0;
	return bpf_map__set_max_entries(map, (unsigned int)size);
}

/* The maps of an object that is loaded become those of one that will be. */
static int maps_keep(struct bpf_object *object, const struct bpf_object *before)
{
	struct bpf_map *map, *own;
	int r;

	bpf_object__for_each_map(map, before)
	{
		own = bpf_object__find_map_by_name(object, bpf_map__name(map));
		r = own ? bpf_map__reuse_fd(own, bpf_map__fd(map)) : -ENOENT;
		if (r < 0)
			return r;
	}
	return 0;
}

/* The slot of the dispatcher's that it serves, as a bit; 0: none. */
static uint32_t slot_of(const struct plan_entry *entry)
{
	return entry->how == PLAN_SYSCALL && !entry->map ? UINT32_C(1) << entry->slot : 0;
}

uint32_t loading_slots(const struct loading *loading)
{
	uint32_t slots = 0;

	for (size_t i = 0; i < loading->count; i++)
		slots |= slot_of(loading->results[i].entry);
	/* What a task may do is kept track of even while nobody wants to be told. */
	return slots & ~(loading->config->slots_off & ~(UINT32_C(1) << SLOT_PRIVILEGE));
}

void loading_mark(const struct loading *loading)
{
	uint32_t served = strategy_slots(loading->strategy);
	uint32_t left = loading_slots(loading) & ~served;

	for (size_t i = 0; i < loading->count; i++) {
		struct loader_result *result = &loading->results[i];
		uint32_t slot = slot_of(result->entry);

		result->trampoline = served &&
				     (result->entry->dispatches ? !left : slot && !(slot & left));
	}
}

/* The maps are those in the folder, or of the object before, or they get their sizes. */
static int prepare_maps(struct bpf_object *object, const struct loading *loading)
{
	const struct loader_config *config = loading->config;
	int r;

	if (loading->before)
		return maps_keep(object, loading->before);
	if (loading->folder)
		return pins_reuse(object, loading->folder);
	r = map_resize(object, "ring", config->ring_size);
	if (r == 0)
		r = map_resize(object, "sessions", config->sessions);
	return r < 0 ? r : map_resize(object, "cgroup_sessions", config->sessions);
}

int loading_open(struct bpf_object **object, const struct loading *loading)
{
	/* The names of some maps begin with that of the object. */
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "seshat");

	bpf_object__close(*object);
	*object = bpf_object__open_mem(loading->elf, loading->elf_size, &options);
	return *object ? 0 : -errno;
}

/* Whichever program of one probe fits this kernel is known before any is loaded. */
static void results_begin(struct bpf_object *object, const struct loading *loading)
{
	for (size_t i = 0; i < loading->count; i++) {
		struct loader_result *result = &loading->results[i];

		if (result->error || program_of(object, result))
			continue;
		result->error = -ENOENT;
		(void)snprintf(result->reason, LOADER_REASON_SIZE, "not in this build");
	}
	spares_try(object, loading->results, loading->count);
}

/*
 * What is loaded, and as what. `logs` is where the kernel says why it does not want a program: it is asked for that only then,
 * and the first refusal ends the load.
 */
static int prepare_programs(struct bpf_object *object, const struct loading *loading, char *logs)
{
	for (size_t i = 0; i < loading->count; i++) {
		const struct loader_result *result = &loading->results[i];
		struct bpf_program *program = program_of(object, result);

		if (!program)
			continue;
		bpf_program__set_autoload(program,
					  !result->error && !result->spare && !result->trampoline);
		bpf_program__set_log_buf(program, logs + i * VERIFIER_LOG_SIZE, VERIFIER_LOG_SIZE);
		if (result->entry->attach_type)
			bpf_program__set_expected_attach_type(
				program, (enum bpf_attach_type)result->entry->attach_type);
	}
	trampolines_log(object, logs + loading->count * VERIFIER_LOG_SIZE, VERIFIER_LOG_SIZE);
	return trampolines_prepare(loading->strategy->trampolines, object);
}

bool loading_is_refusal(int error)
{
	return error != -EMFILE && error != -ENFILE && error != -ENOMEM && error != -EPERM;
}

/* Notes which program was refused: the one with a log. NULL: none has one. */
static const struct loader_result *refused_note(const struct loading *loading, char *logs,
						int error)
{
	for (size_t i = 0; i < loading->count; i++) {
		struct loader_result *result = &loading->results[i];
		char *log = logs + i * VERIFIER_LOG_SIZE;

		if (!*log)
			continue;
		result->error = error;
		verifier_reason(log, error, result->reason, LOADER_REASON_SIZE);
		spares_mark(loading->results, loading->count);
		*log = '\0';
		return result;
	}
	return NULL;
}

/* Was it a program of the trampolines? Then there are none. Negative: they were demanded. */
static int trampolines_note(const struct loading *loading, char *log, int error)
{
	char reason[LOADER_REASON_SIZE];
	int r;

	if (!*log)
		return -ENOENT;
	verifier_reason(log, error, reason, sizeof(reason));
	*log = '\0';
	r = strategy_refuse(loading->strategy, error, reason);
	loading_mark(loading);
	return r;
}

/* One try: 0 when everything that is wanted is loaded. */
static int load_once(struct bpf_object **object, const struct loading *loading, char *logs)
{
	int r = loading_open(object, loading);

	if (r == 0)
		r = prepare_maps(*object, loading);
	if (r < 0)
		return r;
	results_begin(*object, loading);
	r = prepare_programs(*object, loading, logs);
	return r < 0 ? r : bpf_object__load(*object);
}

int loading_run(struct bpf_object **object, const struct loading *loading, char *ret_reason)
{
	/* Of as many pages as are written to: none, mostly. */
	_cleanup_free_ char *logs = calloc(loading->count + 1, VERIFIER_LOG_SIZE);
	const struct loader_result *refused;
	int r = -ENOMEM;

	/* Each round without success takes one program out. */
	for (size_t round = 0; logs && round <= loading->count; round++) {
		r = load_once(object, loading, logs);
		if (r == 0)
			return 0;
		refused = loading_is_refusal(r) ? refused_note(loading, logs, r) : NULL;
		if (!refused &&
		    trampolines_note(loading, logs + loading->count * VERIFIER_LOG_SIZE, r) == 0)
			continue;
		if (!refused)
			break;
		if (refused->entry->required) {
			(void)snprintf(ret_reason, LOADER_REASON_SIZE,
				       "cannot load the probe \"%s\": %.400s",
				       refused->entry->probe, refused->reason);
			return refused->error;
		}
	}
	if (loading->strategy->choice == STRATEGY_TRAMPOLINE && !loading->strategy->trampolines)
		(void)snprintf(ret_reason, LOADER_REASON_SIZE, STRATEGY_NOT_HAD,
			       loading->strategy->reason);
	else
		(void)snprintf(ret_reason, LOADER_REASON_SIZE, "cannot load the BPF programs: %s",
			       strerror(-r));
	return r;
}
