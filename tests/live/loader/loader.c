/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and attaches the programs of refused.bpf.c, and tells what became of each:
 *
 *	loader OBJECT [REQUIRED-PROGRAM]
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kernel/loader.h"

static struct plan_entry plan[] = {
	{ .program = "good", .probe = "good", .how = PLAN_TRACE },
	{ .program = "unchecked", .probe = "unchecked", .how = PLAN_TRACE },
	{ .program = "beyond", .probe = "beyond", .how = PLAN_TRACE },
	{ .program = "absent", .probe = "absent", .how = PLAN_TRACE },
};

static const void *map_file(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(2, "%s", path);
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		err(2, "%s", path);
	*ret_size = (size_t)st.st_size;
	return data;
}

int main(int argc, char **argv)
{
	struct loader_config config = { .plan = plan,
					.plan_size = sizeof(plan) / sizeof(plan[0]),
					.ring_size = 65536 };
	const struct loader_result *results;
	char reason[LOADER_REASON_SIZE];
	struct loader *loader;
	size_t count;
	int r;

	if (argc < 2)
		errx(2, "usage: loader OBJECT [REQUIRED-PROGRAM]");
	config.elf = map_file(argv[1], &config.elf_size);
	for (size_t i = 0; argc > 2 && i < config.plan_size; i++)
		plan[i].required = strcmp(plan[i].program, argv[2]) == 0;
	r = loader_new(&loader, &config, reason);
	if (r < 0) {
		printf("failed %d %s\n", r, reason);
		return 1;
	}
	r = loader_attach(loader, -1, reason);
	if (r < 0) {
		printf("failed %d %s\n", r, reason);
		loader_free(loader);
		return 1;
	}
	results = loader_results(loader, &count);
	for (size_t i = 0; i < count; i++)
		printf("%s %d %s\n", results[i].entry->probe, results[i].error, results[i].reason);
	loader_free(loader);
	return 0;
}
