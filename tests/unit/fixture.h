/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipeline with one open session, whose lines go to memory: what a test feeds, it can look at.
 */
#ifndef SESHAT_TESTS_FIXTURE_H
#define SESHAT_TESTS_FIXTURE_H

#include "check.h"

#include "base/buffer.h"
#include "pipeline/pipeline.h"
#include "wire_builder.h"

#define FIXTURE_SID    "8c2f4b1e-7a53-4d0e-9b61-2f7f0c5f1a9d"
/* The keys that all records, and those of probes, begin with. */
#define FIXTURE_COMMON "event time sid ei login user server_hostname server_id schema_version"
#define FIXTURE_TASK   FIXTURE_COMMON " pid ppid tid uid euid gid auid program exe cgroup_id"

enum {
	FIXTURE_START = 1000000000, /* CLOCK_BOOTTIME of the session's start */
	FIXTURE_LINES = 64,
};

#define FIXTURE_OFFSET INT64_C(1795275000000000000) /* 2026-11-21T15:30:00Z was boottime 0 */

struct fixture_sink {
	struct sink sink;
	int error;    /* what write and flush return */
	size_t room;  /* lines that are taken before error */
	size_t count; /* lines taken */
	size_t flushes;
	uint64_t backlog;		    /* lines that its status says are waiting */
	struct buffer lines[FIXTURE_LINES]; /* the first of them */
};

static struct fixture {
	struct pipeline *pipeline;
	struct fixture_sink *sink;
	struct wire_builder builder;
	struct json_object *record; /* looked at last */
	int64_t offset;
	const char *sid, *login, *user; /* that fixture_check_line() expects */
} fixture;

