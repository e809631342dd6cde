/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include <errno.h>
#include <string.h>

/* Where the decoder is: what is before at has been checked. */
struct cursor {
	const char *at;
	size_t rest;
};

/* The next size bytes, or NULL when there are fewer. */
static const void *cursor_take(struct cursor *cursor, size_t size)
{
	const char *at = cursor->at;

	if (size > cursor->rest)
		return NULL;
	cursor->at += size;
	cursor->rest -= size;
	return at;
}

/* Like cursor_take; the padding up to a multiple of 8 must follow. */
static const char *cursor_take_padded(struct cursor *cursor, size_t size)
{
	size_t padded = (size + 7) & ~(size_t)7;

	if (padded < size)
		return NULL;
	return cursor_take(cursor, padded);
}

/* The most bytes that a part may have in one record; 0: there is no such part. */
static size_t part_limit(unsigned int type)
{
	static const size_t limits[WIRE_PARTS] = {
		[WIRE_PART_PATH] = WIRE_PATH_SIZE,	  [WIRE_PART_REQUEST] = WIRE_PATH_SIZE,
		[WIRE_PART_BASE] = WIRE_PATH_SIZE,	  [WIRE_PART_CWD] = WIRE_PATH_SIZE,
		[WIRE_PART_ARGS] = WIRE_ARGS_INLINE_SIZE, [WIRE_PART_NAME] = WIRE_PATH_SIZE,
		[WIRE_PART_NEW_PATH] = WIRE_PATH_SIZE,	  [WIRE_PART_NEW_REQUEST] = WIRE_PATH_SIZE,
		[WIRE_PART_NEW_BASE] = WIRE_PATH_SIZE,
	};

	return type < WIRE_PARTS ? limits[type] : 0;
}

/* A part is there once, and only ARGS goes on in other records. */
static int decode_part(struct cursor *cursor, struct record *record)
{
	const struct wire_part *part = cursor_take(cursor, sizeof(*part));
	const char *data;

	if (!part || part_limit(part->type) == 0 || part->size > part_limit(part->type))
		return -EBADMSG;
	if (record->parts[part->type].data)
		return -EBADMSG;
	if ((part->flags & WIRE_PART_MORE) && part->type != WIRE_PART_ARGS)
		return -EBADMSG;
	data = cursor_take_padded(cursor, part->size);
	if (!data)
		return -EBADMSG;
	record->parts[part->type] = (struct record_part){
		.data = data, .size = part->size, .flags = part->flags, .mount_ns = part->mount_ns
	};
	return 0;
}

static int decode_more(struct cursor *cursor, struct record *record)
{
	const struct wire_more *more = record->more;

	if (more->type != WIRE_PART_ARGS || more->index == 0 || more->bytes > WIRE_MORE_SIZE)
		return -EBADMSG;
	record->continued.data = cursor_take_padded(cursor, more->bytes);
	record->continued.size = more->bytes;
	return record->continued.data && cursor->rest == 0 ? 0 : -EBADMSG;
}

static int decode_header(const struct record_layout *layout, const struct wire_header *header,
			 size_t size)
{
	if (header->size != size || header->kind >= WIRE_KINDS ||
	    layout->fixed_size[header->kind] == 0)
		return -EBADMSG;
	if (!memchr(header->task.comm, '\0', sizeof(header->task.comm)))
		return -EBADMSG;
	if ((header->number == 0) != (header->kind == WIRE_IMAGE))
		return -EBADMSG;
	return 0;
}

int record_decode(const struct record_layout *layout, const void *data, size_t size,
		  struct record *ret)
{
	struct cursor cursor = { .at = data, .rest = size };
	struct record record = { 0 };
	int r;

	if ((uintptr_t)data % 8 != 0 || size % 8 != 0 || size > WIRE_RECORD_SIZE)
		return -EBADMSG;
	record.header = cursor_take(&cursor, sizeof(*record.header));
	if (!record.header)
		return -EBADMSG;
	r = decode_header(layout, record.header, size);
	if (r < 0)
		return r;
	record.fixed = cursor_take(&cursor, layout->fixed_size[record.header->kind]);
	if (!record.fixed)
		return -EBADMSG;
	if (record.header->kind == WIRE_MORE)
		r = decode_more(&cursor, &record);
	while (r == 0 && cursor.rest > 0)
		r = decode_part(&cursor, &record);
	if (r < 0)
		return r;
	*ret = record;
	return 0;
}

bool record_numbered(unsigned int kind)
{
	return kind > WIRE_NONE && kind < WIRE_IMAGE;
}

struct bytes record_bytes(const struct record *record, enum wire_part_type type)
{
	const struct record_part *part = &record->parts[type];

	if (!part->data || (part->flags & WIRE_PART_UNREADABLE))
		return (struct bytes){ 0 };
	return (struct bytes){ .data = part->data, .size = part->size };
}
