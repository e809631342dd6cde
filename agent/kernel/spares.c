/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/spares.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/trial.h"

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
		results[i].spare = results[i].absent || spares_has(results, i);
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

/* Does the program's hook exist? Only raw tracepoints can be tried; of others that is found out when they are attached. */
static int spare_try(const struct bpf_program *program, size_t arguments)
{
	static const char RAW[] = "raw_tp/";
	const char *section = bpf_program__section_name(program);

	if (strncmp(section, RAW, sizeof(RAW) - 1) != 0)
		return 0;
	return trial_tracepoint(section + sizeof(RAW) - 1, arguments);
}

/* No error: there is such a hook, or that is not known yet. */
static int hook_try(const struct bpf_object *object, const struct loader_result *results,
		    size_t count, size_t i)
{
	const struct plan_entry *entry = results[i].entry;
	const struct bpf_program *program;

	if (entry->attach_type)
		return trial_attach_type(entry->attach_type);
	program = bpf_object__find_program_by_name(object, entry->program);
	if (!program || !is_one_of_several(results, count, i))
		return 0;
	return spare_try(program, entry->arguments);
}

void spares_try(const struct bpf_object *object, struct loader_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r;

		if (results[i].absent || (results[i].error && !results[i].entry->attach_type) ||
		    spares_has(results, i))
			continue;
		r = hook_try(object, results, count, i);
		if (!r)
			continue;
		results[i].absent = results[i].entry->attach_type != 0;
		results[i].error = r;
		(void)snprintf(results[i].reason, sizeof(results[i].reason),
			       "cannot be attached: %s", strerror(-r));
	}
	spares_mark(results, count);
}
