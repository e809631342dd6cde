/* SPDX-License-Identifier: Apache-2.0 */
/* Attaching what was loaded, and detaching it. */
#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/state.h"
#include "kernel/hooks.h"
#include "kernel/loader_state.h"
#include "kernel/loading.h"
#include "kernel/pins.h"
#include "kernel/spares.h"
#include "kernel/trampolines.h"

struct bpf_program *loader_program(const struct loader *loader, size_t i)
{
	return bpf_object__find_program_by_name(loader->object, loader->results[i].entry->program);
}

void loader_link_close(struct loader *loader, size_t i)
{
	bpf_link__destroy(loader->links[i]);
	loader->links[i] = NULL;
	if (loader->running[i] >= 0)
		(void)close(loader->running[i]);
	loader->running[i] = -1;
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
		loader_link_close(loader, i);
		if (loader->refused[i])
			loader->results[i].error = 0;
		loader->refused[i] = false;
	}
	if (loader->folder)
		pins_drop(loader->folder);
	loader->attached = false;
}

void loader_quiesce(struct loader *loader)
{
	loader_detach(loader);
	/* Not to be had on machines with nohz_full processors: the reader also knows how many are to come. */
	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static int entry_attach(struct loader *loader, size_t i, int cgroup_root)
{
	const struct plan_entry *entry = loader->results[i].entry;
	struct bpf_program *program = loader_program(loader, i);
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
