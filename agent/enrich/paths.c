/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/paths.h"

#include <errno.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct path_entry {
	struct path_id id;
	uint64_t tag;
	struct path_entry *newer; /* borrowed: the neighbours in order of use */
	struct path_entry *older;
	UT_hash_handle hh;
	uint32_t mount_ns;
	uint16_t flags;
	size_t size;
	char path[];
};

struct paths {
	size_t entries_limit;
	size_t bytes_limit;
	size_t bytes;
	struct path_entry *table;  /* owned */
	struct path_entry *newest; /* borrowed */
	struct path_entry *oldest;
};

int paths_new(struct paths **ret, size_t entries, size_t bytes)
{
	struct paths *paths = calloc(1, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	paths->entries_limit = entries;
	paths->bytes_limit = bytes;
	*ret = paths;
	return 0;
}

static void paths_unlink(struct paths *paths, struct path_entry *entry)
{
	*(entry->newer ? &entry->newer->older : &paths->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &paths->oldest) = entry->newer;
}

static void paths_link(struct paths *paths, struct path_entry *entry)
{
	entry->newer = NULL;
	entry->older = paths->newest;
	*(paths->newest ? &paths->newest->newer : &paths->oldest) = entry;
	paths->newest = entry;
}

static void paths_forget(struct paths *paths, struct path_entry *entry)
{
	HASH_DELETE(hh, paths->table, entry);
	paths_unlink(paths, entry);
	paths->bytes -= entry->size;
	free(entry);
}

void paths_free(struct paths *paths)
{
	if (!paths)
		return;
	while (paths->newest)
		paths_forget(paths, paths->newest);
	free(paths);
}

static struct path_entry *paths_lookup(struct paths *paths, const struct path_id *id)
{
	struct path_entry *entry = paths->newest;

	if (entry && entry->id.id[0] == id->id[0] && entry->id.id[1] == id->id[1])
		return entry;
	HASH_FIND(hh, paths->table, id, sizeof(*id), entry);
	if (entry) {
		paths_unlink(paths, entry);
		paths_link(paths, entry);
	}
	return entry;
}

/* An entry in the table, or NULL. */
static struct path_entry *paths_add(struct paths *paths, struct path_id id,
				    const struct record_part *path)
{
	struct path_entry *entry = malloc(sizeof(*entry) + path->size);

	if (!entry)
		return NULL;
	entry->id = id;
	entry->size = path->size;
	memcpy(entry->path, path->data, path->size);
	HASH_ADD(hh, paths->table, id, sizeof(entry->id), entry);
	if (!entry->hh.tbl) {
		free(entry);
		return NULL;
	}
	paths_link(paths, entry);
	paths->bytes += entry->size;
	return entry;
}

static bool path_is(const struct path_entry *entry, const struct record_part *path)
{
	return entry->size == path->size && memcmp(entry->path, path->data, path->size) == 0;
}

void paths_learn(struct paths *paths, struct path_id id, const struct record_part *path,
		 uint64_t tag)
{
	struct path_entry *entry = paths_lookup(paths, &id);

	if (entry && !path_is(entry, path)) {
		paths_forget(paths, entry);
		entry = NULL;
	}
	if (!entry)
		entry = paths_add(paths, id, path);
	if (entry) {
		entry->tag = tag;
		entry->mount_ns = path->mount_ns;
		entry->flags = path->flags;
	}
	while (paths->oldest && (HASH_COUNT(paths->table) > paths->entries_limit ||
				 paths->bytes > paths->bytes_limit))
		paths_forget(paths, paths->oldest);
}

struct record_part paths_find(struct paths *paths, struct path_id id, uint64_t *ret_tag)
{
	struct path_entry *entry = paths_lookup(paths, &id);

	if (!entry)
		return (struct record_part){ 0 };
	*ret_tag = entry->tag;
	return (struct record_part){
		.data = entry->path,
		.size = entry->size,
		.flags = entry->flags,
		.mount_ns = entry->mount_ns,
	};
}
