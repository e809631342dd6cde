/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "probes/registry.h"
#include "record/record.h"
#include "wire_builder.h"

static struct wire_builder builder;
static struct record record;

/* Decodes a copy of exactly that size: the sanitizer sees reads beyond it. */
static int decode(void)
{
	struct record_layout layout;
	char *copy = malloc(builder.size + 8);
	int r;

	registry_layout(&layout);
	memcpy(copy, builder.data, builder.size);
	copy = realloc(copy, builder.size > 0 ? builder.size : 1);
	r = record_decode(&layout, copy, builder.size, &record);
	free(copy);
	if (r == 0) /* the caller looks at the builder's bytes, not at the freed ones */
		r = record_decode(&layout, builder.data, builder.size, &record);
	return r;
}

static void an_open_is_viewed_with_its_parts(void **state)
{
	(void)state;
	wb_open(&builder, 5, "/etc/passwd", "passwd");
	assert_int_equal(decode(), 0);
	assert_ptr_equal(record.header, builder.data);
	assert_int_equal(record.header->number, 5);
	assert_int_equal(record.open->inode, 1837211);
	assert_int_equal(record.parts[WIRE_PART_PATH].size, 11);
	assert_memory_equal(record.parts[WIRE_PART_PATH].data, "/etc/passwd", 11);
	assert_int_equal(record.parts[WIRE_PART_REQUEST].size, 6);
	assert_null(record.parts[WIRE_PART_BASE].data);
}

static void a_record_without_parts_is_whole(void **state)
{
	struct wire_exit exit_part = { .status = 256 };

	(void)state;
	wb_begin(&builder, WIRE_EXIT, 1, &exit_part, sizeof(exit_part));
	assert_int_equal(decode(), 0);
	assert_int_equal(record.exit->status, 256);
}

