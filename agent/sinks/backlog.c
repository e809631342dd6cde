/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/backlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Each line has its length before it, in no particular alignment. */
struct backlog_block {
	struct backlog_block *next; /* owned */
	size_t read;		    /* bytes that have been dropped */
	size_t size;		    /* bytes in use */
	size_t capacity;
	char data[];
};

size_t backlog_used(const struct backlog *backlog)
{
	return (size_t)(backlog->bytes + backlog->lines * sizeof(size_t));
}

size_t backlog_used_with(const struct backlog *backlog, size_t size)
{
	return backlog_used(backlog) + sizeof(size_t) + size;
}

/* A block behind the last. */
static int backlog_grow(struct backlog *backlog, size_t room)
{
	size_t capacity = BACKLOG_BLOCK_SIZE - sizeof(struct backlog_block);
	struct backlog_block *block;

	if (capacity < room)
		capacity = room;
	block = malloc(sizeof(*block) + capacity);
	if (!block)
		return -ENOMEM;
	*block = (struct backlog_block){ .capacity = capacity };
	if (backlog->last)
		backlog->last->next = block;
	else
		backlog->first = block;
	backlog->last = block;
	return 0;
}

int backlog_push(struct backlog *backlog, const char *line, size_t size)
{
	struct backlog_block *block = backlog->last;
	size_t room = sizeof(size) + size;
	int r;

	if (!block || block->capacity - block->size < room) {
		r = backlog_grow(backlog, room);
		if (r < 0)
			return r;
		block = backlog->last;
	}
	memcpy(block->data + block->size, &size, sizeof(size));
	memcpy(block->data + block->size + sizeof(size), line, size);
	block->size += room;
	backlog->lines++;
	backlog->bytes += size;
	return 0;
}

struct bytes backlog_peek(const struct backlog *backlog)
{
	const struct backlog_block *block = backlog->first;
	struct bytes line = { 0 };

	if (!block)
		return line;
	memcpy(&line.size, block->data + block->read, sizeof(line.size));
	line.data = block->data + block->read + sizeof(line.size);
	return line;
}

static void backlog_drop_block(struct backlog *backlog)
{
	struct backlog_block *block = backlog->first;

	backlog->first = block->next;
	if (!backlog->first)
		backlog->last = NULL;
	free(block);
}

void backlog_pop(struct backlog *backlog)
{
	size_t size = backlog_peek(backlog).size;

	backlog->first->read += sizeof(size) + size;
	backlog->lines--;
	backlog->bytes -= size;
	if (backlog->first->read == backlog->first->size)
		backlog_drop_block(backlog);
}

void backlog_free(struct backlog *backlog)
{
	while (backlog->first)
		backlog_drop_block(backlog);
	*backlog = (struct backlog){ 0 };
}
