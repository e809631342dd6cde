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
#include "kernel/object.h"
#include "kernel/pins.h"
#include "kernel/spares.h"
#include "kernel/trampolines.h"
#include "kernel/verifier.h"

struct loader {
	struct bpf_object *object; /* owned */
	/* owned, one for each entry of the plan, NULL where there is none */
	struct bpf_link **links;
	struct loader_result *results; /* owned */
	size_t count;
	struct loader_config config; /* what it points to is borrowed */
	struct strategy strategy;
	const struct bpf_object *before; /* borrowed: whose maps are to be taken over; NULL: none */
	bool *refused;			 /* owned: of the results, could it not even be attached? */
	const char *pin;		 /* borrowed; NULL: none */
	char *folder;			 /* owned: in it, of this build; NULL: none */
	bool resumed;			 /* the folder holds what another process had attached */
	bool attached;
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

static int map_resize(struct loader *loader, const char *name, size_t size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, name);

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

/* The maps are those in the folder, or of the object before, or they get their sizes. */
static int prepare_maps(struct loader *loader, const struct loader_config *config)
{
	int r;

	if (loader->before)
		return maps_keep(loader->object, loader->before);
	if (loader->resumed)
		return pins_reuse(loader->object, loader->folder);
	r = map_resize(loader, "ring", config->ring_size);
	if (r == 0)
		r = map_resize(loader, "sessions", config->sessions);
	return r < 0 ? r : map_resize(loader, "cgroup_sessions", config->sessions);
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
	}
	return true;
}

/* The slot of the dispatcher's that it serves, as a bit; 0: none. */
static uint32_t slot_of(const struct plan_entry *entry)
{
	return entry->how == PLAN_SYSCALL && !entry->map ? UINT32_C(1) << entry->slot : 0;
}

static void links_close(struct loader *loader)
{
	for (size_t i = loader->count; i-- > 0;) {
		bpf_link__destroy(loader->links[i]);
		loader->links[i] = NULL;
	}
}

/* The slots of the plan: bits of enum syscall_slot. */
static uint32_t slots_planned(const struct loader *loader)
{
	uint32_t slots = 0;

	for (size_t i = 0; i < loader->count; i++)
		slots |= slot_of(loader->results[i].entry);
	return slots;
}

/* Marks what the functions of the calls are hooked for, and the dispatcher, if that is all. */
static void strategy_mark(struct loader *loader)
{
	uint32_t slots = strategy_slots(&loader->strategy);
	uint32_t left = slots_planned(loader) & ~slots & ~loader->config.slots_off;

	for (size_t i = 0; i < loader->count; i++) {
		const struct plan_entry *entry = loader->results[i].entry;
		uint32_t slot = slot_of(entry);

		if (entry->dispatches)
			loader->results[i].trampoline = slots && !left;
		else
			loader->results[i].trampoline = slots && slot && !(slot & left);
	}
}

/* What is pinned shows which strategy it is. */
static bool strategy_found(struct loader *loader)
{
	uint32_t trampolines;

	if (pins_control(loader->folder, &trampolines) < 0 ||
	    strategy_resume(&loader->strategy, loader->config.strategy, trampolines) < 0)
		return false;
	strategy_mark(loader);
	return !loader->strategy.trampolines ||
	       trampolines_resume(loader->strategy.trampolines, loader->folder);
}

/* The one that was demanded cannot be. */
static void strategy_say(const struct loader *loader, char *ret_reason)
{
	(void)snprintf(ret_reason, LOADER_REASON_SIZE, "the trampoline strategy cannot be had: %s",
		       loader->strategy.reason);
}

static int strategy_begin(struct loader *loader, char *ret_reason)
{
	int r = strategy_choose(&loader->strategy, loader->config.strategy,
				slots_planned(loader) & ~loader->config.slots_off);

	if (r < 0)
		strategy_say(loader, ret_reason);
	strategy_mark(loader);
	return r;
}

