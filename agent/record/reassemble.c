/* SPDX-License-Identifier: Apache-2.0 */
#include "record/reassemble.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/buffer.h"
#include "base/cleanup.h"

/* uthash compares keys byte by byte: no padding in them. */
struct record_key {
	uint64_t session;
	uint64_t number;
};

struct task_key {
	uint64_t session;
	uint64_t tid;
};

struct unfinished {
	struct record_key key;
	struct task_key task;
	uint32_t pid;
	uint32_t index; /* of the last piece */
	uint16_t kind;
	bool dropped;	      /* its bytes were given up; only its end is waited for */
	size_t cost;	      /* bytes that it counts for */
	void *copy;	      /* owned: the first record */
	struct record record; /* a view of copy */
	struct buffer args;   /* owned */
	UT_hash_handle by_number;
	UT_hash_handle by_task;
};

enum {
	REASSEMBLE_ENTRIES = 4096, /* at once; the kernel writes one a processor at a time */
};

struct reassembler {
	size_t limit;
	size_t used;
	reassemble_lost lost;
	void *userdata;
	struct unfinished *by_number; /* owned; in the order of their beginning */
	struct unfinished *by_task;   /* the same ones */
	struct unfinished *whole;     /* owned: what reassemble_more handed out last */
};

int reassembler_new(struct reassembler **ret, size_t limit, reassemble_lost lost, void *userdata)
{
	struct reassembler *reassembler = calloc(1, sizeof(*reassembler));

	if (!reassembler)
		return -ENOMEM;
	reassembler->limit = limit;
	reassembler->lost = lost;
	reassembler->userdata = userdata;
	*ret = reassembler;
	return 0;
}

static void unfinished_free(struct unfinished *entry)
{
	if (!entry)
		return;
	free(entry->copy);
	buffer_free(&entry->args);
	free(entry);
}

static void unfinished_freep(struct unfinished **entry)
{
	unfinished_free(*entry);
}

/* The entry's cost as it is now, in the sum. */
static void reassembler_account(struct reassembler *reassembler, struct unfinished *entry)
{
	size_t cost = sizeof(*entry) + entry->args.capacity;

	if (entry->copy)
		cost += entry->record.header->size;
	reassembler->used = reassembler->used - entry->cost + cost;
	entry->cost = cost;
}

/* Takes the entry out of the tables; it is the caller's then. */
static void reassembler_remove(struct reassembler *reassembler, struct unfinished *entry)
{
	HASH_DELETE(by_number, reassembler->by_number, entry);
	HASH_DELETE(by_task, reassembler->by_task, entry);
	reassembler->used -= entry->cost;
}

static void reassembler_forget(struct reassembler *reassembler, struct unfinished *entry)
{
	reassembler_remove(reassembler, entry);
	unfinished_free(entry);
}

static void reassembler_tell(struct reassembler *reassembler, const struct unfinished *entry,
			     int error)
{
	reassembler->lost(entry->key.session, entry->kind, entry->key.number, error,
			  reassembler->userdata);
}

void reassembler_free(struct reassembler *reassembler)
{
	struct unfinished *entry, *next;

	if (!reassembler)
		return;
	HASH_ITER(by_number, reassembler->by_number, entry, next)
		reassembler_forget(reassembler, entry);
	unfinished_free(reassembler->whole);
	free(reassembler);
}

static void reassembler_drop_bytes(struct reassembler *reassembler, struct unfinished *entry)
{
	free(entry->copy);
	entry->copy = NULL;
	buffer_free(&entry->args);
	entry->dropped = true;
	reassembler_account(reassembler, entry);
}

static bool reassembler_fits(const struct reassembler *reassembler)
{
	return reassembler->used <= reassembler->limit &&
	       HASH_CNT(by_number, reassembler->by_number) <= REASSEMBLE_ENTRIES;
}

/*
 * Makes the sum fit again: the oldest lose their bytes; when not even the bare entries fit, the
 * oldest are gone for good, as ours.
 */
static void reassembler_shrink(struct reassembler *reassembler)
{
	struct unfinished *entry, *next;

	HASH_ITER(by_number, reassembler->by_number, entry, next) {
		if (reassembler->used <= reassembler->limit)
			break;
		if (!entry->dropped)
			reassembler_drop_bytes(reassembler, entry);
	}
	HASH_ITER(by_number, reassembler->by_number, entry, next) {
		if (reassembler_fits(reassembler))
			return;
		reassembler_tell(reassembler, entry, -ENOBUFS);
		reassembler_forget(reassembler, entry);
	}
}

bool reassemble_unfinished(const struct record *record)
{
	return record->header->kind != WIRE_MORE &&
	       (record->parts[WIRE_PART_ARGS].flags & WIRE_PART_MORE);
}

static struct unfinished *reassembler_find(struct reassembler *reassembler, uint64_t session,
					   uint64_t number)
{
	struct record_key key = { .session = session, .number = number };
	struct unfinished *entry;

	HASH_FIND(by_number, reassembler->by_number, &key, sizeof(key), entry);
	return entry;
}

void reassemble_task(struct reassembler *reassembler, const struct record *record)
{
	struct task_key key = { .session = record->header->session,
				.tid = record->header->task.tid };
	struct unfinished *entry;

	/* What was handed out last may be megabytes: nobody needs it any more. */
	unfinished_free(reassembler->whole);
	reassembler->whole = NULL;
	if (!reassembler->by_task)
		return;
	HASH_FIND(by_task, reassembler->by_task, &key, sizeof(key), entry);
	if (entry)
		reassembler_forget(reassembler, entry);
}

