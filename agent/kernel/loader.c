/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/loader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bpf/state.h"
#include "kernel/loading.h"
#include "kernel/object.h"
#include "kernel/pins.h"
#include "kernel/spares.h"
#include "kernel/trampolines.h"

struct loader {
	struct bpf_object *object; /* owned */
	/* owned, one for each entry of the plan, NULL where there is none */
	struct bpf_link **links;
	int *running; /* owned: the programs behind links of another process's, which count their misses; -1: none */
	struct loader_result *results; /* owned */
	size_t count;
	bool *refused;		     /* owned: of the results, could it not even be attached? */
	const char *pin;	     /* borrowed; NULL: none */
	char *folder;		     /* owned: in it, of this build; NULL: none */
	struct loader_config config; /* what it points to is borrowed */
	const void *elf;	     /* the object that was loaded; borrowed */
	size_t elf_size;
	struct strategy strategy;
	uint64_t misses; /* of programs that are no longer attached */
	bool resumed;	 /* the folder holds what another process had attached */
	bool attached;
	bool outdated; /* the object serves the calls by what had been chosen before: it has to be loaded anew */
};

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	/* What failed is told once, by the caller, from the results. */
	(void)level, (void)format, (void)arguments;
	return 0;
}

static struct bpf_program *program_of(const struct loader *loader, size_t i)
{
	return bpf_object__find_program_by_name(loader->object, loader->results[i].entry->program);
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

/* Closes what keeps the program of one entry attached, and its program, with what it has counted. */
static void link_close(struct loader *loader, size_t i)
{
	bpf_link__destroy(loader->links[i]);
	loader->links[i] = NULL;
	if (loader->running[i] >= 0)
		(void)close(loader->running[i]);
	loader->running[i] = -1;
}

static void links_close(struct loader *loader)
{
	for (size_t i = loader->count; i-- > 0;)
		link_close(loader, i);
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
		if (program_of(loader, i))
			misses += program_misses(bpf_program__fd(program_of(loader, i)));
	}
	return misses;
}

uint64_t loader_misses(const struct loader *loader)
{
	return loader->misses + misses_now(loader);
}

void loader_detach(struct loader *loader)
{
	/* What was attached by another process, and jumps, made anew each time, take their numbers with them; others keep theirs. */
	if (loader->strategy.trampolines)
		loader->misses += trampolines_misses(loader->strategy.trampolines);
	if (loader->folder)
		pins_forget(loader->folder);
	if (loader->strategy.trampolines)
		trampolines_detach(loader->strategy.trampolines, loader->object, loader->folder);
	/* Last in, first out: lineage holds until nothing reports any more. */
	for (size_t i = loader->count; i-- > 0;) {
		if (loader->folder && loader->links[i])
			(void)bpf_link__unpin(
				loader->links[i]); /* one that is not pinned says so */
		loader->misses += program_misses(loader->running[i]);
		link_close(loader, i);
		if (loader->refused[i])
			loader->results[i].error = 0;
		loader->refused[i] = false;
	}
	if (loader->folder)
		pins_drop(loader->folder);
	loader->attached = false;
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

static int entry_attach(struct loader *loader, size_t i, int cgroup_root)
{
	const struct plan_entry *entry = loader->results[i].entry;
	struct bpf_program *program = program_of(loader, i);
	struct bpf_link *link = NULL;
	int fd;

	switch (entry->how) {
	case PLAN_SYSCALL:
		fd = bpf_program__fd(program);
		return bpf_map_update_elem(loader_map(loader,
						      entry->map ? entry->map : "syscall_probes"),
					   &entry->slot, &fd, BPF_ANY);
	case PLAN_CGROUP:
		link = bpf_program__attach_cgroup(program, cgroup_root);
		break;
	case PLAN_TRACE:
		link = bpf_program__attach(program);
		break;
	}
	if (!link)
		return -errno;
	loader->links[i] = link;
	return 0;
}

/* Tells the probes which slots the functions are hooked for. */
static int loader_set_control(struct loader *loader, uint32_t trampolines)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	int fd = loader_map(loader, CONTROL_MAP);
	struct control *control;

	if (fd < 0)
		return 0;
	control = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (control == MAP_FAILED)
		return -errno;
	control->trampolines = trampolines;
	(void)munmap(control, size);
	return 0;
}

/* Pins what was just attached; a link that cannot be pinned would end with this process. */
static int entry_pin(struct loader *loader, size_t i)
{
	char path[PATH_MAX];
	int r;

	if (!loader->folder || !loader->links[i])
		return 0;
	r = pins_link(path, sizeof(path), loader->folder, loader->results[i].entry->program);
	return r < 0 ? r : bpf_link__pin(loader->links[i], path);
}

