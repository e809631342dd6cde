/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/pins.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bpf/state.h"

enum { FOLDER_MODE = 0700 };

/* FNV-1a: tells builds apart, and guards against nothing else. */
static uint64_t hash(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
	return sum;
}

int pins_folder(char **ret, const char *base, const void *elf, size_t size)
{
	char *folder;

	if (asprintf(&folder, "%s/%016llx", base, (unsigned long long)hash(elf, size)) < 0)
		return -ENOMEM;
	*ret = folder;
	return 0;
}

/* "FOLDER/KIND_NAME"; the BPF file system takes no dots in names. */
static int pin_path(char *buf, size_t size, const char *folder, const char *kind, const char *name)
{
	int length = snprintf(buf, size, "%s/%s_%s", folder, kind, name);

	if (length < 0 || (size_t)length >= size)
		return -ENAMETOOLONG;
	for (char *at = strrchr(buf, '/'); at && *at; at++)
		if (*at == '.')
			*at = '_';
	return 0;
}

int pins_link(char *buf, size_t size, const char *folder, const char *program)
{
	return pin_path(buf, size, folder, "link", program);
}

bool pins_complete(const struct bpf_object *object, const char *folder)
{
	struct bpf_map *map;
	char path[PATH_MAX];

	bpf_object__for_each_map(map, object)
	{
		if (pin_path(path, sizeof(path), folder, "map", bpf_map__name(map)) < 0 ||
		    access(path, F_OK) < 0)
			return false;
	}
	return true;
}

int pins_control(const char *folder, uint32_t *ret_trampolines)
{
	const uint32_t only = 0;
	struct control control;
	char path[PATH_MAX];
	int r = pin_path(path, sizeof(path), folder, "map", CONTROL_MAP);
	_cleanup_close_ int fd = r < 0 ? r : bpf_obj_get(path);

	if (r < 0)
		return r;
	if (fd < 0 || bpf_map_lookup_elem(fd, &only, &control) < 0)
		return -errno;
	*ret_trampolines = control.trampolines;
	return 0;
}

int pins_reuse(struct bpf_object *object, const char *folder)
{
	struct bpf_map *map;
	char path[PATH_MAX];
	int r;

	bpf_object__for_each_map(map, object)
	{
		_cleanup_close_ int fd = -1;

		r = pin_path(path, sizeof(path), folder, "map", bpf_map__name(map));
		if (r < 0)
			return r;
		fd = bpf_obj_get(path);
		if (fd < 0)
			return -errno;
		r = bpf_map__reuse_fd(map, fd);
		if (r < 0)
			return r;
	}
	return 0;
}

static int keep_maps(const struct bpf_object *object, const char *folder)
{
	struct bpf_map *map;
	char path[PATH_MAX];
	int r;

	bpf_object__for_each_map(map, object)
	{
		r = pin_path(path, sizeof(path), folder, "map", bpf_map__name(map));
		if (r < 0)
			return r;
		if (bpf_obj_pin(bpf_map__fd(map), path) < 0)
			return -errno;
	}
	return 0;
}

int pins_make(const char *folder)
{
	return mkdir(folder, FOLDER_MODE) < 0 && errno != EEXIST ? -errno : 0;
}

int pins_keep(const struct bpf_object *object, const char *folder)
{
	int r;

	r = keep_maps(object, folder);
	if (r < 0)
		pins_drop(folder);
	return r;
}

/* Removes the pins whose names begin so. */
static void drop_pins(const char *folder, const char *kind)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, kind, strlen(kind)) == 0)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

void pins_forget(const char *folder)
{
	drop_pins(folder, "map_");
}

void pins_drop(const char *folder)
{
	drop_pins(folder, "");
	(void)rmdir(folder);
}

bool pins_drop_others(const char *base, const char *own)
{
	const char *name = own ? strrchr(own, '/') + 1 : "";
	DIR *dir = opendir(base);
	char path[PATH_MAX];
	struct dirent *entry;
	bool found = false;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, name) == 0)
			continue;
		found = true;
		if (snprintf(path, sizeof(path), "%s/%s", base, entry->d_name) < (int)sizeof(path))
			pins_drop(path);
	}
	closedir(dir);
	return found;
}
