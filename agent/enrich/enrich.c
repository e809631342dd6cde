/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/enrich.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "enrich/paths.h"

enum {
	IMAGES_BYTES = 1048576, /* of executables' paths */
	CGROUPS_LIMIT = 1024,
	CGROUPS_BYTES = 1048576,
};

/*
 * The tag of an executable that the kernel named; others are tagged with the process that was
 * looked at.
 */
#define TOLD_BY_KERNEL UINT64_MAX

struct enricher {
	struct enrich_sources sources;
	struct paths *images;  /* owned */
	struct paths *cgroups; /* owned */
	char buf[WIRE_PATH_SIZE];
};

static void enricher_freep(struct enricher **enricher)
{
	enricher_free(*enricher);
}

int enricher_new(struct enricher **ret, const struct enrich_sources *sources, size_t images_limit)
{
	_cleanup_(enricher_freep) struct enricher *enricher = calloc(1, sizeof(*enricher));
	int r;

	if (!enricher)
		return -ENOMEM;
	enricher->sources = *sources;
	r = paths_new(&enricher->images, images_limit, IMAGES_BYTES);
	if (r < 0)
		return r;
	r = paths_new(&enricher->cgroups, CGROUPS_LIMIT, CGROUPS_BYTES);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(enricher);
	return 0;
}

void enricher_free(struct enricher *enricher)
{
	if (!enricher)
		return;
	paths_free(enricher->images);
	paths_free(enricher->cgroups);
	free(enricher);
}

static struct path_id image_id(const struct wire_task *task)
{
	return (struct path_id){ .id = { task->image[0], task->image[1] } };
}

static struct path_id cgroup_id(uint64_t id)
{
	return (struct path_id){ .id = { id } };
}

void enrich_learn(struct enricher *enricher, const struct record *record)
{
	const struct wire_header *header = record->header;
	const struct record_part *path = &record->parts[WIRE_PART_PATH];
	bool executed = header->kind == WIRE_EXEC && record->exec->return_code == 0;

	if (record_bytes(record, WIRE_PART_PATH).size == 0)
		return;
	if ((executed || header->kind == WIRE_IMAGE) && header->task.image[0] != 0)
		paths_learn(enricher->images, image_id(&header->task), path, TOLD_BY_KERNEL);
	if (header->kind == WIRE_CGROUP)
		paths_learn(enricher->cgroups, cgroup_id(record->cgroup->to), path, 0);
}

/* Asks for the executable of a process. The answer is in its own tree; in which, nobody says. */
static struct record_part exe_ask(struct enricher *enricher, const struct wire_task *task)
{
	const struct enrich_sources *sources = &enricher->sources;
	struct record_part path = { .data = enricher->buf };
	int n;

	n = sources->exe_path(task->pid, enricher->buf, sizeof(enricher->buf), sources->userdata);
	if (n <= 0 || (size_t)n > sizeof(enricher->buf))
		return (struct record_part){ 0 };
	path.size = (size_t)n;
	paths_learn(enricher->images, image_id(task), &path, task->pid);
	return path;
}

struct record_part enrich_exe(struct enricher *enricher, const struct wire_task *task)
{
	uint64_t tag = 0;
	struct record_part path;

	if (task->image[0] == 0)
		return (struct record_part){ 0 };
	path = paths_find(enricher->images, image_id(task), &tag);
	/*
	 * What was read of one process is no word about another one: it may have run something else
	 * by then.
	 */
	if (path.data && (tag == TOLD_BY_KERNEL || tag == task->pid))
		return path;
	return enricher->sources.exe_path ? exe_ask(enricher, task) : (struct record_part){ 0 };
}

struct bytes enrich_cgroup(struct enricher *enricher, uint64_t id)
{
	const struct enrich_sources *sources = &enricher->sources;
	uint64_t tag;
	struct record_part path = paths_find(enricher->cgroups, cgroup_id(id), &tag);

	if (!path.data && sources->cgroup_path) {
		if (sources->cgroup_path(id, enricher->buf, sizeof(enricher->buf),
					 sources->userdata) < 0)
			return (struct bytes){ 0 };
		path.data = enricher->buf;
		path.size = strnlen(enricher->buf, sizeof(enricher->buf));
		paths_learn(enricher->cgroups, cgroup_id(id), &path, 0);
	}
	return (struct bytes){ .data = path.data, .size = path.size };
}