/* Looks for what another process of this build has pinned. Half of it is as good as nothing. */
static int find_pins(struct loader *loader, const struct loader_config *config)
{
	size_t size = config->elf_size;
	const void *elf = config->elf ? config->elf : object_builtin(&size);
	/* The names of some maps begin with that of the object. */
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "seshat");
	int r;

	if (!config->pin)
		return 0;
	loader->pin = config->pin;
	r = pins_folder(&loader->folder, config->pin, elf, size);
	if (r < 0)
		return r;
	loader->object = bpf_object__open_mem(elf, size, &options);
	if (!loader->object)
		return -errno;
	loader->resumed = pins_complete(loader->object, loader->folder) && strategy_found(loader) &&
			  links_resume(loader);
	loader->attached = loader->resumed;
	if (loader->resumed)
		return 0;
	links_close(loader);
	trampolines_free(loader->strategy.trampolines);
	loader->strategy = (struct strategy){ 0 };
	pins_drop(loader->folder);
	return 0;
}

/* Opens the object afresh, with the programs that were refused left out. */
static int object_open(struct loader *loader, const struct loader_config *config)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "seshat");
	struct bpf_program *program;
	size_t size = config->elf_size;
	const void *elf = config->elf ? config->elf : object_builtin(&size);
	int r;

	bpf_object__close(loader->object);
	loader->object = bpf_object__open_mem(elf, size, &options);
	if (!loader->object)
		return -errno;
	for (size_t i = 0; i < loader->count; i++) {
		program = program_of(loader, i);
		if (!program && !loader->results[i].error) {
			loader->results[i].error = -ENOENT;
			(void)snprintf(loader->results[i].reason, LOADER_REASON_SIZE,
				       "not in this build");
		}
		if (program && (loader->results[i].error || loader->results[i].trampoline))
			bpf_program__set_autoload(program, false);
		if (program && loader->results[i].entry->attach_type)
			bpf_program__set_expected_attach_type(
				program,
				(enum bpf_attach_type)loader->results[i].entry->attach_type);
	}
	r = trampolines_prepare(loader->strategy.trampolines, loader->object);
	return r < 0 ? r : prepare_maps(loader, config);
}

/* Loads once more with a log for each program; the one that was refused is the one with an error in its log. */
static int refused_find(struct loader *loader, const struct loader_config *config, int error,
			size_t *ret_index)
{
	/* One more for the programs of the trampolines: they are loaded one by one, and the first error ends it. */
	_cleanup_free_ char *logs = calloc(loader->count + 1, VERIFIER_LOG_SIZE);
	char *log = logs + loader->count * VERIFIER_LOG_SIZE;
	char reason[LOADER_REASON_SIZE];
	int r;

	if (!logs)
		return -ENOMEM;
	r = object_open(loader, config);
	if (r < 0)
		return r;
	for (size_t i = 0; i < loader->count; i++)
		if (program_of(loader, i))
			bpf_program__set_log_buf(program_of(loader, i),
						 logs + i * VERIFIER_LOG_SIZE, VERIFIER_LOG_SIZE);
	trampolines_log(loader->object, log, VERIFIER_LOG_SIZE);
	/* Its error may be that the log was too small (before 6.4): the first one counts. */
	if (bpf_object__load(loader->object) == 0)
		return -EAGAIN;
	for (size_t i = 0; i < loader->count; i++) {
		if (!logs[i * VERIFIER_LOG_SIZE])
			continue;
		loader->results[i].error = error;
		verifier_reason(logs + i * VERIFIER_LOG_SIZE, error, loader->results[i].reason,
				LOADER_REASON_SIZE);
		*ret_index = i;
		return 0;
	}
	if (!*log)
		return error;
	*ret_index = loader->count;
	verifier_reason(log, error, reason, sizeof(reason));
	r = strategy_refuse(&loader->strategy, error, reason);
	strategy_mark(loader);
	return r;
}

/* Is it a program that the kernel does not want, or has this process nothing left to load one with? */
static bool is_refusal(int error)
{
	return error != -EMFILE && error != -ENFILE && error != -ENOMEM;
}

