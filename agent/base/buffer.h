/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that grow on demand, up to a limit. Filled in by buffer_append, or, where every nanosecond
 * counts, by buffer_reserve and writing at data + size.
 *
 * Invariant: size <= capacity <= limit, and data is NULL only when capacity is 0.
 */
#ifndef SESHAT_BASE_BUFFER_H
#define SESHAT_BASE_BUFFER_H

#include <stddef.h>

struct buffer {
	char *data;  /* owned */
	size_t size; /* bytes in use */
	size_t capacity;
	size_t limit; /* never more than that */
};

/* An empty buffer, with nothing allocated. */
#define BUFFER_INIT(limit_) ((struct buffer){ .limit = (limit_) })

/*
 * Makes the capacity larger; buffer_reserve calls it. Returns 0, -ENOMEM, or -EMSGSIZE above the
 * limit.
 */
int buffer_grow(struct buffer *buffer, size_t room);

/*
 * Room for so many more bytes after buffer->size. Returns 0, -ENOMEM, or -EMSGSIZE above the limit.
 */
static inline int buffer_reserve(struct buffer *buffer, size_t room)
{
	if (__builtin_expect(buffer->capacity - buffer->size >= room, 1))
		return 0;
	return buffer_grow(buffer, room);
}

/* Appends a copy. On error (see buffer_reserve) the buffer is as it was. */
int buffer_append(struct buffer *buffer, const void *data, size_t size);

/* Drops the first so many bytes, at most all of them. */
void buffer_consume(struct buffer *buffer, size_t size);

/* Empties it; a capacity above keep bytes is given back to the system. */
void buffer_clear(struct buffer *buffer, size_t keep);

/* Frees the bytes; the buffer is empty and may be used again. */
void buffer_free(struct buffer *buffer);

#endif
