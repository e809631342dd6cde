/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A borrowed run of bytes, without a final NUL.
 */
#ifndef SESHAT_BASE_BYTES_H
#define SESHAT_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct bytes {
	const char *data; /* NULL: none at all, which is not the same as an empty run */
	size_t size;
};

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The bytes of a string; none for NULL. */
static inline struct bytes bytes_of(const char *string)
{
	return (struct bytes){ .data = string, .size = string ? strlen(string) : 0 };
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
