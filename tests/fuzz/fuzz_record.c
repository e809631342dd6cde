/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder: whatever it takes lies within the bytes, and within the limits.
 */
#include <string.h>

#include "fuzz.h"
#include "probes/registry.h"
#include "record/record.h"

static void check_within(const char *part, size_t part_size, const char *data, size_t size)
{
	FUZZ_CHECK(part >= data && part <= data + size);
	FUZZ_CHECK(part_size <= (size_t)(data + size - part));
}

static void check_record(const struct record *record, const char *data, size_t size)
{
	for (size_t i = 0; i < WIRE_PARTS; i++) {
		const struct record_part *part = &record->parts[i];

		if (!part->data)
			continue;
		check_within(part->data, part->size, data, size);
		FUZZ_CHECK(part->size <= WIRE_PATH_SIZE);
	}
	if (record->continued.data)
		check_within(record->continued.data, record->continued.size, data, size);
	FUZZ_CHECK((record->header->kind == WIRE_MORE) == (record->continued.data != NULL));
	FUZZ_CHECK(memchr(record->header->task.comm, '\0', WIRE_COMM_SIZE));
	FUZZ_CHECK(record->header->size == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_layout layout;
	struct record record;
	char *copy = malloc(size > 0 ? size : 1); /* aligned */

	if (!copy)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	registry_layout(&layout);
	if (record_decode(&layout, copy, size, &record) == 0)
		check_record(&record, copy, size);
	free(copy);
	return 0;
}