static int attach_all(struct loader *loader, int cgroup_root, char *ret_reason)
{
	struct loader_result *result;
	int error;

	for (size_t i = 0; i < loader->count; i++) {
		result = &loader->results[i];
		result->spare = spares_has(loader->results, i);
		if (result->error || result->spare || result->trampoline)
			continue;
		error = entry_attach(loader, i, cgroup_root);
		if (!error)
			error = entry_pin(loader, i);
		if (!error)
			continue;
		result->error = error;
		loader->refused[i] = true;
		(void)snprintf(result->reason, sizeof(result->reason), "cannot be attached: %s",
			       strerror(-error));
		if (result->entry->required) {
			(void)snprintf(ret_reason, LOADER_REASON_SIZE,
				       "cannot attach the probe \"%s\": %s", result->entry->probe,
				       strerror(-error));
			return error;
		}
	}
	spares_mark(loader->results, loader->count);
	return 0;
}

/* The functions of the calls. -EAGAIN: what serves them has to be loaded anew, as one of them cannot be hooked. */
static int attach_trampolines(struct loader *loader, char *ret_reason)
{
	struct trampolines *trampolines = loader->strategy.trampolines;
	char reason[TRAMPOLINES_REASON_SIZE] = "";
	int r;

	r = loader_set_control(loader, trampolines ? trampolines_control(trampolines) : 0);
	if (r == 0 && trampolines)
		r = trampolines_attach(trampolines, loader->object, loader->folder, reason);
	if (r == 0)
		return 0;
	(void)snprintf(ret_reason, LOADER_REASON_SIZE, "%s", reason[0] ? reason : strerror(-r));
	if (r == -EAGAIN || !trampolines)
		return r;
	/* Demanded: they stay chosen, and the next session tries again. Never is there one without them. */
	if (loader->strategy.choice == STRATEGY_TRAMPOLINE)
		return r;
	trampolines_detach(trampolines, loader->object, loader->folder);
	(void)strategy_refuse(&loader->strategy, r, reason);
	return -EAGAIN;
}

/* What was demanded, and has been refused meanwhile, is not replaced. */
static int choose_again(const struct loader *loader, char *ret_reason)
{
	const struct strategy *strategy = &loader->strategy;
	int r = 0;

	if (strategy->trampolines)
		r = trampolines_again(strategy->trampolines);
	if (r < 0)
		(void)snprintf(ret_reason, LOADER_REASON_SIZE, "%s", strerror(-r));
	if (r < 0 || strategy->trampolines || strategy->choice != STRATEGY_TRAMPOLINE)
		return r;
	(void)snprintf(ret_reason, LOADER_REASON_SIZE, STRATEGY_NOT_HAD, strategy->reason);
	return -EOPNOTSUPP;
}

/* Loads once more, with the same maps, what serves the calls after what was found out. */
static int object_again(struct loader *loader, char *ret_reason)
{
	struct bpf_object *before = loader->object, *object = NULL;
	struct loading loading = { .config = &loader->config,
				   .results = loader->results,
				   .count = loader->count,
				   .elf = loader->elf,
				   .elf_size = loader->elf_size,
				   .strategy = &loader->strategy,
				   .before = before };
	int r;

	loader->outdated = true;
	r = choose_again(loader, ret_reason);
	if (r < 0)
		return r;
	loading_mark(&loading);
	strategy_explain(&loader->strategy, loading_slots(&loading));
	r = loading_run(&object, &loading, ret_reason);
	/* The maps are in use in any case: without a new object the one before keeps them. */
	loader->object = r < 0 ? before : object;
	bpf_object__close(r < 0 ? object : before);
	loader->outdated = r < 0;
	return r;
}

static int attach_once(struct loader *loader, int cgroup_root, char *ret_reason)
{
	int r = loader->folder ? pins_make(loader->folder) : 0;

	if (r < 0) {
		(void)snprintf(ret_reason, LOADER_REASON_SIZE, "cannot pin the maps in %s: %s",
			       loader->folder, strerror(-r));
		return r;
	}
	r = attach_all(loader, cgroup_root, ret_reason);
	if (r == 0)
		r = attach_trampolines(loader, ret_reason);
	if (r == 0 && loader->folder) {
		r = pins_keep(loader->object, loader->folder);
		if (r < 0)
			(void)snprintf(ret_reason, LOADER_REASON_SIZE,
				       "cannot pin the maps in %s: %s", loader->folder,
				       strerror(-r));
	}
	if (r < 0) {
		loader_detach(loader);
		return r;
	}
	loader->attached = true;
	return 0;
}

int loader_attach(struct loader *loader, int cgroup_root, char *ret_reason)
{
	int r = loader->outdated ? object_again(loader, ret_reason) : 0;

	/* Each time one slot more is left to the tracepoint. */
	for (size_t round = 0; r == 0 && round <= SLOTS; round++) {
		r = attach_once(loader, cgroup_root, ret_reason);
		if (r != -EAGAIN)
			return r;
		r = object_again(loader, ret_reason);
	}
	return r < 0 ? r : -ELOOP;
}

const struct strategy *loader_strategy(const struct loader *loader)
{
	return &loader->strategy;
}

bool loader_result_counts(const struct loader_result *result)
{
	return !result->spare && !(result->trampoline && result->entry->dispatches);
}

void loader_quiesce(struct loader *loader)
{
	loader_detach(loader);
	/* Not to be had on machines with nohz_full processors: the reader also knows how many are to come. */
	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
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