/* Every line that a test makes goes to the file that SESHAT_LINES names, to be held against the schemas. */
static inline void fixture_hand_on(const char *line, size_t size)
{
	const char *path = getenv("SESHAT_LINES");
	FILE *file = path ? fopen(path, "ae") : NULL;

	if (!path)
		return;
	assert_non_null(file);
	assert_int_equal(fwrite(line, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline int fixture_sink_write(struct sink *sink, const char *line, size_t size)
{
	struct fixture_sink *own = (struct fixture_sink *)(void *)sink;

	assert_int_equal(line[size - 1], '\n');
	assert_null(memchr(line, '\n', size - 1));
	if (own->error < 0 && own->room == 0)
		return own->error;
	if (own->error < 0)
		own->room--;
	fixture_hand_on(line, size);
	if (own->count < FIXTURE_LINES) {
		own->lines[own->count] = BUFFER_INIT(64 << 20);
		assert_int_equal(buffer_append(&own->lines[own->count], line, size), 0);
		/* Behind its end there is a NUL. */
		assert_int_equal(buffer_append(&own->lines[own->count], "", 1), 0);
		own->lines[own->count].size--;
	}
	own->count++;
	return 0;
}

static inline int fixture_sink_flush(struct sink *sink)
{
	struct fixture_sink *own = (struct fixture_sink *)(void *)sink;

	own->flushes++;
	return own->room == 0 ? own->error : 0;
}

static inline int fixture_sink_close(struct sink *sink, uint64_t *ret_unwritten)
{
	struct fixture_sink *own = (struct fixture_sink *)(void *)sink;
	int r = own->error;

	for (size_t i = 0; i < own->count && i < FIXTURE_LINES; i++)
		buffer_free(&own->lines[i]);
	free(own);
	*ret_unwritten = 0;
	return r;
}

static inline void fixture_sink_status(const struct sink *sink, struct sink_status *ret)
{
	ret->backlog_lines = ((const struct fixture_sink *)(const void *)sink)->backlog;
}

static inline struct fixture_sink *fixture_sink_new(void)
{
	static const struct sink_type type = {
		.name = "memory",
		.write = fixture_sink_write,
		.flush = fixture_sink_flush,
		.close = fixture_sink_close,
		.status = fixture_sink_status,
	};
	struct fixture_sink *sink = calloc(1, sizeof(*sink));

	assert_non_null(sink);
	sink->sink.type = &type;
	sink->sink.name = type.name;
	return sink;
}

static inline int64_t fixture_offset(void *userdata)
{
	(void)userdata;
	return fixture.offset;
}

static inline uint64_t fixture_now(void *userdata)
{
	(void)userdata;
	return UINT64_C(7000000000);
}

static inline int fixture_no_exe(uint32_t pid, char *buf, size_t size, void *userdata)
{
	(void)pid;
	(void)buf;
	(void)size;
	(void)userdata;
	return -ENOENT;
}

static inline int fixture_cgroup(uint64_t id, char *buf, size_t size, void *userdata)
{
	(void)userdata;
	if (id != 100)
		return -ENOENT;
	snprintf(buf, size, "/seshat/x");
	return 0;
}

static inline struct session_start fixture_start(void)
{
	static const char *const probes[] = { "exec", "exit" };

	return (struct session_start){
		.key = WB_SESSION,
		.time = FIXTURE_START,
		.sid = FIXTURE_SID,
		.login = "alice",
		.user = "alice",
		.service = "seshat-run",
		.version = "0.1.0",
		.leader_pid = 4711,
		.cgroup_path = "/seshat/x",
		.audit_session_id = 4294967295,
		.strategy = "tracepoint",
		.kernel = "6.1.0",
		.probes = { .attached = probes, .attached_count = ARRAY_SIZE(probes) },
	};
}

/* Makes the pipeline, without a session. */
static inline void fixture_create(size_t reassembly_limit)
{
	struct pipeline_config config = {
		.host = { .name = "web-1", .id = "5f3e0c7d9a1b4c2e8d6f0a1b2c3d4e5f" },
		.clock_offset = fixture_offset,
		.now = fixture_now,
		.exe_path = fixture_no_exe,
		.cgroup_path = fixture_cgroup,
		.reassembly_limit = reassembly_limit,
	};

	memset(&fixture, 0, sizeof(fixture));
	fixture.offset = FIXTURE_OFFSET;
	fixture.sid = FIXTURE_SID;
	fixture.login = fixture.user = "alice";
	assert_int_equal(pipeline_new(&fixture.pipeline, &config), 0);
	fixture.sink = fixture_sink_new();
	assert_int_equal(pipeline_add_sink(fixture.pipeline, &fixture.sink->sink), 0);
}

static inline int fixture_setup(void **state)
{
	struct session_start start = fixture_start();

	(void)state;
	fixture_create(0);
	return pipeline_session_start(fixture.pipeline, &start);
}

static inline int fixture_teardown(void **state)
{
	(void)state;
	json_object_put(fixture.record);
	pipeline_free(fixture.pipeline);
	return 0;
}

/* Feeds what the builder holds. */
static inline void fixture_feed(void)
{
	assert_int_equal(
		pipeline_feed(fixture.pipeline, fixture.builder.data, fixture.builder.size), 0);
}

/* The line at that place, from 0; borrowed until the next look. */
static inline struct json_object *fixture_look(size_t index)
{
	const struct buffer *line = &fixture.sink->lines[index];

	assert_true(index < fixture.sink->count);
	json_object_put(fixture.record);
	fixture.record = check_parse(line->data, line->size - 1);
	return fixture.record;
}

/*
 * The line at that place in a sink is this one, byte for byte: with fixture.sid, .login and .user, at that second and index, with these
 * members after the envelope.
 */
static inline void fixture_check_line_of(const struct fixture_sink *sink, size_t place,
					 const char *event, int second, int ei, const char *own)
{
	char expected[4096];
	int size = snprintf(
		expected, sizeof(expected),
		"{\"event\":\"%s\",\"time\":\"2026-11-21T15:30:%02d.000000000Z\","
		"\"sid\":\"%s\",\"ei\":%d,\"login\":\"%s\",\"user\":\"%s\","
		"\"server_hostname\":\"web-1\","
		"\"server_id\":\"5f3e0c7d9a1b4c2e8d6f0a1b2c3d4e5f\",\"schema_version\":1,%s}\n",
		event, second, fixture.sid, ei, fixture.login, fixture.user, own);

	assert_in_range(size, 1, sizeof(expected) - 1);
	assert_true(place < sink->count);
	assert_string_equal(sink->lines[place].data, expected);
}

static inline void fixture_check_line(size_t place, const char *event, int second, int ei,
				      const char *own)
{
	fixture_check_line_of(fixture.sink, place, event, second, ei, own);
}

/* Feeds what the builder holds, which must give one line, and looks at it. */
static inline struct json_object *fixture_encode(void)
{
	size_t before = fixture.sink->count;

	fixture_feed();
	assert_int_equal(fixture.sink->count, before + 1);
	return fixture_look(before);
}

/* Begins a record with this fixed part; its parts follow, then fixture_check_own(). */
#define FIXTURE_BEGIN(kind, fixed) \
	wb_begin(&fixture.builder, kind, fixture.sink->count, &(fixed), sizeof(fixed))

/* What the record has beyond the envelope and the task, byte for byte. */
static inline void fixture_check_own(const char *event, const char *expected)
{
	static const char last[] = "\"cgroup_id\":11873,";
	const char *line, *own;
	size_t place = fixture.sink->count;

	check_string(fixture_encode(), "event", event);
	line = fixture.sink->lines[place].data;
	own = strstr(line, last);
	assert_non_null(own);
	own += strlen(last);
	assert_int_equal(strlen(own), strlen(expected) + 2);
	assert_memory_equal(own, expected, strlen(expected));
}

/* Names the executable of the builder's tasks, so that records have one. */
static inline void fixture_name_image(void)
{
	wb_image(&fixture.builder, "/usr/bin/dash");
	fixture_feed();
}

#define FIXTURE_TEST(function) \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

#endif