static void an_empty_part_is_there(void **state)
{
	struct wire_open open = { .return_code = -2 };

	(void)state;
	wb_begin(&builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_string(&builder, WIRE_PART_REQUEST, "");
	assert_int_equal(decode(), 0);
	assert_non_null(record.parts[WIRE_PART_REQUEST].data);
	assert_non_null(record_bytes(&record, WIRE_PART_REQUEST).data);
	assert_int_equal(record_bytes(&record, WIRE_PART_REQUEST).size, 0);
	assert_null(record_bytes(&record, WIRE_PART_PATH).data);
}

static void an_unreadable_part_has_no_bytes_to_rely_on(void **state)
{
	struct wire_open open = { .return_code = -14 };

	(void)state;
	wb_begin(&builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_part(&builder, WIRE_PART_REQUEST, WIRE_PART_UNREADABLE, "/half", 5);
	assert_int_equal(decode(), 0);
	assert_int_equal(record.parts[WIRE_PART_REQUEST].size, 5);
	assert_null(record_bytes(&record, WIRE_PART_REQUEST).data);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (uint32_t size = 0; size < 1000; size++) {
		wb_open(&builder, 5, "/etc/passwd", "passwd");
		if (size >= builder.size)
			break;
		builder.size = size;
		assert_int_equal(decode(), -EBADMSG);
		wb_header(&builder)->size = size;
		/* A record that ends behind a whole part is a shorter record. */
		if (size != sizeof(struct wire_header) + sizeof(struct wire_open) &&
		    size != sizeof(struct wire_header) + sizeof(struct wire_open) +
				    sizeof(struct wire_part) + 16)
			assert_int_equal(decode(), -EBADMSG);
	}
}

static void sizes_that_do_not_agree_are_refused(void **state)
{
	struct wire_part *part;

	(void)state;
	wb_open(&builder, 5, "/etc/passwd", "passwd");
	wb_header(&builder)->size += 8;
	assert_int_equal(decode(), -EBADMSG);

	wb_open(&builder, 5, "/etc/passwd", "passwd");
	part = (struct wire_part *)(void *)(builder.data + sizeof(struct wire_header) +
					    sizeof(struct wire_open));
	part->size = 4096;
	assert_int_equal(decode(), -EBADMSG);
	part->size = UINT32_MAX;
	assert_int_equal(decode(), -EBADMSG);
}

static void bytes_that_are_not_aligned_are_refused(void **state)
{
	struct record_layout layout;

	(void)state;
	registry_layout(&layout);
	wb_open(&builder, 5, "/etc/passwd", "passwd");
	memmove(builder.data + 4, builder.data, builder.size);
	assert_int_equal(record_decode(&layout, builder.data + 4, builder.size, &record), -EBADMSG);
}

static void unknown_kinds_and_parts_are_refused(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < 20; kind++) {
		if (kind > WIRE_NONE && kind < WIRE_KINDS)
			continue;
		wb_open(&builder, 5, "/etc/passwd", "passwd");
		wb_header(&builder)->kind = (uint16_t)kind;
		assert_int_equal(decode(), -EBADMSG);
	}
	wb_open(&builder, 5, "/etc/passwd", "passwd");
	wb_string(&builder, WIRE_PARTS, "x");
	assert_int_equal(decode(), -EBADMSG);
	wb_open(&builder, 5, "/etc/passwd", "passwd");
	wb_string(&builder, WIRE_PART_NONE, "x");
	assert_int_equal(decode(), -EBADMSG);
}

static void a_part_that_comes_twice_is_refused(void **state)
{
	(void)state;
	wb_open(&builder, 5, "/etc/passwd", "passwd");
	wb_string(&builder, WIRE_PART_PATH, "/etc/shadow");
	assert_int_equal(decode(), -EBADMSG);
}

static void the_limits_of_parts_hold(void **state)
{
	static char path[WIRE_PATH_SIZE + 1];
	struct wire_open open = { 0 };

	(void)state;
	memset(path, 'x', sizeof(path));
	wb_begin(&builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_part(&builder, WIRE_PART_PATH, 0, path, WIRE_PATH_SIZE);
	assert_int_equal(decode(), 0);
	wb_begin(&builder, WIRE_OPEN, 1, &open, sizeof(open));
	wb_part(&builder, WIRE_PART_PATH, 0, path, WIRE_PATH_SIZE + 1);
	assert_int_equal(decode(), -EBADMSG);
}

static void a_record_above_the_limit_is_refused(void **state)
{
	(void)state;
	wb_open(&builder, 5, "/etc/passwd", "passwd");
	builder.size = WIRE_RECORD_SIZE + 8;
	wb_header(&builder)->size = builder.size;
	assert_int_equal(decode(), -EBADMSG);
}

static void only_arguments_may_go_on(void **state)
{
	struct wire_exec exec = { 0 };

	(void)state;
	wb_begin(&builder, WIRE_EXEC, 1, &exec, sizeof(exec));
	wb_part(&builder, WIRE_PART_ARGS, WIRE_PART_MORE, "a", 1);
	assert_int_equal(decode(), 0);
	wb_begin(&builder, WIRE_EXEC, 1, &exec, sizeof(exec));
	wb_part(&builder, WIRE_PART_PATH, WIRE_PART_MORE, "a", 1);
	assert_int_equal(decode(), -EBADMSG);
}

static void a_comm_without_end_is_refused(void **state)
{
	(void)state;
	wb_open(&builder, 5, "/etc/passwd", "passwd");
	memset(wb_header(&builder)->task.comm, 'x', WIRE_COMM_SIZE);
	assert_int_equal(decode(), -EBADMSG);
	wb_header(&builder)->task.comm[WIRE_COMM_SIZE - 1] = '\0';
	assert_int_equal(decode(), 0);
}

static void only_images_have_no_number(void **state)
{
	(void)state;
	wb_image(&builder, "/bin/sh");
	assert_int_equal(decode(), 0);
	wb_header(&builder)->number = 1;
	assert_int_equal(decode(), -EBADMSG);
	wb_open(&builder, 0, "/etc/passwd", "passwd");
	assert_int_equal(decode(), -EBADMSG);
}

static void a_continuation_is_viewed_with_its_bytes(void **state)
{
	struct wire_more *more;

	(void)state;
	wb_more(&builder, 9, 1, WIRE_MORE_LAST, "abcdefghi", 9);
	assert_int_equal(decode(), 0);
	assert_int_equal(record.continued.size, 9);
	assert_memory_equal(record.continued.data, "abcdefghi", 9);

	more = (struct wire_more *)(void *)(builder.data + sizeof(struct wire_header));
	more->bytes = 17; /* there are 16, padding included */
	assert_int_equal(decode(), -EBADMSG);
	more->bytes = 8; /* bytes that belong to nothing */
	assert_int_equal(decode(), -EBADMSG);
	more->bytes = UINT32_MAX;
	assert_int_equal(decode(), -EBADMSG);
	more->bytes = 9;
	more->index = 0;
	assert_int_equal(decode(), -EBADMSG);
	more->index = 1;
	more->type = WIRE_PART_PATH;
	assert_int_equal(decode(), -EBADMSG);
}

static void what_is_refused_leaves_the_view_untouched(void **state)
{
	struct record_layout layout;
	struct record before;

	(void)state;
	registry_layout(&layout);
	memset(&record, 0x5a, sizeof(record));
	before = record;
	wb_open(&builder, 5, "/etc/passwd", "passwd");
	wb_string(&builder, WIRE_PART_PATH, "again");
	assert_int_equal(record_decode(&layout, builder.data, builder.size, &record), -EBADMSG);
	assert_memory_equal(&record, &before, sizeof(record));
}

static void kinds_with_a_number_are_those_of_audit_records(void **state)
{
	(void)state;
	assert_false(record_numbered(WIRE_NONE));
	for (unsigned int kind = WIRE_EXEC; kind <= WIRE_TTY; kind++)
		assert_true(record_numbered(kind));
	assert_false(record_numbered(WIRE_IMAGE));
	assert_false(record_numbered(WIRE_MORE));
	assert_false(record_numbered(WIRE_KINDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_open_is_viewed_with_its_parts),
		TEST(a_record_without_parts_is_whole),
		TEST(an_empty_part_is_there),
		TEST(an_unreadable_part_has_no_bytes_to_rely_on),
		TEST(every_truncation_is_refused),
		TEST(sizes_that_do_not_agree_are_refused),
		TEST(bytes_that_are_not_aligned_are_refused),
		TEST(unknown_kinds_and_parts_are_refused),
		TEST(a_part_that_comes_twice_is_refused),
		TEST(the_limits_of_parts_hold),
		TEST(a_record_above_the_limit_is_refused),
		TEST(only_arguments_may_go_on),
		TEST(a_comm_without_end_is_refused),
		TEST(only_images_have_no_number),
		TEST(a_continuation_is_viewed_with_its_bytes),
		TEST(what_is_refused_leaves_the_view_untouched),
		TEST(kinds_with_a_number_are_those_of_audit_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