/* Points the view into the copy of the bytes that it was made of. */
static void unfinished_rebase(struct unfinished *entry, const struct record *record)
{
	const char *from = (const char *)record->header, *to = entry->copy;

	entry->record = *record;
	entry->record.header = entry->copy;
	entry->record.fixed = to + ((const char *)record->fixed - from);
	for (size_t i = 0; i < WIRE_PARTS; i++)
		if (record->parts[i].data)
			entry->record.parts[i].data = to + (record->parts[i].data - from);
}

static int unfinished_new(struct unfinished **ret, const struct record *record)
{
	_cleanup_(unfinished_freep) struct unfinished *entry = calloc(1, sizeof(*entry));
	const struct wire_header *header = record->header;
	const struct record_part *args = &record->parts[WIRE_PART_ARGS];
	int r;

	if (!entry)
		return -ENOMEM;
	entry->key = (struct record_key){ .session = header->session, .number = header->number };
	entry->task = (struct task_key){ .session = header->session, .tid = header->task.tid };
	entry->pid = header->task.pid;
	entry->kind = header->kind;
	entry->args = BUFFER_INIT(WIRE_ARGS_SIZE);
	entry->copy = malloc(header->size);
	if (!entry->copy)
		return -ENOMEM;
	memcpy(entry->copy, header, header->size);
	unfinished_rebase(entry, record);
	r = buffer_append(&entry->args, args->data, args->size);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(entry);
	return 0;
}

/* Into both tables, or none. */
static int reassembler_add(struct reassembler *reassembler, struct unfinished *entry)
{
	HASH_ADD(by_number, reassembler->by_number, key, sizeof(entry->key), entry);
	if (!entry->by_number.tbl)
		return -ENOMEM;
	HASH_ADD(by_task, reassembler->by_task, task, sizeof(entry->task), entry);
	if (!entry->by_task.tbl) {
		HASH_DELETE(by_number, reassembler->by_number, entry);
		return -ENOMEM;
	}
	reassembler_account(reassembler, entry);
	return 0;
}

void reassemble_begin(struct reassembler *reassembler, const struct record *record)
{
	const struct wire_header *header = record->header;
	_cleanup_(unfinished_freep) struct unfinished *entry = NULL;
	int r;

	/* A number is given once: a second one is nobody's, or the first is. */
	r = reassembler_find(reassembler, header->session, header->number) ? -EBADMSG : 0;
	if (r == 0)
		r = unfinished_new(&entry, record);
	if (r == 0)
		r = reassembler_add(reassembler, entry);
	if (r < 0) {
		reassembler->lost(header->session, header->kind, header->number, r,
				  reassembler->userdata);
		return;
	}
	TAKE_PTR(entry);
	reassembler_shrink(reassembler);
}

/* Adds a piece to the entry. Returns 0 or negative errno: then the record can never be whole. */
static int unfinished_append(struct unfinished *entry, const struct record *more)
{
	struct record_part *part = &entry->record.parts[WIRE_PART_ARGS];

	if (entry->dropped)
		return 0;
	if (more->more->flags & WIRE_MORE_UNREADABLE)
		part->flags |= WIRE_PART_UNREADABLE;
	if (more->more->flags & WIRE_MORE_LIMIT)
		part->flags |= WIRE_PART_LIMIT;
	return buffer_append(&entry->args, more->continued.data, more->continued.size);
}

/* The last piece has come: hands out the whole, or tells that its bytes were given up. */
static bool reassembler_finish(struct reassembler *reassembler, struct unfinished *entry,
			       struct record *ret)
{
	struct record_part *part = &entry->record.parts[WIRE_PART_ARGS];

	reassembler_remove(reassembler, entry);
	if (entry->dropped) {
		reassembler_tell(reassembler, entry, -ENOBUFS);
		unfinished_free(entry);
		return false;
	}
	part->data = entry->args.data;
	part->size = entry->args.size;
	part->flags &= (uint16_t)~WIRE_PART_MORE;
	*ret = entry->record;
	reassembler->whole = entry;
	return true;
}

bool reassemble_more(struct reassembler *reassembler, const struct record *more, struct record *ret)
{
	const struct wire_header *header = more->header;
	struct unfinished *entry = reassembler_find(reassembler, header->session, header->number);
	int r;

	unfinished_free(reassembler->whole);
	reassembler->whole = NULL;
	if (!entry || entry->pid != header->task.pid)
		return false;
	if (more->more->index != ++entry->index) { /* a piece between was lost */
		reassembler_forget(reassembler, entry);
		return false;
	}
	r = unfinished_append(entry, more);
	if (r == -ENOMEM) {
		reassembler_drop_bytes(reassembler, entry);
	} else if (r < 0) {
		reassemble_broken(reassembler, header->session, header->number);
		return false;
	}
	if (more->more->flags & WIRE_MORE_LAST)
		return reassembler_finish(reassembler, entry, ret);
	reassembler_account(reassembler, entry);
	reassembler_shrink(reassembler);
	return false;
}

void reassemble_broken(struct reassembler *reassembler, uint64_t session, uint64_t number)
{
	struct unfinished *entry = reassembler_find(reassembler, session, number);

	if (!entry)
		return;
	reassembler_tell(reassembler, entry, -EBADMSG);
	reassembler_forget(reassembler, entry);
}

void reassemble_session(struct reassembler *reassembler, uint64_t session)
{
	struct unfinished *entry, *next;

	HASH_ITER(by_number, reassembler->by_number, entry, next)
		if (entry->key.session == session)
			reassembler_forget(reassembler, entry);
}
