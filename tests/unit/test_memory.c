/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of a whole session fails once, alone and with all after it: nothing may crash,
 * and what was not written is counted as lost. The linker puts the functions here before the C
 * library's.
 */
#include "check.h"

#include <limits.h>

#include "pipeline/pipeline.h"
#include "wire_builder.h"

enum {
	ROUNDS = 30,
	NUMBERED = 3 * ROUNDS, /* an open, an exec and a lost open each round */
	LINE_SIZE = 4096,      /* more than session.end has */
};

static struct wire_builder builder;
static char last_line[LINE_SIZE];
static unsigned int picky_lines; /* that it was given */
static long allocations;	 /* until now */
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

/* Every fifth line finds no room. */
static int pick_line(struct sink *sink, const char *line, size_t size)
{
	(void)sink;
	(void)line;
	(void)size;
	return picky_lines++ % 5 == 4 ? -ENOSPC : 0;
}

static const struct sink_type picky = {
	.name = "picky", .write = pick_line, .flush = nothing_to_flush, .close = nothing_to_close
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

/* When session.end could be written, it has the right sums; before: what was lost in another pipeline. */
static void check_end(const struct pipeline *pipeline, uint64_t numbered, uint64_t before)
{
	struct pipeline_stats stats;
	struct json_object *record;
	uint64_t lost = before;

	pipeline_stats_get(pipeline, &stats);
	for (size_t i = 0; i < LOSS_REASONS; i++)
		lost += stats.lost[i];
	record = check_parse(last_line, strlen(last_line));
	check_string(record, "event", "session.end");
	check_int(record, "numbered", (int64_t)numbered);
	check_int(record, "lost", (int64_t)lost);
	json_object_put(record);
}

/* What is said of a session in between. */
static void run_events(struct pipeline *pipeline)
{
	const struct session_switch change = {
		.service = "su\xff", .from = "a", .to = "b", .pid = 9
	};
	const struct session_logout logout = { .reason = "closed", .processes = 1 };

	(void)pipeline_session_switch(pipeline, WB_SESSION, &change);
	(void)pipeline_session_logout(pipeline, WB_SESSION, &logout);
}

static void run_session(struct pipeline *pipeline)
{
	static const char *const probes[] = { "exec" };
	static char method[] = "publickey", type[] = "x-cert-v01@y", id[] = "a\xff",
		    address[] = "::1";
	static char *principals[] = { id, method };
	static const struct login_connection connection = { .src_addr = address, .src_port = 1 };
	static const struct login_auth auth = {
		.methods = { method },
		.methods_count = 1,
		.key = { .type = type,
			 .certificate = true,
			 .key_id = id,
			 .principals = principals,
			 .principals_count = 2,
			 .valid_before = 1 },
	};
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
		.probes = { .attached = probes, .attached_count = ARRAY_SIZE(probes) },
		.connection = &connection,
		.auth = &auth,
	};
	const struct session_end end = {
		.losses = { .by_kind = { [WIRE_OPEN] = ROUNDS }, .numbered = NUMBERED },
	};

	if (pipeline_session_start(pipeline, &start) < 0)
		return;
	feed_beginnings(pipeline);
	run_events(pipeline);
	feed_ends(pipeline);
	(void)pipeline_flush(pipeline);
	if (pipeline_session_end(pipeline, WB_SESSION, &end) == 0)
		check_end(pipeline, NUMBERED, 0);
}

/* One that another agent began, and of which it had lost something. */
static void run_resumed(struct pipeline *pipeline)
{
	const struct session_start start = {
		.key = WB_SESSION,
		.sid = "11111111-2222-4333-8444-555555555555",
		.login = "a\xff",
		.user = "a",
	};
	const struct session_progress progress = {
		.ei = 5,
		.records = { [EVENT_START] = 1, [WIRE_OPEN] = 2 },
		.counted = 1,
		.highest = 3
	};
	const struct session_end end = { .losses = { .numbered = 3 + ROUNDS } };

	if (pipeline_session_resume(pipeline, &start, &progress) < 0)
		return;
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		wb_open(&builder, 3 + round, "/a", "/b");
		feed(pipeline);
	}
	(void)pipeline_flush(pipeline);
	if (pipeline_session_end(pipeline, WB_SESSION, &end) == 0)
		check_end(pipeline, 3 + ROUNDS, 1);
}

/* All that an agent says between its start and its stop. */
static void run_agent(struct pipeline *pipeline, void (*run)(struct pipeline *))
{
	static const char *const names[] = { "cap_bpf" };
	const struct agent_start start = { .version = "0",
					   .strategy = "tracepoint",
					   .kernel = "6",
					   .pid = 1,
					   .config = "/a\xff",
					   .capabilities = names,
					   .capabilities_count = 1 };
	const struct config_change change = { "a.b", "c\xff", "d", true };
	const struct agent_config config = { .changes = &change, .changes_count = 1 };
	const struct agent_stop stop = { .reason = "SIGTERM" };
	int r = pipeline_agent_start(pipeline, "8c2f4b1e-7a53-4d0e-9b61-2f7f0c5f1a9d", &start);

	run(pipeline);
	if (r < 0)
		assert_int_equal(pipeline_agent_config(pipeline, &config), -ENOENT);
	else
		(void)pipeline_agent_config(pipeline, &config);
	(void)pipeline_flush(pipeline);
	r = pipeline_agent_stop(pipeline, &stop);
	assert_int_equal(pipeline_agent_stop(pipeline, &stop), -ENOENT);
	if (r == 0)
		assert_non_null(strstr(last_line, "\"agent.stop\""));
}

/* A whole life, while the allocations from first to last fail. Returns how many there were. */
static long live(void (*run)(struct pipeline *), long first, long last)
{
	const struct pipeline_config config = { .exe_path = exe_of };
	struct sink sink = { .type = &keeping, .name = "keep" };
	struct sink other = { .type = &picky, .name = "picky" };
	struct pipeline *pipeline;

	allocations = picky_lines = 0;
	fail_first = first;
	fail_last = last;
	if (pipeline_new(&pipeline, &config) < 0)
		return allocations;
	assert_int_equal(pipeline_add_sink(pipeline, &sink), 0);
	assert_int_equal(pipeline_add_sink(pipeline, &other), 1);
	run_agent(pipeline, run);
	pipeline_free(pipeline);
	fail_first = fail_last = -1;
	return allocations;
}

/* Runs while each row of so many allocations fails, one row after the other. */
static void fail_in_rows(void (*run)(struct pipeline *), long at_least, long row)
{
	long total = live(run, -1, -1);

	assert_true(total > at_least);
	for (long first = 0; first < total; first++)
		live(run, first, row < LONG_MAX - first ? first + row - 1 : LONG_MAX);
}

static void one_failing_allocation_is_survived_and_counted(void **state)
{
	(void)state;
	fail_in_rows(run_session, 100, 1);
	fail_in_rows(run_resumed, 20, 1);
}

static void a_row_of_failing_allocations_is_survived_and_counted(void **state)
{
	(void)state;
	fail_in_rows(run_session, 100, 21);
	fail_in_rows(run_resumed, 20, 21);
}

static void memory_that_never_comes_back_is_survived(void **state)
{
	(void)state;
	fail_in_rows(run_session, 100, LONG_MAX);
	fail_in_rows(run_resumed, 20, LONG_MAX);
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
