/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/loader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/hooks.h"
#include "kernel/loader_state.h"
#include "kernel/loading.h"
#include "kernel/object.h"
#include "kernel/pins.h"
#include "kernel/spares.h"
#include "kernel/trampolines.h"

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	/* What failed is told once, by the caller, from the results. */
	(void)level, (void)format, (void)arguments;
	return 0;
}

/* The pinned link of a program, NULL when there is none. */
static struct bpf_link *pinned_link(const struct loader *loader, size_t i)
{
	char path[PATH_MAX];

	if (pins_link(path, sizeof(path), loader->folder, loader->results[i].entry->program) < 0)
		return NULL;
	return bpf_link__open(path);
}

/* Takes over the links in the folder. Returns false when one is missing without which nothing works. */
static bool links_resume(struct loader *loader)
{
	for (size_t i = 0; i < loader->count; i++) {
		const struct plan_entry *entry = loader->results[i].entry;

		/* In the map of system calls, which is pinned too. */
		if (entry->how == PLAN_SYSCALL || loader->results[i].trampoline)
			continue;
		loader->links[i] = pinned_link(loader, i);
		if (!loader->links[i] && entry->required)
			return false;
		if (loader->links[i])
			loader->running[i] = program_behind(bpf_link__fd(loader->links[i]));
	}
	return true;
}

static void links_close(struct loader *loader)
{
	for (size_t i = loader->count; i-- > 0;)
		loader_link_close(loader, i);
}

/* Nothing has been chosen yet. */
static void strategy_forget(struct loader *loader)
{
	trampolines_free(loader->strategy.trampolines);
	loader->strategy = (struct strategy){ 0 };
}

/* What is pinned shows which strategy it is, whatever was chosen with an object that the kernel has refused. */
static bool strategy_found(struct loader *loader, const struct loading *loading)
{
	uint32_t trampolines;

	strategy_forget(loader);
	if (pins_control(loader->folder, &trampolines) < 0 ||
	    strategy_resume(&loader->strategy, loader->config.strategy, trampolines) < 0)
		return false;
	strategy_explain(&loader->strategy, loading_slots(loading));
	loading_mark(loading);
	return !loader->strategy.trampolines ||
	       trampolines_resume(loader->strategy.trampolines, loader->folder);
}

/* Looks for what another process of this build has pinned. Half of it is as good as nothing. */
static int find_pins(struct loader *loader, const struct loading *loading)
{
	int r;

	if (!loader->pin)
		return 0;
	free(TAKE_PTR(loader->folder));
	r = pins_folder(&loader->folder, loader->pin, loading->elf, loading->elf_size);
	if (r < 0 || access(loader->folder, F_OK) < 0)
		return r;
	r = loading_open(&loader->object, loading);
	if (r < 0)
		return r;
	loader->resumed = pins_complete(loader->object, loader->folder) &&
			  strategy_found(loader, loading) && links_resume(loader);
	loader->attached = loader->resumed;
	if (loader->resumed)
		return 0;
	links_close(loader);
	strategy_forget(loader);
	pins_drop(loader->folder);
	return 0;
}

static int strategy_begin(struct loader *loader, const struct loading *loading, char *ret_reason)
{
	int r;

	/* Chosen with the object before, which was refused for other reasons. */
	if (loader->strategy.reason[0])
		return 0;
	r = strategy_choose(&loader->strategy, loader->config.strategy, loading_slots(loading));
	if (r < 0)
		(void)snprintf(ret_reason, LOADER_REASON_SIZE, STRATEGY_NOT_HAD,
			       loader->strategy.reason);
	return r;
}

/* Loads one object, with what is pinned of it. */
static int object_load(struct loader *loader, struct loading *loading, char *ret_reason)
{
	int r = find_pins(loader, loading);

	if (r < 0) {
		(void)snprintf(ret_reason, LOADER_REASON_SIZE, "cannot load the BPF programs: %s",
			       strerror(-r));
		return r;
	}
	loading->folder = loader->resumed ? loader->folder : NULL;
	if (!loader->resumed) {
		r = strategy_begin(loader, loading, ret_reason);
		if (r < 0)
			return r;
	}
	loading_mark(loading);
	loader->elf = loading->elf;
	loader->elf_size = loading->elf_size;
	return loading_run(&loader->object, loading, ret_reason);
}

/* What became of the programs of one object says nothing of another one's. */
static void results_reset(struct loader *loader, const struct plan_entry *plan)
{
	for (size_t i = 0; i < loader->count; i++)
		loader->results[i] = (struct loader_result){ .entry = &plan[i] };
}

