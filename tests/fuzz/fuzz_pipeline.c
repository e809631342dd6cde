/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From ring bytes to lines: whatever is fed, every line is one strict JSON object and valid UTF-8,
 * indexes have no gap, and the session ends with a sum.
 */
#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "pipeline/pipeline.h"
#include "bpf/wire.h"

enum {
	SESSION = 7,		  /* that of the records in the corpus */
	REASSEMBLY_LIMIT = 65536, /* so small that it is reached */
};

struct check_sink {
	struct sink sink;
	int64_t lines;
};

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	FUZZ_CHECK(json_object_object_get_ex(object, key, &value));
	return value;
}

static int check_line(struct sink *sink, const char *line, size_t size)
{
	struct check_sink *own = (struct check_sink *)(void *)sink;
	struct json_tokener *tokener = json_tokener_new_ex(8);
	struct json_object *object;

	FUZZ_CHECK(tokener);
	FUZZ_CHECK(line[size - 1] == '\n' && !memchr(line, '\n', size - 1));
	FUZZ_CHECK(utf8_valid(line, size));
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, line, (int)size - 1);
	FUZZ_CHECK(json_tokener_get_error(tokener) == json_tokener_success);
	FUZZ_CHECK(json_object_is_type(object, json_type_object));
	FUZZ_CHECK(json_object_get_int64(member(object, "ei")) == own->lines);
	own->lines++;
	json_object_put(object);
	json_tokener_free(tokener);
	return 0;
}

static int check_flush(struct sink *sink)
{
	(void)sink;
	return 0;
}

static int check_close(struct sink *sink, uint64_t *ret_unwritten)
{
	*ret_unwritten = 0;
	free(sink);
	return 0;
}

static const struct sink_type check_type = {
	.name = "check",
	.write = check_line,
	.flush = check_flush,
	.close = check_close,
};

static int64_t no_offset(void *userdata)
{
	(void)userdata;
	return 0;
}

static uint64_t no_time(void *userdata)
{
	(void)userdata;
	return 0;
}

static int no_exe(uint32_t pid, char *buf, size_t size, void *userdata)
{
	(void)pid;
	(void)buf;
	(void)size;
	(void)userdata;
	return -ENOENT;
}

static struct pipeline *create(void)
{
	const struct pipeline_config config = {
		.host = { .name = "fuzz", .id = "0" },
		.clock_offset = no_offset,
		.now = no_time,
		.exe_path = no_exe,
		.images_limit = 4,
		.reassembly_limit = REASSEMBLY_LIMIT,
	};
	const struct session_start start = {
		.key = SESSION,
		.sid = "00000000-0000-4000-8000-000000000001",
		.login = "a",
		.user = "a",
		.service = "seshat-run",
		.version = "0",
		.cgroup_path = "/",
		.strategy = "tracepoint",
		.kernel = "0",
	};
	struct check_sink *sink = calloc(1, sizeof(*sink));
	struct pipeline *pipeline;

	FUZZ_CHECK(sink);
	sink->sink.type = &check_type;
	FUZZ_CHECK(pipeline_new(&pipeline, &config) == 0);
	FUZZ_CHECK(pipeline_add_sink(pipeline, &sink->sink) == 0); /* the first place */
	FUZZ_CHECK(pipeline_session_start(pipeline, &start) == 0);
	return pipeline;
}

/* Feeds a copy of the bytes: aligned, and exactly as large. */
static void feed(struct pipeline *pipeline, const uint8_t *data, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);

	FUZZ_CHECK(copy);
	memcpy(copy, data, size);
	FUZZ_CHECK(pipeline_feed(pipeline, copy, size) == 0);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pipeline *pipeline = create();
	struct kernel_losses losses = { .by_kind = { [WIRE_OPEN] = 1 }, .numbered = 3 };
	struct session_end end = { .losses = { .numbered = 5 } };

	while (size >= sizeof(uint32_t)) {
		uint32_t record;

		memcpy(&record, data, sizeof(record)); /* header.size, if it is one */
		if (record < sizeof(struct wire_header) || record > size)
			record = (uint32_t)size;
		feed(pipeline, data, record);
		data += record;
		size -= record;
	}
	(void)pipeline_losses(pipeline, SESSION, &losses);
	FUZZ_CHECK(pipeline_flush(pipeline) == 0);
	FUZZ_CHECK(pipeline_session_end(pipeline, SESSION, &end) == 0);
	FUZZ_CHECK(pipeline_close(pipeline) == 0);
	pipeline_free(pipeline);
	return 0;
}
