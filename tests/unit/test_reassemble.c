/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "probes/registry.h"
#include "record/reassemble.h"
#include "wire_builder.h"

/* What the reassembler gave up. */
struct lost {
	uint64_t numbers[16];
	int errors[16];
	size_t count;
};

static struct wire_builder builder;
static struct lost lost;
static struct reassembler *reassembler;

static void note_lost(uint64_t session, unsigned int kind, uint64_t number, int error,
		      void *userdata)
{
	struct lost *note = userdata;

	assert_int_equal(session, WB_SESSION);
	assert_int_equal(kind, WIRE_EXEC);
	note->numbers[note->count] = number;
	note->errors[note->count++] = error;
}

static void create(size_t limit)
{
	memset(&lost, 0, sizeof(lost));
	assert_int_equal(reassembler_new(&reassembler, limit, note_lost, &lost), 0);
}

static int setup(void **state)
{
	(void)state;
	create(1 << 24);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	reassembler_free(reassembler);
	return 0;
}

static struct record decoded(void)
{
	struct record_layout layout;
	struct record record;

	registry_layout(&layout);
	assert_int_equal(record_decode(&layout, builder.data, builder.size, &record), 0);
	return record;
}

/* The first record of an exec by that task; its bytes are gone when this returns. */
static void begin_of(uint32_t tid, uint64_t number, const char *args)
{
	struct wire_exec exec = { .argc = 3 };
	struct record record;

	wb_begin(&builder, WIRE_EXEC, number, &exec, sizeof(exec));
	wb_header(&builder)->task.tid = tid;
	wb_string(&builder, WIRE_PART_PATH, "/bin/echo");
	wb_part(&builder, WIRE_PART_ARGS, WIRE_PART_MORE, args, strlen(args));
	record = decoded();
	assert_true(reassemble_unfinished(&record));
	reassemble_task(reassembler, &record);
	reassemble_begin(reassembler, &record);
	memset(builder.data, 0xee, builder.size);
}

static void begin(uint64_t number, const char *args)
{
	begin_of((uint32_t)number + 100, number, args);
}

static bool more(uint64_t number, uint32_t index, uint16_t flags, const char *args,
		 struct record *ret)
{
	struct record record;
	bool whole;

	wb_more(&builder, number, index, flags, args, strlen(args));
	record = decoded();
	whole = reassemble_more(reassembler, &record, ret);
	memset(builder.data, 0xee, builder.size);
	return whole;
}

static void pieces_become_one_record(void **state)
{
	struct record whole;

	(void)state;
	begin(5, "echo one t");
	assert_false(more(5, 1, 0, "wo thr", &whole));
	assert_true(more(5, 2, WIRE_MORE_LAST, "ee", &whole));
	assert_int_equal(whole.header->number, 5);
	assert_int_equal(whole.header->kind, WIRE_EXEC);
	assert_int_equal(whole.exec->argc, 3);
	assert_memory_equal(whole.parts[WIRE_PART_PATH].data, "/bin/echo", 9);
	assert_int_equal(whole.parts[WIRE_PART_ARGS].size, 18);
	assert_memory_equal(whole.parts[WIRE_PART_ARGS].data, "echo one two three", 18);
	assert_int_equal(whole.parts[WIRE_PART_ARGS].flags, 0);
	assert_int_equal(lost.count, 0);
}

static void pieces_of_several_tasks_may_be_mixed(void **state)
{
	struct record whole;

	(void)state;
	begin(5, "a");
	begin(6, "b");
	assert_false(more(6, 1, 0, "B", &whole));
	assert_true(more(5, 1, WIRE_MORE_LAST, "A", &whole));
	assert_memory_equal(whole.parts[WIRE_PART_ARGS].data, "aA", 2);
	assert_true(more(6, 2, WIRE_MORE_LAST, "b", &whole));
	assert_memory_equal(whole.parts[WIRE_PART_ARGS].data, "bBb", 3);
}