static int object_load(struct loader *loader, const struct loader_config *config, char *ret_reason)
{
	size_t refused = 0;
	int r;

	/* Each round without success takes one program out. */
	for (size_t round = 0; round <= loader->count; round++) {
		r = object_open(loader, config);
		if (r == 0)
			r = bpf_object__load(loader->object);
		if (r == 0)
			return 0;
		(void)snprintf(ret_reason, LOADER_REASON_SIZE, "cannot load the BPF programs: %s",
			       strerror(-r));
		if (!is_refusal(r))
			return r;
		r = refused_find(loader, config, r, &refused);
		if (r == -EAGAIN)
			return 0;
		if (r < 0 && refused == loader->count)
			strategy_say(loader, ret_reason);
		if (r < 0)
			return r;
		if (refused < loader->count && loader->results[refused].entry->required) {
			(void)snprintf(ret_reason, LOADER_REASON_SIZE,
				       "cannot load the probe \"%s\": %.400s",
				       loader->results[refused].entry->probe,
				       loader->results[refused].reason);
			return loader->results[refused].error;
		}
	}
	return -ELOOP;
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
	if (!loader->results || !loader->links || !loader->refused)
		goto fail;
	loader->count = config->plan_size;
	loader->config = *config;
	for (size_t i = 0; i < loader->count; i++)
		loader->results[i].entry = &config->plan[i];
	libbpf_set_print(quiet);
	r = find_pins(loader, config);
	if (r < 0)
		(void)snprintf(ret_reason, LOADER_REASON_SIZE, "cannot load the BPF programs: %s",
			       strerror(-r));
	if (r == 0 && !loader->resumed)
		r = strategy_begin(loader, ret_reason);
	if (r == 0)
		r = object_load(loader, config, ret_reason);
	if (r < 0)
		goto fail;
	if (loader->resumed && loader->strategy.trampolines)
		trampolines_resumed(loader->strategy.trampolines, loader->object);
	if (!loader->resumed)
		spares_try(loader->object, loader->results, loader->count);
	for (size_t i = 0; loader->resumed && i < loader->count; i++) {
		struct loader_result *result = &loader->results[i];

		if (loader->links[i] || result->error || result->trampoline ||
		    result->entry->how == PLAN_SYSCALL)
			continue;
		result->error = -ENOENT;
		loader->refused[i] = true;
		(void)snprintf(result->reason, LOADER_REASON_SIZE, "could not be attached before");
	}
	spares_mark(loader->results, loader->count);
	*ret = loader;
	return 0;
fail:
	loader_free(loader);
	return r;
}

void loader_detach(struct loader *loader)
{
	if (loader->folder)
		pins_forget(loader->folder);
	if (loader->strategy.trampolines)
		trampolines_detach(loader->strategy.trampolines, loader->object, loader->folder);
	/* Last in, first out: lineage holds until nothing reports any more. */
	for (size_t i = loader->count; i-- > 0;) {
		if (loader->folder && loader->links[i])
			(void)bpf_link__unpin(
				loader->links[i]); /* one that is not pinned says so */
		bpf_link__destroy(loader->links[i]);
		loader->links[i] = NULL;
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
	struct control *control = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
				       loader_map(loader, CONTROL_MAP), 0);

	if (control == MAP_FAILED)
		return loader_map(loader, CONTROL_MAP) == -ENOENT ? 0 : -errno;
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
	trampolines_detach(trampolines, loader->object, loader->folder);
	r = strategy_refuse(&loader->strategy, r, reason);
	return r < 0 ? r : -EAGAIN;
}

/* Loads once more, with the same maps, what serves the calls after what was found out. */
static int object_again(struct loader *loader, char *ret_reason)
{
	struct bpf_object *before = TAKE_PTR(loader->object);
	int r = 0;

	if (loader->strategy.trampolines)
		r = trampolines_again(loader->strategy.trampolines);
	strategy_mark(loader);
	strategy_explain(&loader->strategy, slots_planned(loader) & ~loader->config.slots_off);
	loader->before = before;
	if (r == 0)
		r = object_load(loader, &loader->config, ret_reason);
	loader->before = NULL;
	bpf_object__close(before);
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
	int r;

	/* Each time one slot more is left to the tracepoint. */
	for (size_t round = 0; round <= SLOTS; round++) {
		r = attach_once(loader, cgroup_root, ret_reason);
		if (r != -EAGAIN)
			return r;
		r = object_again(loader, ret_reason);
		if (r < 0)
			return r;
	}
	return -ELOOP;
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
