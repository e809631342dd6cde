/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/spares.h"

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
		for (size_t other = 0; other < count && results[i].error; other++)
			if (is_in_place(&results[other], results[i].entry->probe))
				results[i].spare = true;
}