static void the_last_piece_tells_how_it_ended(void **state)
{
	struct record whole;

	(void)state;
	begin(5, "a");
	assert_true(more(5, 1, WIRE_MORE_LAST | WIRE_MORE_UNREADABLE, "", &whole));
	assert_int_equal(whole.parts[WIRE_PART_ARGS].flags, WIRE_PART_UNREADABLE);
	begin(6, "a");
	assert_true(more(6, 1, WIRE_MORE_LAST | WIRE_MORE_LIMIT, "", &whole));
	assert_int_equal(whole.parts[WIRE_PART_ARGS].flags, WIRE_PART_LIMIT);
}

static void a_lost_piece_ends_the_record_without_counting_it(void **state)
{
	struct record whole;

	(void)state;
	begin(5, "a");
	assert_false(more(5, 2, WIRE_MORE_LAST, "c", &whole));
	assert_false(more(5, 1, WIRE_MORE_LAST, "b", &whole));
	assert_int_equal(lost.count, 0);
}

static void a_piece_without_beginning_is_ignored(void **state)
{
	struct record whole;

	(void)state;
	assert_false(more(5, 1, WIRE_MORE_LAST, "b", &whole));
	assert_int_equal(lost.count, 0);
}

static void a_piece_of_another_process_is_ignored(void **state)
{
	struct record whole, record;

	(void)state;
	begin(5, "a");
	wb_more(&builder, 5, 1, WIRE_MORE_LAST, "b", 1);
	wb_header(&builder)->task.pid = 1;
	record = decoded();
	assert_false(reassemble_more(reassembler, &record, &whole));
	assert_true(more(5, 1, WIRE_MORE_LAST, "b", &whole));
}

static void the_tasks_next_record_says_that_the_end_was_lost(void **state)
{
	struct record whole, record;

	(void)state;
	begin_of(42, 5, "a");
	begin_of(43, 6, "a");
	wb_open(&builder, 7, "/x", "/x");
	wb_header(&builder)->task.tid = 42;
	record = decoded();
	reassemble_task(reassembler, &record);
	assert_false(more(5, 1, WIRE_MORE_LAST, "b", &whole));
	assert_true(more(6, 1, WIRE_MORE_LAST, "b", &whole));
	begin_of(43, 8, "a");
	begin_of(43, 9, "a");
	assert_false(more(8, 1, WIRE_MORE_LAST, "b", &whole));
	assert_true(more(9, 1, WIRE_MORE_LAST, "b", &whole));
	assert_int_equal(lost.count, 0);
}

static void the_end_of_the_session_forgets_what_is_unfinished(void **state)
{
	struct record whole;

	(void)state;
	begin(5, "a");
	begin(6, "a");
	reassemble_session(reassembler, WB_SESSION + 1);
	assert_true(more(5, 1, WIRE_MORE_LAST, "b", &whole));
	reassemble_session(reassembler, WB_SESSION);
	assert_false(more(6, 1, WIRE_MORE_LAST, "b", &whole));
	assert_int_equal(lost.count, 0);
}

static void more_bytes_than_any_exec_takes_are_an_error(void **state)
{
	static char piece[WIRE_MORE_SIZE + 1];
	struct record whole;
	uint32_t index = 0;

	(void)state;
	memset(piece, 'x', sizeof(piece) - 1);
	begin(5, "a");
	while (lost.count == 0 && index < 1000)
		assert_false(more(5, ++index, 0, piece, &whole));
	assert_int_equal(index, WIRE_ARGS_SIZE / WIRE_MORE_SIZE);
	assert_int_equal(lost.numbers[0], 5);
	assert_int_equal(lost.errors[0], -EBADMSG);
}

static void arguments_of_the_largest_size_are_whole(void **state)
{
	static char piece[WIRE_MORE_SIZE + 1];
	struct record whole;
	uint32_t last = WIRE_ARGS_SIZE / WIRE_MORE_SIZE;

	(void)state;
	memset(piece, 'x', sizeof(piece) - 1);
	begin(5, "");
	for (uint32_t index = 1; index < last; index++)
		assert_false(more(5, index, 0, piece, &whole));
	assert_true(more(5, last, WIRE_MORE_LAST, piece, &whole));
	assert_int_equal(whole.parts[WIRE_PART_ARGS].size, WIRE_ARGS_SIZE);
	assert_int_equal(lost.count, 0);
}

