/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	BUFFER_FIRST_SIZE = 1024, /* of the first allocation */
};

int buffer_grow(struct buffer *buffer, size_t room)
{
	size_t capacity;
	char *data;

	if (room > buffer->limit || buffer->size > buffer->limit - room)
		return -EMSGSIZE;
	capacity = buffer->capacity > buffer->limit / 2 ? buffer->limit : buffer->capacity * 2;
	if (capacity < BUFFER_FIRST_SIZE && BUFFER_FIRST_SIZE <= buffer->limit)
		capacity = BUFFER_FIRST_SIZE;
	if (capacity < buffer->size + room)
		capacity = buffer->size + room;
	data = realloc(buffer->data, capacity);
	if (!data)
		return -ENOMEM;
	buffer->data = data;
	buffer->capacity = capacity;
	return 0;
}

int buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	int r = buffer_reserve(buffer, size);

	if (r < 0)
		return r;
	if (size > 0)
		memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
	return 0;
}

void buffer_consume(struct buffer *buffer, size_t size)
{
	if (size >= buffer->size) {
		buffer->size = 0;
		return;
	}
	buffer->size -= size;
	memmove(buffer->data, buffer->data + size, buffer->size);
}

void buffer_clear(struct buffer *buffer, size_t keep)
{
	if (buffer->capacity > keep)
		buffer_free(buffer);
	buffer->size = 0;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = BUFFER_INIT(buffer->limit);
}
