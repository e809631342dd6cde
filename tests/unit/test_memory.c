/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of a whole session fails once, alone and with all after it: nothing may crash,
 * and what was not written is counted as lost. The linker puts the functions here before the C
 * library's.
 */
#include "check.h"

#include <limits.h>

#include "pipeline.h"
#include "wire_builder.h"

enum {
	ROUNDS = 30,
	NUMBERED = 3 * ROUNDS, /* an open, an exec and a lost open each round */
	LINE_SIZE = 4096,      /* more than session.end has */
};

static struct wire_builder builder;
static char last_line[LINE_SIZE];
static long allocations; /* until now */
static long fail_first = -1, fail_last = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *data, size_t size);
void *__real_reallocarray(void *data, size_t count, size_t size);
char *__real_strdup(const char *string);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *data, size_t size);
void *__wrap_reallocarray(void *data, size_t count, size_t size);
char *__wrap_strdup(const char *string);

static bool fails(void)
{
	long number = allocations++;

	return number >= fail_first && number <= fail_last;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *data, size_t size)
{
	return fails() ? NULL : __real_realloc(data, size);
}

void *__wrap_reallocarray(void *data, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(data, count, size);
}

char *__wrap_strdup(const char *string)
{
	return fails() ? NULL : __real_strdup(string);
}

static int keep_line(struct sink *sink, const char *line, size_t size)
{
	(void)sink;
	size = size < LINE_SIZE ? size : LINE_SIZE;
	memcpy(last_line, line, size);
	last_line[size - 1] = '\0'; /* the newline */
	return 0;
}

static int nothing_to_flush(struct sink *sink)
{
	(void)sink;
	return 0;
}

static int nothing_to_close(struct sink *sink, uint64_t *ret_unwritten)
{
	(void)sink;
	*ret_unwritten = 0;
	return 0;
}

static const struct sink_type keeping = {
	.name = "keep", .write = keep_line, .flush = nothing_to_flush, .close = nothing_to_close
};

static int exe_of(uint32_t pid, char *buf, size_t size, void *userdata)
{
	(void)userdata;
	return snprintf(buf, size, "/exe/%u", pid);
}

static void feed(struct pipeline *pipeline)
{
	assert_int_equal(pipeline_feed(pipeline, builder.data, builder.size), 0);
}

/* Rounds of: an executable, an open, the beginning of an exec, a number that never comes. */
static void feed_beginnings(struct pipeline *pipeline)
{
	static const char piece[WIRE_MORE_SIZE];
	struct wire_exec exec = { .argc = 1 };

	for (uint64_t round = 0; round < ROUNDS; round++) {
		wb_image(&builder, "/bin/x");
		wb_header(&builder)->task.image[0] = round + 1;
		feed(pipeline);
		wb_open(&builder, 3 * round + 1, "/a\xff", "/b");
		wb_header(&builder)->task.image[0] = round + 1000;
		feed(pipeline);
		wb_begin(&builder, WIRE_EXEC, 3 * round + 2, &exec, sizeof(exec));
		wb_header(&builder)->task.tid = (uint32_t)round;
		wb_part(&builder, WIRE_PART_ARGS, WIRE_PART_MORE, "x", 1);
		feed(pipeline);
		wb_more(&builder, 3 * round + 2, 1, 0, piece, round % 4 == 0 ? sizeof(piece) : 1);
		feed(pipeline);
	}
}

static void feed_ends(struct pipeline *pipeline)
{
	for (uint64_t round = 0; round < ROUNDS; round++) {
		wb_more(&builder, 3 * round + 2, 2, WIRE_MORE_LAST, "", 1);
		feed(pipeline);
	}
}

/* When session.end could be written, it has the right sums. */
static void check_end(const struct pipeline *pipeline)
{
	struct pipeline_stats stats;
	struct json_object *record;
	uint64_t lost = 0;

	pipeline_stats_get(pipeline, &stats);
	for (size_t i = 0; i < LOSS_REASONS; i++)
		lost += stats.lost[i];
	record = check_parse(last_line, strlen(last_line));
	check_string(record, "event", "session.end");
	check_int(record, "numbered", NUMBERED);
	check_int(record, "lost", (int64_t)lost);
	assert_true(lost >= ROUNDS);
	json_object_put(record);
}

static void run_session(struct pipeline *pipeline)
{
	static const char *const probes[] = { "exec" };
	const struct session_start start = {
		.key = WB_SESSION,
		.sid = "8c2f4b1e-7a53-4d0e-9b61-2f7f0c5f1a9d",
		.login = "a\xff",
		.user = "a",
		.service = "seshat-run",
		.version = "0.1.0",
		.cgroup_path = "/x",
		.strategy = "tracepoint",
		.kernel = "6",
		.probes = probes,
		.probes_count = ARRAY_SIZE(probes),
	};
	const struct session_end end = {
		.losses = { .by_kind = { [WIRE_OPEN] = ROUNDS }, .numbered = NUMBERED },
	};

	if (pipeline_session_start(pipeline, &start) < 0)
		return;
	feed_beginnings(pipeline);
	feed_ends(pipeline);
	(void)pipeline_flush(pipeline);
	if (pipeline_session_end(pipeline, WB_SESSION, &end) == 0)
		check_end(pipeline);
}

/* A whole life, while the allocations from first to last fail. Returns how many there were. */
static long live(long first, long last)
{
	const struct pipeline_config config = { .exe_path = exe_of };
	struct sink sink = { .type = &keeping };
	struct pipeline *pipeline;

	allocations = 0;
	fail_first = first;
	fail_last = last;
	if (pipeline_new(&pipeline, &config) < 0)
		return allocations;
	if (pipeline_add_sink(pipeline, &sink) == 0)
		run_session(pipeline);
	pipeline_free(pipeline);
	fail_first = fail_last = -1;
	return allocations;
}

static void one_failing_allocation_is_survived_and_counted(void **state)
{
	long total = live(-1, -1);

	(void)state;
	assert_true(total > 100);
	for (long first = 0; first < total; first++)
		live(first, first);
}

static void a_row_of_failing_allocations_is_survived_and_counted(void **state)
{
	long total = live(-1, -1);

	(void)state;
	for (long first = 0; first < total; first++)
		live(first, first + 20);
}

static void memory_that_never_comes_back_is_survived(void **state)
{
	long total = live(-1, -1);

	(void)state;
	for (long first = 0; first < total; first++)
		live(first, LONG_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_failing_allocation_is_survived_and_counted),
		TEST(a_row_of_failing_allocations_is_survived_and_counted),
		TEST(memory_that_never_comes_back_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