static void above_the_limit_the_oldest_is_lost_once_its_end_comes(void **state)
{
	static char piece[WIRE_MORE_SIZE + 1];
	struct record whole;

	(void)state;
	reassembler_free(reassembler);
	create(2 * WIRE_MORE_SIZE);
	memset(piece, 'x', sizeof(piece) - 1);
	begin(5, "a");
	begin(6, "a");
	assert_false(more(5, 1, 0, piece, &whole));
	assert_false(more(6, 1, 0, piece, &whole));
	assert_int_equal(lost.count, 0);
	assert_true(more(6, 2, WIRE_MORE_LAST, "", &whole));
	assert_false(more(5, 2, WIRE_MORE_LAST, "", &whole));
	assert_int_equal(lost.count, 1);
	assert_int_equal(lost.numbers[0], 5);
	assert_int_equal(lost.errors[0], -ENOBUFS);
}

static void given_up_bytes_are_the_kernels_loss_when_the_end_is_lost_too(void **state)
{
	static char piece[WIRE_MORE_SIZE + 1];
	struct record whole;

	(void)state;
	reassembler_free(reassembler);
	create(WIRE_MORE_SIZE);
	memset(piece, 'x', sizeof(piece) - 1);
	begin(5, "a");
	assert_false(more(5, 1, 0, piece, &whole));
	assert_false(more(5, 3, WIRE_MORE_LAST, "", &whole));
	assert_int_equal(lost.count, 0);
}

static void without_room_for_bare_entries_the_oldest_are_lost_at_once(void **state)
{
	(void)state;
	reassembler_free(reassembler);
	create(1000);
	for (uint64_t number = 1; number <= 5; number++)
		begin(number, "a");
	assert_true(lost.count > 0);
	assert_int_equal(lost.numbers[0], 1);
	assert_int_equal(lost.errors[0], -ENOBUFS);
}

static void a_number_that_begins_twice_is_an_error(void **state)
{
	struct record whole;

	(void)state;
	begin_of(42, 5, "a");
	begin_of(43, 5, "b");
	assert_int_equal(lost.count, 1);
	assert_int_equal(lost.errors[0], -EBADMSG);
	assert_true(more(5, 1, WIRE_MORE_LAST, "A", &whole));
	assert_memory_equal(whole.parts[WIRE_PART_ARGS].data, "aA", 2);
}

static void a_broken_piece_loses_the_record(void **state)
{
	struct record whole;

	(void)state;
	begin(5, "a");
	reassemble_broken(reassembler, WB_SESSION, 6);
	assert_int_equal(lost.count, 0);
	reassemble_broken(reassembler, WB_SESSION, 5);
	assert_int_equal(lost.count, 1);
	assert_int_equal(lost.errors[0], -EBADMSG);
	assert_false(more(5, 1, WIRE_MORE_LAST, "A", &whole));
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pieces_become_one_record),
		CASE(pieces_of_several_tasks_may_be_mixed),
		CASE(the_last_piece_tells_how_it_ended),
		CASE(a_lost_piece_ends_the_record_without_counting_it),
		CASE(a_piece_without_beginning_is_ignored),
		CASE(a_piece_of_another_process_is_ignored),
		CASE(the_tasks_next_record_says_that_the_end_was_lost),
		CASE(the_end_of_the_session_forgets_what_is_unfinished),
		CASE(more_bytes_than_any_exec_takes_are_an_error),
		CASE(arguments_of_the_largest_size_are_whole),
		CASE(above_the_limit_the_oldest_is_lost_once_its_end_comes),
		CASE(given_up_bytes_are_the_kernels_loss_when_the_end_is_lost_too),
		CASE(without_room_for_bare_entries_the_oldest_are_lost_at_once),
		CASE(a_number_that_begins_twice_is_an_error),
		CASE(a_broken_piece_loses_the_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
