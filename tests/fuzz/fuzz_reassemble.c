/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reassembly, against a simple model of it: two bytes an order (what, and for which of eight
 * tasks). What comes out whole is what went in; every record is whole, lost, or ended by the
 * kernel's loss.
 */
#include <string.h>

#include "fuzz.h"
#include "probes/registry.h"
#include "record/reassemble.h"
#include "tests/unit/wire_builder.h"

enum {
	TASKS = 8,
	LIMIT = 20000, /* bytes: a few records */
	PIECE = 3000,
};

struct model {
	uint64_t number; /* 0: nothing unfinished */
	uint32_t index;
	size_t size; /* bytes that have come */
};

static struct model tasks[TASKS];
static struct wire_builder builder;
static struct record_layout layout;

static void note_lost(uint64_t session, unsigned int kind, uint64_t number, int error,
		      void *userdata)
{
	(void)error;
	(void)userdata;
	FUZZ_CHECK(session == WB_SESSION && kind == WIRE_EXEC);
	for (size_t i = 0; i < TASKS; i++) {
		if (tasks[i].number != number)
			continue;
		tasks[i].number = 0;
		return;
	}
	FUZZ_CHECK(false); /* it was not there */
}

static struct record decoded(size_t task)
{
	struct record record;

	wb_header(&builder)->task.tid = (uint32_t)task + 1;
	FUZZ_CHECK(record_decode(&layout, builder.data, builder.size, &record) == 0);
	return record;
}

static void begin(struct reassembler *reassembler, size_t task, uint64_t number)
{
	struct wire_exec exec = { 0 };
	struct record record;

	wb_begin(&builder, WIRE_EXEC, number, &exec, sizeof(exec));
	wb_part(&builder, WIRE_PART_ARGS, WIRE_PART_MORE, "0123456789", 10);
	record = decoded(task);
	tasks[task].number = 0;
	reassemble_task(reassembler, &record);
	tasks[task] = (struct model){ .number = number, .size = 10 };
	reassemble_begin(reassembler, &record);
}

static void more(struct reassembler *reassembler, size_t task, uint16_t flags)
{
	static char piece[PIECE];
	struct model *model = &tasks[task];
	uint64_t number = model->number;
	struct record record, whole;
	bool finished;

	if (number == 0)
		return;
	memset(piece, 'x', sizeof(piece));
	wb_more(&builder, number, ++model->index, flags, piece, sizeof(piece));
	record = decoded(task);
	model->size += sizeof(piece);
	finished = reassemble_more(reassembler, &record, &whole);
	FUZZ_CHECK(!finished || (flags & WIRE_MORE_LAST));
	if (!(flags & WIRE_MORE_LAST))
		return;
	FUZZ_CHECK(finished == (model->number == number)); /* else it has been told as lost */
	model->number = 0;
	if (!finished)
		return;
	FUZZ_CHECK(whole.header->number == number);
	FUZZ_CHECK(whole.parts[WIRE_PART_ARGS].size == model->size);
	FUZZ_CHECK(memcmp(whole.parts[WIRE_PART_ARGS].data, "0123456789xxx", 13) == 0);
}

/* A piece with a wrong index: the one before it was lost in the kernel. */
static void skip(struct reassembler *reassembler, size_t task)
{
	struct record record, whole;

	if (tasks[task].number == 0)
		return;
	wb_more(&builder, tasks[task].number, tasks[task].index + 2, WIRE_MORE_LAST, "x", 1);
	record = decoded(task);
	FUZZ_CHECK(!reassemble_more(reassembler, &record, &whole));
	tasks[task].number = 0;
}

static void other(struct reassembler *reassembler, size_t task, uint64_t number)
{
	struct record record;

	wb_open(&builder, number, "/x", "/x");
	record = decoded(task);
	reassemble_task(reassembler, &record);
	tasks[task].number = 0;
}

static void broken(struct reassembler *reassembler, size_t task)
{
	uint64_t number = tasks[task].number;

	if (number == 0)
		return;
	reassemble_broken(reassembler, WB_SESSION, number);
	FUZZ_CHECK(tasks[task].number == 0);
}

static void obey(struct reassembler *reassembler, uint8_t order, size_t task, uint64_t number)
{
	switch (order % 8) {
	case 0:
	case 1:
		begin(reassembler, task, number);
		break;
	case 2:
	case 3:
		more(reassembler, task, 0);
		break;
	case 4:
		more(reassembler, task, WIRE_MORE_LAST);
		break;
	case 5:
		skip(reassembler, task);
		break;
	case 6:
		other(reassembler, task, number);
		break;
	default:
		broken(reassembler, task);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reassembler *reassembler;

	registry_layout(&layout);
	memset(tasks, 0, sizeof(tasks));
	FUZZ_CHECK(reassembler_new(&reassembler, LIMIT, note_lost, NULL) == 0);
	for (size_t i = 0; i + 1 < size; i += 2)
		obey(reassembler, data[i], data[i + 1] % TASKS, i / 2 + 1);
	if (size % 2)
		reassemble_session(reassembler, WB_SESSION);
	reassembler_free(reassembler);
	return 0;
}
