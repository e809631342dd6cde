/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that is read back: whatever is in its lines, what is found without parsing is what the whole parser finds, and
 * everything that shows records takes them or refuses them.
 */
#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "cli/log_filter.h"
#include "cli/log_record.h"
#include "cli/pretty.h"
#include "cli/sessions_list.h"
#include "cli/timeline.h"
#include "fuzz.h"

static void check_head(const char *line, size_t size)
{
	struct json_object *record = NULL;
	struct log_head head, whole;

	if (!log_head_read(line, size, &head) || log_record_parse(line, size, &record) < 0)
		return;
	whole = log_record_head(record);
	/* A member that comes twice counts as it is the second time. */
	FUZZ_CHECK(whole.event.data && whole.sid.data && whole.time.data);
	FUZZ_CHECK(head.event.size > 0 || head.sid.size < size);
	json_object_put(record);
}

static void check_line(struct sessions_list *list, struct timeline *timeline, const char *line,
		       size_t size)
{
	struct log_filter filter = { .sid = "a", .path = "/etc/*[!a-z]", .events = "disk,exit" };
	struct log_filter any = { .login = "root" };
	int r = log_filter_match(&filter, line, size);

	FUZZ_CHECK(r == 0 || r == 1 || r == -EBADMSG);
	r = log_filter_match(&any, line, size);
	FUZZ_CHECK(r == 0 || r == 1 || r == -EBADMSG);
	check_head(line, size);
	FUZZ_CHECK(sessions_list_add_line(list, line, size) == 0);
	FUZZ_CHECK(timeline_add(timeline, line, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct output output;
	struct timeline timeline = { .output = &output };
	struct sessions_list *list = NULL;
	const char *at = (const char *)data;

	output_init(&output);
	output.text.color = false;
	FUZZ_CHECK(sessions_list_new(&list) == 0);
	while (size > 0) {
		const char *end = memchr(at, '\n', size);
		size_t length = end ? (size_t)(end - at) + 1 : size;

		check_line(list, &timeline, at, length);
		at += length;
		size -= length;
	}
	FUZZ_CHECK(sessions_list_finish(list, "2026-11-21T15:30:00.000000000Z") == 0);
	timeline_finish(&timeline);
	FUZZ_CHECK(output.text.error == 0);
	for (size_t i = 0; i < output.buffer.size; i++)
		FUZZ_CHECK((unsigned char)output.buffer.data[i] >= ' ' ||
			   output.buffer.data[i] == '\n');
	timeline_free(&timeline);
	sessions_list_free(list);
	buffer_free(&output.buffer);
	return 0;
}