/*
 * Loads the one that it was told to, or the best that is built in. One that calls what this kernel has not is refused as a
 * whole, with no error of its own.
 */
static int objects_try(struct loader *loader, const struct loader_config *config, char *ret_reason)
{
	struct loading loading = { .config = config,
				   .results = loader->results,
				   .count = loader->count,
				   .strategy = &loader->strategy,
				   .elf = config->elf,
				   .elf_size = config->elf_size };
	int r = -EINVAL;

	results_reset(loader, config->plan);
	if (config->elf)
		return object_load(loader, &loading, ret_reason);
	for (size_t i = 0; r < 0 && loading_is_refusal(r); i++) {
		loading.elf = object_builtin(i, &loading.elf_size);
		if (!loading.elf)
			break;
		results_reset(loader, config->plan);
		r = object_load(loader, &loading, ret_reason);
	}
	return r;
}

/* Of what was attached before, some was not. */
static void results_resume(struct loader *loader)
{
	for (size_t i = 0; i < loader->count; i++) {
		struct loader_result *result = &loader->results[i];

		if (loader->links[i] || result->error || result->spare || result->trampoline ||
		    result->entry->how == PLAN_SYSCALL)
			continue;
		result->error = -ENOENT;
		loader->refused[i] = true;
		(void)snprintf(result->reason, LOADER_REASON_SIZE, "could not be attached before");
	}
	spares_mark(loader->results, loader->count);
	if (loader->strategy.trampolines)
		trampolines_resumed(loader->strategy.trampolines, loader->object);
}

int loader_new(struct loader **ret, const struct loader_config *config, char *ret_reason)
{
	struct loader *loader = calloc(1, sizeof(*loader));
	int r = -ENOMEM;

	(void)snprintf(ret_reason, LOADER_REASON_SIZE, "cannot load the BPF programs: %s",
		       strerror(ENOMEM));
	if (!loader)
		return r;
	loader->results = calloc(config->plan_size, sizeof(*loader->results));
	loader->links = calloc(config->plan_size, sizeof(*loader->links));
	loader->refused = calloc(config->plan_size, sizeof(*loader->refused));
	loader->running = calloc(config->plan_size, sizeof(*loader->running));
	if (!loader->results || !loader->links || !loader->refused || !loader->running)
		goto fail;
	loader->count = config->plan_size;
	for (size_t i = 0; i < loader->count; i++)
		loader->running[i] = -1;
	loader->config = *config;
	libbpf_set_print(quiet);
	loader->pin = config->pin;
	r = objects_try(loader, config, ret_reason);
	if (r < 0)
		goto fail;
	if (loader->resumed)
		results_resume(loader);
	*ret = loader;
	return 0;
fail:
	loader_free(loader);
	return r;
}

/* Those of the programs that are loaded now. */
static uint64_t misses_now(const struct loader *loader)
{
	uint64_t misses = 0;

	if (loader->strategy.trampolines)
		misses = trampolines_misses(loader->strategy.trampolines);
	for (size_t i = 0; i < loader->count; i++) {
		misses += program_misses(loader->running[i]);
		if (loader_program(loader, i))
			misses += program_misses(bpf_program__fd(loader_program(loader, i)));
	}
	return misses;
}

uint64_t loader_misses(const struct loader *loader)
{
	return loader->misses + misses_now(loader);
}

bool loader_attached(const struct loader *loader)
{
	return loader->attached;
}

bool loader_replace(struct loader *loader)
{
	return loader->pin && pins_drop_others(loader->pin, loader->folder);
}

bool loader_drop_pins(const char *pin)
{
	return pins_drop_others(pin, NULL);
}

void loader_free(struct loader *loader)
{
	if (!loader)
		return;
	/* What is pinned goes on; all else may take its time to go. */
	if (loader->strategy.trampolines && loader->attached && !loader->folder)
		trampolines_detach(loader->strategy.trampolines, loader->object, NULL);
	trampolines_free(loader->strategy.trampolines);
	if (loader->links)
		links_close(loader);
	bpf_object__close(loader->object);
	free(loader->links);
	free(loader->running);
	free(loader->results);
	free(loader->refused);
	free(loader->folder);
	free(loader);
}

const struct strategy *loader_strategy(const struct loader *loader)
{
	return &loader->strategy;
}

bool loader_result_counts(const struct loader_result *result)
{
	return !result->spare && !(result->trampoline && result->entry->dispatches);
}

const struct loader_result *loader_results(const struct loader *loader, size_t *ret_count)
{
	*ret_count = loader->count;
	return loader->results;
}

int loader_map(const struct loader *loader, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, name);

	return map ? bpf_map__fd(map) : -ENOENT;
}
