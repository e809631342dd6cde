/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/spares.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_in_place(const struct loader_result *result, const char *probe)
{
	return !result->error && !result->spare && strcmp(result->entry->probe, probe) == 0;
}

bool spares_has(const struct loader_result *results, size_t i)
{
	for (size_t other = 0; other < i; other++)
		if (is_in_place(&results[other], results[i].entry->probe))
			return true;
	return false;
}

void spares_mark(struct loader_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++)
		results[i].spare = spares_has(results, i);
	/* One that was refused has no need to be told where a later one is in its place. */
	for (size_t i = 0; i < count; i++)
		for (size_t other = i + 1; other < count && results[i].error; other++)
			if (is_in_place(&results[other], results[i].entry->probe))
				results[i].spare = true;
}

static bool is_one_of_several(const struct loader_result *results, size_t count, size_t i)
{
	for (size_t other = 0; other < count; other++)
		if (other != i && strcmp(results[other].entry->probe, results[i].entry->probe) == 0)
			return true;
	return false;
}

void spares_try(struct bpf_object *object, struct loader_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct bpf_program *program;
		struct bpf_link *link;

		if (results[i].error || !is_one_of_several(results, count, i))
			continue;
		results[i].spare = spares_has(results, i);
		program = bpf_object__find_program_by_name(object, results[i].entry->program);
		if (results[i].spare || !program)
			continue;
		link = bpf_program__attach(program);
		if (!link) {
			results[i].error = -errno;
			(void)snprintf(results[i].reason, sizeof(results[i].reason),
				       "cannot be attached: %s", strerror(errno));
		}
		bpf_link__destroy(link);
	}
	spares_mark(results, count);
}
